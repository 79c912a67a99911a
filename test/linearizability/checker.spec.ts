import { expect } from 'chai';
import fc from 'fast-check';
import type { Random } from '../simulation/random.js';
import { isLinearizableByDefinition } from './brute-force.js';
import { check } from './checker.js';
import type { Model } from './model.js';
import { account } from './models/account.js';
import { type AppendInput, appendOnly } from './models/append.js';
import { type CounterInput, counter } from './models/counter.js';
import { type RegisterInput, type RegisterOutput, register } from './models/register.js';
import type { Operation, Outcome } from './operation.js';
import { simulateClients } from './simulated-object.js';

const time = fc.integer({ min: 0, max: 12 });
const value = fc.constantFrom('a', 'b', 'c');

/** Of few values at few times, so that about as many are linearizable as are not. */
function histories<I, O>(
  input: fc.Arbitrary<I>,
  output: fc.Arbitrary<O>,
): fc.Arbitrary<readonly Operation<I, O>[]> {
  const outcome = (at: number) =>
    fc.oneof(
      { weight: 5, arbitrary: output.map((given): Outcome<O> => ({ kind: 'ok', at, output: given })) },
      { weight: 1, arbitrary: fc.constant<Outcome<O>>({ kind: 'failed', at, code: 'F' }) },
      { weight: 2, arbitrary: fc.constant<Outcome<O>>({ kind: 'unknown', at, code: 'U' }) },
    );
  const operation = fc.tuple(time, time, input).chain(([a, b, given]) =>
    outcome(Math.max(a, b)).map(
      (came): Operation<I, O> => ({
        client: 'c',
        key: 'k',
        input: given,
        invokedAt: Math.min(a, b),
        outcome: came,
      }),
    ),
  );
  return fc.array(operation, { maxLength: 6 });
}

function agreesWithDefinition<I, O, S>(
  model: Model<I, O, S>,
  some: fc.Arbitrary<readonly Operation<I, O>[]>,
): void {
  let linearizable = 0;
  let violations = 0;
  fc.assert(
    fc.property(some, (operations) => {
      const expected = isLinearizableByDefinition(model, operations);
      if (expected) linearizable++;
      else violations++;
      return (check(model, operations).kind === 'linearizable') === expected;
    }),
    { numRuns: 3000 },
  );
  expect(Math.min(linearizable, violations), 'both occur').to.be.above(100);
}

const registerInput: fc.Arbitrary<RegisterInput> = fc.oneof(
  fc.constant({ kind: 'read' } as const),
  value.map((written) => ({ kind: 'write', value: written }) as const),
  value.map((written) => ({ kind: 'swap', value: written }) as const),
);

describe('linearizability checker', () => {
  it('agrees with the definition on small histories of a register', () => {
    const output: fc.Arbitrary<RegisterOutput> = fc.option(value, { nil: null });
    agreesWithDefinition(register, histories(registerInput, output));
  });

  it('agrees with the definition on small histories of a counter', () => {
    const input: fc.Arbitrary<CounterInput> = fc.oneof(
      fc.constant({ kind: 'read' } as const),
      fc.integer({ min: 1, max: 2 }).map((amount) => ({ kind: 'add', amount }) as const),
    );
    agreesWithDefinition(counter, histories(input, fc.integer({ min: 0, max: 4 })));
  });

  it('agrees with the definition on small histories of a list', () => {
    const element = fc.constantFrom('a', 'b');
    const input = fc.oneof(
      fc.constant({ kind: 'read' } as const),
      element.map((appended) => ({ kind: 'append', element: appended }) as const),
    );
    agreesWithDefinition(appendOnly, histories(input, fc.array(element, { maxLength: 2 })));
  });

  it('agrees with the definition on small histories of an account', () => {
    const input = fc.oneof(
      fc.constant({ kind: 'read' } as const),
      fc
        .constantFrom('t1', 't2')
        .map((id) => ({ kind: 'apply', id, amount: id === 't1' ? -1 : -2 }) as const),
    );
    const output = fc
      .record({ accepted: fc.boolean(), applied: fc.subarray(['t1', 't2']), isReversed: fc.boolean() })
      .map(({ accepted, applied, isReversed }) => ({
        accepted,
        balance: 2 - (applied.includes('t1') ? 1 : 0) - (applied.includes('t2') ? 2 : 0),
        applied: isReversed ? applied.toReversed() : applied,
      }));
    agreesWithDefinition(account(2), histories(input, output));
  });

  it('lets an operation of unknown outcome take effect long after its client gave up', () => {
    const write = { client: 'a', key: 'k', input: { kind: 'write', value: 'late' }, invokedAt: 0 } as const;
    const read = (at: number, output: string | null) =>
      ({
        client: 'b',
        key: 'k',
        input: { kind: 'read' },
        invokedAt: at,
        outcome: { kind: 'ok', at: at + 1, output },
      }) as const;
    const unknown = { ...write, outcome: { kind: 'unknown', at: 1, code: 'U' } } as const;
    expect(check(register, [unknown, read(5, null), read(10, 'late')]).kind).to.equal('linearizable');
    expect(check(register, [unknown, read(5, 'late'), read(10, null)]).kind).to.equal('violation');
    const failed = { ...write, outcome: { kind: 'failed', at: 1, code: 'F' } } as const;
    expect(check(register, [failed, read(10, 'late')]).kind).to.equal('violation');
  });

  it('is done with 5000 operations of 12 clients, and remembers little more than one configuration for each', () => {
    let list: readonly string[] = [];
    const apply = (input: AppendInput) => {
      if (input.kind === 'append') list = [...list, input.element];
      return list;
    };
    const input = (random: Random, number: number): AppendInput =>
      random.chance(0.7) ? { kind: 'read' } : { kind: 'append', element: `e${number}` };
    const { operations } = simulateClients(1, 0, { apply, input }, { clients: 12, operationsEach: 420 });
    const verdict = check(appendOnly, operations);
    expect(verdict.kind).to.equal('linearizable');
    expect(verdict.configurations).to.be.below(2 * operations.length);
  });

  it('says that it has not decided when the limit comes first', () => {
    const adds = Array.from({ length: 24 }, (_, index) => ({
      client: `c${index}`,
      key: 'k',
      input: { kind: 'add', amount: 2 ** index } as const,
      invokedAt: 0,
      outcome: { kind: 'unknown', at: 1, code: 'U' } as const,
    }));
    const read = {
      client: 'r',
      key: 'k',
      input: { kind: 'read' } as const,
      invokedAt: 2,
      outcome: { kind: 'ok', at: 3, output: 0.5 } as const,
    };
    expect(check(counter, [...adds, read], { maxConfigurations: 1000 })).to.deep.equal({
      kind: 'undecided',
      configurations: 1000,
    });
  });
});
