import { checkByKey, describeProblems } from '../linearizability/check-history.js';
import { conservationProblems } from '../linearizability/conservation.js';
import { account } from '../linearizability/models/account.js';
import { appendOnly } from '../linearizability/models/append.js';
import { register } from '../linearizability/models/register.js';
import { allOperations, type LedgerHistory } from './ledger-history.js';
import { longestUnavailability } from './unavailability.js';

/** As in test/fixtures/ledger. */
const INITIAL_BALANCE = 100;

export interface RoundReport {
  readonly round: string;
  readonly seed: number;
  /** In their order. */
  readonly faults: readonly string[];
  readonly operations: number;
  readonly transfers: number;
  readonly keys: number;
  /** Certainly not executed, by code. */
  readonly failed: Readonly<Record<string, number>>;
  /** Of unknown outcome, by code. */
  readonly unknown: Readonly<Record<string, number>>;
  readonly longestUnavailabilityMs: Readonly<Record<string, number>>;
  /** What is wrong, in words; empty when nothing is. */
  readonly problems: readonly string[];
}

export function reportOf(
  { round, seed, faults }: Pick<RoundReport, 'round' | 'seed' | 'faults'>,
  history: LedgerHistory,
): RoundReport {
  const operations = allOperations(history);
  const outcomes = operations.map(({ outcome }) => outcome);
  const accounts = checkByKey(account(INITIAL_BALANCE), history.accounts);
  const lists = checkByKey(appendOnly, history.lists);
  const registers = checkByKey(register, history.registers);
  const problems = [
    describeProblems('account', accounts),
    describeProblems('list', lists),
    describeProblems('register', registers),
    ...conservationProblems(INITIAL_BALANCE, history.finalAccounts, history.transfers),
  ];
  return {
    round,
    seed,
    faults,
    operations: operations.length,
    transfers: history.transfers.length,
    keys: accounts.length + lists.length + registers.length,
    failed: countByCode(outcomes.filter(({ kind }) => kind === 'failed')),
    unknown: countByCode(outcomes.filter(({ kind }) => kind === 'unknown')),
    longestUnavailabilityMs: longestUnavailability(operations),
    problems: problems.filter((problem) => problem !== ''),
  };
}

/** Two lines: for people, and as JSON. */
export function describeReport(report: RoundReport): string {
  const { round, seed, faults, operations, keys, failed, unknown, longestUnavailabilityMs, problems } =
    report;
  const codes = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ') || 'none';
  const longest = Math.max(0, ...Object.values(longestUnavailabilityMs));
  const words = [
    `chaos-state: ${round}, seed ${seed}: ${faults.join(', ')}`,
    `${operations} operations on ${keys} keys`,
    `failed: ${codes(failed)}`,
    `of unknown outcome: ${codes(unknown)}`,
    `longest unavailability of a key ${longest} ms`,
    `${problems.length} violations`,
  ];
  return `${words.join('; ')}\n${JSON.stringify({ 'chaos-state': report })}`;
}

function countByCode(outcomes: readonly { readonly kind: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    const code = 'code' in outcome ? String(outcome.code) : outcome.kind;
    counts[code] = (counts[code] ?? 0) + 1;
  }
  return counts;
}
