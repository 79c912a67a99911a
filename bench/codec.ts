import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Measurement, Order } from './codec/child.js';
import { writeGeneratedCodecs } from './codec/generated.js';
import { CASES, type Case, SYSTEMS } from './codec/systems.js';
import { type Bench, median, resultLine, rounded } from './report.js';

const CHILD = fileURLToPath(new URL('./codec/child.ts', import.meta.url));
const OURS = 'weaverd';

/** Encoding and decoding of four messages, as the product generates it, beside what a user would pick instead. */
export const codec: Bench = {
  name: 'codec',
  summary:
    'encode and decode four messages: generated codecs against JSON, msgpackr, protobuf and Avro libraries',
  async *run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), 'wb-'));
    const children = new Map<string, ChildProcess>();
    try {
      const generated = join(folder, 'generated.mjs');
      await writeGeneratedCodecs(generated);
      for (const system of Object.keys(SYSTEMS)) children.set(system, await startChild(system, generated));
      const rounds = quick ? 9 : 25;
      const ms = quick ? 50 : 200;
      const medians = new Map<Case, ReadonlyMap<string, number>>();
      for (const of of CASES) {
        const measured = await measureCase(children, { of, ms }, rounds);
        const ofCase = new Map<string, number>();
        for (const [system, all] of measured) {
          const where = { bench: 'codec', case: of, system };
          const times = all.map(({ ns }) => ns);
          ofCase.set(system, median(times));
          yield resultLine({ ...where, unit: 'ns' }, times);
          yield resultLine(
            { ...where, unit: 'bytes' },
            all.slice(0, 1).map(({ bytes }) => bytes),
          );
        }
        medians.set(of, ofCase);
      }
      return ratios(medians);
    } finally {
      for (const child of children.values()) child.kill();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function startChild(system: string, generated: string): Promise<ChildProcess> {
  const child = fork(CHILD, [system, generated], { execArgv: ['--import', 'tsx'] });
  await answer(child);
  return child;
}

/** Every system once in each round, after a round that only warms up. */
async function measureCase(
  children: ReadonlyMap<string, ChildProcess>,
  order: Order,
  rounds: number,
): Promise<ReadonlyMap<string, Measurement[]>> {
  const measured = new Map<string, Measurement[]>([...children.keys()].map((system) => [system, []]));
  for (const child of children.values()) await ask(child, { ...order, ms: order.ms * 5 });
  for (let round = 0; round < rounds; round++) {
    for (const [system, child] of children) measured.get(system)?.push(await ask(child, order));
  }
  return measured;
}

async function ask(child: ChildProcess, order: Order): Promise<Measurement> {
  const answered = answer(child);
  child.send(order);
  return (await answered) as Measurement;
}

async function answer(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`a child of the bench ended with ${code}`);
  });
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [unknown];
    return message;
  } finally {
    over.abort();
    ended.catch(() => undefined); // it was waited for no longer
  }
}

function ratios(medians: ReadonlyMap<Case, ReadonlyMap<string, number>>): Readonly<Record<string, number>> {
  const times = (of: Case, isMeant: (system: string) => boolean): number[] =>
    [...(medians.get(of) ?? [])].flatMap(([system, ns]) => (isMeant(system) ? [ns] : []));
  const against = (of: Case, isMeant: (system: string) => boolean): number => {
    const [ours] = times(of, (system) => system === OURS);
    return rounded(Math.min(...times(of, isMeant)) / (ours ?? Number.NaN));
  };
  const isJson = (system: string): boolean => system === 'JSON';
  const isPeer = (system: string): boolean => system !== OURS;
  return {
    ...Object.fromEntries(CASES.map((of) => [`codec.${of}.vs_json`, against(of, isJson)])),
    'codec.product.vs_best_peer': against('product', isPeer),
    'codec.list.vs_best_peer': against('list', isPeer),
  };
}
