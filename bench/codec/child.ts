import { deepStrictEqual } from 'node:assert';
import { payloads } from './messages.js';
import { CASES, type Case, type Codec, SYSTEMS } from './systems.js';

/** Asks a child for one measurement. */
export interface Order {
  readonly of: Case;
  /** Roughly how long to measure, ms. */
  readonly ms: number;
}

/** ns of CPU time for a round trip, of all threads: collecting garbage counts, what else the machine does hardly. */
export interface Measurement {
  readonly ns: number;
  readonly bytes: number;
}

const BATCH = 64;

/** One system in a process of its own: what it makes of the engine's caches is its own. */
async function main(system: string, generated: string): Promise<void> {
  const open = SYSTEMS[system];
  if (open === undefined) throw new Error(`no system ${system}`);
  const values = payloads();
  const codecs = new Map<Case, Codec>();
  for (const of of CASES) {
    const codec = await open(of, generated);
    // Some give instances of classes of their own, with defaults: compared as JSON.
    const arrived = codec.roundTrip(values[of]);
    deepStrictEqual(stripped(arrived), stripped(values[of]));
    codecs.set(of, codec);
  }
  process.on('message', ({ of, ms }: Order) => {
    const codec = codecs.get(of);
    if (codec !== undefined) process.send?.(measure(codec, values[of], ms));
  });
  process.send?.('ready');
}

function measure(codec: Codec, value: unknown, ms: number): Measurement {
  const before = process.cpuUsage();
  const end = performance.now() + ms;
  let last: unknown;
  let count = 0;
  do {
    for (let i = 0; i < BATCH; i++) last = codec.roundTrip(value);
    count += BATCH;
  } while (performance.now() < end);
  const { user, system } = process.cpuUsage(before);
  if (last === undefined) throw new Error('nothing came back');
  return { ns: ((user + system) * 1000) / count, bytes: codec.bytes(value) };
}

function stripped(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, part: unknown) => (key === '$typeName' ? undefined : part)),
  ) as unknown;
}

const [, , system, generated] = process.argv;
if (system !== undefined && generated !== undefined) await main(system, generated);
