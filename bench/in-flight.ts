import type { Load } from './load.js';
import type { Measurement } from './measurement.js';
import { checkAnswer } from './operation.js';
import type { Call } from './peers/peer.js';

/** Keeps so many calls in flight until the measurement is over. Rejects at the first failure, unless they are counted. */
export async function keepInFlight(
  call: Call,
  { operation, inFlight, failures }: Load & { kind: 'closed' },
  measurement: Measurement,
): Promise<void> {
  checkAnswer(operation, await once(call));
  const worker =
    failures === 'counted' ? countingWorker : call.kind === 'promise' ? promiseWorker : callbackWorker;
  try {
    await Promise.all(Array.from({ length: inFlight }, () => worker(call as never, measurement)));
  } finally {
    measurement.over = true;
  }
}

export function once(call: Call): Promise<unknown> {
  if (call.kind === 'promise') return call.call();
  return new Promise((resolve, reject) => {
    call.call((failure, answer) => {
      if (failure === null || failure === undefined) resolve(answer);
      else reject(failure);
    });
  });
}

async function promiseWorker({ call }: Call & { kind: 'promise' }, measurement: Measurement): Promise<void> {
  while (!measurement.over) {
    const begun = measurement.begin();
    await call();
    measurement.success(begun);
  }
}

async function countingWorker(call: Call, measurement: Measurement): Promise<void> {
  while (!measurement.over) {
    const begun = measurement.begin();
    try {
      await once(call);
      measurement.success(begun);
    } catch (reason) {
      measurement.failure(reason);
    }
  }
}

function callbackWorker({ call }: Call & { kind: 'callback' }, measurement: Measurement): Promise<void> {
  return new Promise((resolve, reject) => {
    let begun = 0;
    const done = (failure: unknown) => {
      if (failure !== null && failure !== undefined) {
        reject(failure);
        return;
      }
      measurement.success(begun);
      next();
    };
    const next = () => {
      if (measurement.over) {
        resolve();
        return;
      }
      begun = measurement.begin();
      call(done);
    };
    next();
  });
}
