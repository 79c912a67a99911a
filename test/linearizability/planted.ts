import type { Random } from '../simulation/random.js';
import type { Model } from './model.js';
import { type AccountInput, type AccountOutput, type AccountState, account } from './models/account.js';
import { type AppendInput, type AppendOutput, appendOnly } from './models/append.js';
import { type CounterInput, counter } from './models/counter.js';
import type { ObservedList } from './models/observed-lists.js';
import { type RegisterInput, type RegisterOutput, register } from './models/register.js';
import type { Operation } from './operation.js';
import type { Apply } from './simulated-object.js';

/** Operations one after the other; without an output it failed before it was sent, 'unknown' when nobody knows. */
export type Sequence<I, O> = readonly { readonly input: I; readonly gave?: O | 'unknown' }[];

export type Violation =
  | 'stale read'
  | 'lost write'
  | 'double apply'
  | 'write after fence'
  | 'read of a failed write';

/** A model, an object that obeys it, and what an object that breaks it would do. */
export interface Subject<I, O, S> {
  readonly model: Model<I, O, S>;
  readonly object: () => Apply<I, O>;
  readonly input: (random: Random, number: number) => I;
  /** `read` looks at the object, which is then changed by nobody else. */
  readonly violations: (apply: Apply<I, O>) => Readonly<Record<Violation, Sequence<I, O>>>;
}

const registers: Subject<RegisterInput, RegisterOutput, RegisterOutput> = {
  model: register,
  object() {
    let value: RegisterOutput = null;
    return (input) => {
      const before = value;
      if (input.kind !== 'read') value = input.value;
      return input.kind === 'write' ? null : before;
    };
  },
  input: (random, number) =>
    random.chance(0.5) ? { kind: 'read' } : { kind: random.pick(['write', 'swap']), value: `v${number}` },
  violations() {
    const write = (value: string) => ({ input: { kind: 'write', value }, gave: null }) as const;
    const read = (gave: string) => ({ input: { kind: 'read' }, gave }) as const;
    return {
      'stale read': [write('x'), write('y'), read('x')],
      'lost write': [write('x'), read('x'), write('y'), read('x')],
      'double apply': [{ ...write('x'), gave: 'unknown' }, read('x'), write('y'), read('y'), read('x')],
      'write after fence': [
        write('new'),
        write('of the old owner'),
        write('new too'),
        { input: { kind: 'swap', value: 'z' }, gave: 'new' },
      ],
      'read of a failed write': [{ input: write('x').input }, write('y'), read('x')],
    };
  },
};

const lists: Subject<AppendInput, AppendOutput, ObservedList> = {
  model: appendOnly,
  object() {
    let list: readonly string[] = [];
    return (input) => {
      if (input.kind === 'append') list = [...list, input.element];
      return list;
    };
  },
  input: (random, number) =>
    random.chance(0.3) ? { kind: 'read' } : { kind: 'append', element: `e${number}` },
  violations(apply) {
    const list = apply({ kind: 'read' });
    const append = (element: string, gave: AppendOutput) =>
      ({ input: { kind: 'append', element }, gave }) as const;
    const read = (...more: string[]) => ({ input: { kind: 'read' }, gave: [...list, ...more] }) as const;
    return {
      'stale read': [append('x', [...list, 'x']), read()],
      'lost write': [append('x', [...list, 'x']), append('y', [...list, 'y'])],
      'double apply': [append('x', [...list, 'x']), read('x', 'x')],
      'write after fence': [append('x', [...list, 'x']), append('old', [...list, 'old']), read('x')],
      'read of a failed write': [{ input: { kind: 'append', element: 'x' } }, read('x')],
    };
  },
};

/** More than all others together. */
const MUCH = 1_000_000;

const counters: Subject<CounterInput, number, number> = {
  model: counter,
  object() {
    let value = 0;
    return (input) => {
      if (input.kind === 'add') value += input.amount;
      return value;
    };
  },
  input: (random) => (random.chance(0.4) ? { kind: 'read' } : { kind: 'add', amount: random.whole(1, 4) }),
  violations(apply) {
    const value = apply({ kind: 'read' });
    const add = { kind: 'add', amount: MUCH } as const;
    const read = (times: number) => ({ input: { kind: 'read' }, gave: value + times * MUCH }) as const;
    return {
      'stale read': [{ input: add, gave: value + MUCH }, read(0)],
      'lost write': [
        { input: add, gave: value + MUCH },
        { input: add, gave: value + MUCH },
      ],
      'double apply': [{ input: add, gave: 'unknown' }, read(2)],
      'write after fence': [{ input: add, gave: value + MUCH }, { input: add, gave: value + MUCH }, read(1)],
      'read of a failed write': [{ input: add }, read(1)],
    };
  },
};

const BALANCE = 100;

const accounts: Subject<AccountInput, AccountOutput, AccountState> = {
  model: account(BALANCE),
  object() {
    let balance = BALANCE;
    let applied: readonly string[] = [];
    return (input) => {
      if (input.kind === 'read' || applied.includes(input.id)) return { accepted: true, balance, applied };
      if (balance + input.amount < 0) return { accepted: false, balance, applied };
      balance += input.amount;
      applied = [...applied, input.id];
      return { accepted: true, balance, applied };
    };
  },
  // Ids come twice, as they do when a client tries again.
  input: (random, number) =>
    random.chance(0.3)
      ? { kind: 'read' }
      : { kind: 'apply', id: `t${number >> 1}`, amount: ((number >> 1) % 60) - 30 },
  violations(apply) {
    const { balance, applied } = apply({ kind: 'read' });
    const after = (...ids: string[]) => ({
      accepted: true,
      balance: balance + ids.length,
      applied: [...applied, ...ids],
    });
    const pay = (id: string) => ({ kind: 'apply', id, amount: 1 }) as const;
    const read = (...ids: string[]) => ({ input: { kind: 'read' }, gave: after(...ids) }) as const;
    return {
      'stale read': [{ input: pay('x'), gave: after('x') }, read()],
      'lost write': [
        { input: pay('x'), gave: after('x') },
        { input: pay('y'), gave: after('y') },
      ],
      'double apply': [
        { input: pay('x'), gave: after('x') },
        { input: pay('x'), gave: { ...after('x', 'x'), applied: after('x').applied } },
      ],
      'write after fence': [
        { input: pay('x'), gave: after('x') },
        { input: pay('y'), gave: after('y') },
        read('x'),
      ],
      'read of a failed write': [{ input: pay('x') }, read('x')],
    };
  },
};

/** What is done with a subject, whatever its types are. */
export type WithSubject<R> = <I, O, S>(subject: Subject<I, O, S>) => R;

export const SUBJECTS: readonly (<R>(use: WithSubject<R>) => R)[] = [
  (use) => use(registers),
  (use) => use(lists),
  (use) => use(counters),
  (use) => use(accounts),
];

/** One after the other, a ms each. */
export function inSequence<I, O>(sequence: Sequence<I, O>, from: number): readonly Operation<I, O>[] {
  return sequence.map(({ input, gave }, index) => {
    const invokedAt = from + index + 0.1;
    const at = from + index + 0.9;
    const common = { client: 'planted', key: 'k', input, invokedAt };
    if (gave === undefined) return { ...common, outcome: { kind: 'failed', at, code: 'UNAVAILABLE' } };
    if (gave === 'unknown') return { ...common, outcome: { kind: 'unknown', at, code: 'UNKNOWN_OUTCOME' } };
    return { ...common, outcome: { kind: 'ok', at, output: gave } };
  });
}
