import type { LedgerHistory } from './ledger-history.js';

export interface ClientLoadOptions {
  /** Of the app's listener; clients take them in turn. */
  readonly urls: readonly string[];
  readonly clients: number;
  readonly seed: number;
}

/** Clients at work, here or elsewhere. */
export interface ClientLoad {
  /** Keys of which nothing succeeded that began after that time (`monotonicNow`). */
  unservedSince(time: number): Promise<readonly string[]>;
  /** Nothing new is begun; resolves when all is decided. Rejects when something is not after a minute. */
  stop(): Promise<LedgerHistory>;
}
