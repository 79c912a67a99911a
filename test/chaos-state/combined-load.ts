import type { ClientLoad } from './client-load.js';
import type { LedgerHistory } from './ledger-history.js';

/** Several, with the same keys. */
export class CombinedLoad implements ClientLoad {
  constructor(private readonly loads: readonly ClientLoad[]) {}

  async unservedSince(time: number): Promise<readonly string[]> {
    const unserved = await Promise.all(this.loads.map((load) => load.unservedSince(time)));
    return [...new Set(unserved.flat())];
  }

  async settle(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.settle()));
  }

  async finish(): Promise<LedgerHistory> {
    const histories = await Promise.all(this.loads.map((load) => load.finish()));
    return {
      accounts: histories.flatMap(({ accounts }) => accounts),
      lists: histories.flatMap(({ lists }) => lists),
      registers: histories.flatMap(({ registers }) => registers),
      transfers: histories.flatMap(({ transfers }) => transfers),
      finalAccounts: histories[0]?.finalAccounts ?? [],
    };
  }
}
