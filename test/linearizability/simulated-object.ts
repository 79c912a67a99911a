import { Random } from '../simulation/random.js';
import type { Operation } from './operation.js';

/** A real object: changes itself and gives the output. */
export type Apply<I, O> = (input: I) => O;

export interface SimulatedLoad<I, O> {
  readonly apply: Apply<I, O>;
  /** `number` is another one each time. */
  readonly input: (random: Random, number: number) => I;
}

interface Planned<I> {
  readonly client: string;
  readonly input: I;
  readonly invokedAt: number;
  readonly endsAt: number;
  readonly fate: 'ok' | 'failed' | 'unknown';
  /** When it takes effect, if it does. */
  readonly effectAt: number | undefined;
}

/**
 * Clients that each make one operation after the other on a linearizable object, with random overlaps. Some fail before
 * they are sent; of some the outcome stays unknown, and those take effect before the client gives up, later, or never.
 * All have ended by the second value, which is a time after which nothing takes effect.
 */
export function simulateClients<I, O>(
  seed: number,
  from: number,
  { apply, input }: SimulatedLoad<I, O>,
  { clients, operationsEach }: { readonly clients: number; readonly operationsEach: number },
): { readonly operations: readonly Operation<I, O>[]; readonly end: number } {
  const random = new Random(seed);
  const planned: Planned<I>[] = [];
  for (let client = 0; client < clients; client++) {
    let now = from + random.next();
    for (let i = 0; i < operationsEach; i++) {
      const invokedAt = now + random.next();
      const endsAt = invokedAt + random.next() * (random.chance(0.1) ? 20 : 2);
      const fate = random.chance(0.15) ? 'unknown' : random.chance(0.1) ? 'failed' : 'ok';
      const late = fate === 'unknown' && random.chance(0.5) ? 10 : 0;
      const takesEffect = fate === 'ok' || (fate === 'unknown' && random.chance(0.6));
      const effectAt = takesEffect ? random.between(invokedAt, endsAt + late) : undefined;
      const number = client * operationsEach + i;
      planned.push({ client: `c${client}`, input: input(random, number), invokedAt, endsAt, fate, effectAt });
      now = endsAt;
    }
  }
  const outputs = new Map<Planned<I>, O>();
  const effective = planned.filter(({ effectAt }) => effectAt !== undefined);
  for (const each of effective.sort((a, b) => (a.effectAt ?? 0) - (b.effectAt ?? 0)))
    outputs.set(each, apply(each.input));
  const end = Math.max(from, ...planned.map(({ endsAt, effectAt = 0 }) => Math.max(endsAt, effectAt)));
  return { operations: planned.map((each) => recorded(each, outputs.get(each))), end };
}

function recorded<I, O>(
  { client, input, invokedAt, endsAt, fate }: Planned<I>,
  output: O | undefined,
): Operation<I, O> {
  const common = { client, key: 'k', input, invokedAt };
  if (fate === 'ok' && output !== undefined)
    return { ...common, outcome: { kind: 'ok', at: endsAt, output } };
  if (fate === 'failed') return { ...common, outcome: { kind: 'failed', at: endsAt, code: 'UNAVAILABLE' } };
  return { ...common, outcome: { kind: 'unknown', at: endsAt, code: 'UNKNOWN_OUTCOME' } };
}
