import type { FinalAccount, Transfer } from '../linearizability/conservation.js';
import type { AccountInput, AccountOutput } from '../linearizability/models/account.js';
import type { AppendInput, AppendOutput } from '../linearizability/models/append.js';
import type { RegisterInput, RegisterOutput } from '../linearizability/models/register.js';
import type { Operation } from '../linearizability/operation.js';

/** All that clients of a ledger did and saw. */
export interface LedgerHistory {
  readonly accounts: readonly Operation<AccountInput, AccountOutput>[];
  readonly lists: readonly Operation<AppendInput, AppendOutput>[];
  readonly registers: readonly Operation<RegisterInput, RegisterOutput>[];
  /** Each of them is decided. */
  readonly transfers: readonly Transfer[];
  /** When nobody writes any more. */
  readonly finalAccounts: readonly FinalAccount[];
}

export function allOperations(history: LedgerHistory): readonly Operation<unknown, unknown>[] {
  return [...history.accounts, ...history.lists, ...history.registers];
}
