import { setImmediate, setTimeout } from 'node:timers/promises';
import { once } from './in-flight.js';
import type { Measurement } from './measurement.js';
import type { Call } from './peers/peer.js';

/** When it is behind, answers get their turn all the same. */
const MAX_TURN_MS = 2;

/**
 * Begins calls at a steady rate, whether or not earlier ones are answered, until the measurement is over. A call is timed from
 * when it was due. Resolves when the last is answered.
 */
export async function callAtRate(
  call: Call,
  callsPerSecond: number,
  measurement: Measurement,
): Promise<void> {
  const begunAt = performance.now();
  let begun = 0;
  let underWay = 0;
  const attempt = async (dueAt: number) => {
    underWay++;
    try {
      await once(call);
      measurement.success(dueAt);
    } catch (reason) {
      measurement.failure(reason);
    }
    underWay--;
  };
  while (!measurement.over) {
    const due = Math.floor(((performance.now() - begunAt) / 1000) * callsPerSecond);
    const turnEnds = performance.now() + MAX_TURN_MS;
    while (begun < due && performance.now() < turnEnds) {
      void attempt(begunAt + (begun * 1000) / callsPerSecond);
      begun++;
    }
    await (begun < due ? setImmediate() : setTimeout(1));
  }
  while (underWay > 0) await setTimeout(5);
}
