import { expect } from 'chai';
import fc from 'fast-check';
import type { Random } from '../simulation/random.js';
import { checkByKey, describeProblems } from './check-history.js';
import { check } from './checker.js';
import { conservationProblems } from './conservation.js';
import { minimalViolation } from './minimal.js';
import { register } from './models/register.js';
import { inSequence, SUBJECTS, type Subject, type Violation } from './planted.js';
import { simulateClients } from './simulated-object.js';

const VIOLATIONS: readonly Violation[] = [
  'stale read',
  'lost write',
  'double apply',
  'write after fence',
  'read of a failed write',
];
const SEEDS = fc.integer({ min: 0, max: 2 ** 31 });
const LOAD = { clients: 5, operationsEach: 20 };

/** What clients saw before and after; between, one after the other, what `violation` names; without it, a valid history. */
function historyOf<I, O, S>(subject: Subject<I, O, S>, seed: number, violation?: Violation) {
  const apply = subject.object();
  const offset = LOAD.clients * LOAD.operationsEach;
  const before = simulateClients(seed, 0, { apply, input: subject.input }, LOAD);
  const planted = violation === undefined ? [] : inSequence(subject.violations(apply)[violation], before.end);
  const input = (random: Random, number: number) => subject.input(random, number + offset);
  const after = simulateClients(seed + 1, before.end + planted.length, { apply, input }, LOAD);
  return { planted, all: [...before.operations, ...planted, ...after.operations] };
}

describe('histories', () => {
  for (const withSubject of SUBJECTS)
    withSubject((subject) => {
      const { name } = subject.model;

      it(`${name}: what clients of a linearizable object see is accepted`, () => {
        fc.assert(
          fc.property(
            SEEDS,
            (seed) => check(subject.model, historyOf(subject, seed).all).kind === 'linearizable',
          ),
          { numRuns: 200 },
        );
      });

      for (const violation of VIOLATIONS)
        it(`${name}: a planted ${violation} is rejected, and is what is left`, () => {
          fc.assert(
            fc.property(SEEDS, (seed) => {
              const { planted, all } = historyOf(subject, seed, violation);
              if (check(subject.model, all).kind !== 'violation') return false;
              const left = minimalViolation(subject.model, all);
              return (
                check(subject.model, left).kind === 'violation' && left.some((each) => planted.includes(each))
              );
            }),
            { numRuns: 25 },
          );
        });
    });

  it('names the key and the few operations that are wrong', () => {
    const write = (key: string, value: string, from: number) =>
      ({
        client: 'w',
        key,
        input: { kind: 'write', value },
        invokedAt: from,
        outcome: { kind: 'ok', at: from + 1, output: null },
      }) as const;
    const read = (key: string, output: string, from: number) =>
      ({
        client: 'r',
        key,
        input: { kind: 'read' },
        invokedAt: from,
        outcome: { kind: 'ok', at: from + 1, output },
      }) as const;
    const verdicts = checkByKey(register, [
      write('good', 'a', 0),
      read('good', 'a', 2),
      write('bad', 'a', 0),
      read('bad', 'a', 2),
      write('bad', 'b', 4),
      read('bad', 'b', 6),
      read('bad', 'a', 8),
    ]);
    expect(describeProblems('register', verdicts)).to.match(
      /^register bad, 5 operations: violation after \d+ configurations; in short:\nw \[0\.000, 1\.000\] .*"a".*\nw \[4\.000, 5\.000\] .*"b".*\nr \[8\.000, 9\.000\] .*-> "a"$/,
    );
  });

  it('finds money that was made, lost, or is on its way for ever', () => {
    const transfer = (id: string, isAccepted: boolean) => ({ id, from: 'a', to: 'b', amount: 3, isAccepted });
    const at = (key: string, balance: number, ...applied: string[]) => ({ key, balance, applied });
    expect(
      conservationProblems(
        10,
        [at('a', 7, 't'), at('b', 13, 't')],
        [transfer('t', true), transfer('u', false)],
      ),
    ).to.deep.equal([]);
    expect(conservationProblems(10, [at('a', 7, 't'), at('b', 10)], [transfer('t', true)])).to.deep.equal([
      'the accounts together hold 17, not 20',
      'b holds 10, not 13',
      'b lacks t, which was accepted',
    ]);
    expect(
      conservationProblems(10, [at('a', 7, 't'), at('b', 13, 't')], [transfer('t', false)]),
    ).to.have.length(4);
    expect(
      conservationProblems(10, [at('a', 7, 't'), at('b', 13, 't', 't')], [transfer('t', true)]),
    ).to.deep.equal(['b has a transfer twice']);
  });
});
