import { keepInFlight } from './in-flight.js';
import type { Load, LoadReport } from './load.js';
import { Measurement } from './measurement.js';
import { callAtRate } from './open-loop.js';
import type { PeerClient } from './peers/peer.js';

/** What is in flight at the end of a load has this long to end: more than any deadline of a call. */
const ENDING_MS = 15_000;

/** Runs a load in this process. `serverPids`: the processes whose CPU time counts beside that of this one. */
export async function runLoad(
  client: PeerClient,
  load: Load,
  serverPids: readonly number[],
): Promise<LoadReport> {
  const measurement = new Measurement(
    [process.pid, ...serverPids],
    load.kind === 'closed' ? load.inFlight : 1,
  );
  const besides = new AbortController();
  const limitMs = load.warmUpMs + load.measuredMs + ENDING_MS;
  try {
    const beside = startBeside(client, load, besides.signal);
    const work = start(client, load, measurement).finally(() => besides.abort());
    const report = measurement.run(load.warmUpMs, load.measuredMs);
    await within(limitMs, Promise.all([report, work, beside]));
    return await report;
  } finally {
    measurement.over = true;
    besides.abort();
  }
}

async function startBeside(client: PeerClient, load: Load, signal: AbortSignal): Promise<void> {
  if (!('beside' in load) || load.beside === undefined) return;
  if (client.beside === undefined) throw new Error(`this peer has no ${load.beside}`);
  await client.beside[load.beside](signal);
}

async function start(client: PeerClient, load: Load, measurement: Measurement): Promise<void> {
  if (load.kind === 'stream') {
    if (client.stream === undefined) throw new Error('this peer does not stream');
    return client.stream(load.operation, (bytes) => {
      measurement.completed++;
      measurement.bytes += bytes;
      return !measurement.over;
    });
  }
  const call = client.call(load.operation);
  if (call === undefined) throw new Error(`this peer has no ${load.operation}`);
  return load.kind === 'closed'
    ? keepInFlight(call, load, measurement)
    : callAtRate(call, load.callsPerSecond, measurement);
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the load did not end within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
