import { monotonicNow } from '../cluster/support/history.js';
import type { AccountInput, AccountOutput } from '../linearizability/models/account.js';
import type { AppendInput, AppendOutput } from '../linearizability/models/append.js';
import type { RegisterInput, RegisterOutput } from '../linearizability/models/register.js';
import type { Operation, Outcome } from '../linearizability/operation.js';
import type { LedgerClient } from './ledger-client.js';

/** Makes operations of a ledger, and keeps what came of each. Times are `monotonicNow`, the same for all processes. */
export class Recorder {
  readonly accounts: Operation<AccountInput, AccountOutput>[] = [];
  readonly lists: Operation<AppendInput, AppendOutput>[] = [];
  readonly registers: Operation<RegisterInput, RegisterOutput>[] = [];
  /** By key: when the last operation that succeeded began. */
  readonly servedSince = new Map<string, number>();
  /** By key: why the last one that did not succeed failed. */
  readonly lastFailure = new Map<string, string>();

  account(client: LedgerClient, key: string, input: AccountInput): Promise<Outcome<AccountOutput>> {
    const { kind, ...rest } = input;
    const call = { method: kind === 'read' ? 'account' : kind, key, ...rest };
    return this.#make(this.accounts, client, key, input, call);
  }

  list(client: LedgerClient, key: string, input: AppendInput): Promise<Outcome<AppendOutput>> {
    const { kind, ...rest } = input;
    const call = { method: kind === 'read' ? 'list' : kind, key, ...rest };
    return this.#make(this.lists, client, key, input, call);
  }

  register(client: LedgerClient, key: string, input: RegisterInput): Promise<Outcome<RegisterOutput>> {
    const { kind, ...rest } = input;
    return this.#make(this.registers, client, key, input, { method: kind, key, ...rest });
  }

  async #make<I, O>(
    operations: Operation<I, O>[],
    client: LedgerClient,
    key: string,
    input: I,
    call: object,
  ): Promise<Outcome<O>> {
    const invokedAt = monotonicNow();
    const outcome = await client.call<O>(call);
    operations.push({ client: client.name, key, input, invokedAt, outcome });
    if (outcome.kind === 'ok') this.servedSince.set(key, Math.max(invokedAt, this.servedSince.get(key) ?? 0));
    return outcome;
  }
}
