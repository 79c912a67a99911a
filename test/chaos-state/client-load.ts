import type { LedgerHistory } from './ledger-history.js';

export interface ClientLoadOptions {
  /** Of the app's listener. */
  readonly urls: readonly string[];
  /** Which of them a client asks while it can be reached: all the first, or each another. */
  readonly prefer?: 'first' | 'each another';
  readonly clients: number;
  /** Besides, one client for each key who does nothing but read it: none waits there for another key. */
  readonly readers?: boolean;
  /** Before the names of its clients, which are in what they write. */
  readonly name: string;
  readonly seed: number;
}

/** Clients at work, here or elsewhere. */
export interface ClientLoad {
  /** Keys of which nothing succeeded that began after that time (`monotonicNow`), each with its last failure. */
  unservedSince(time: number): Promise<readonly string[]>;
  /** Nothing new is begun; resolves when all is decided. Rejects when something is not after a minute. */
  settle(): Promise<void>;
  /** Once all who write have settled: reads each key at last. It is over then. */
  finish(): Promise<LedgerHistory>;
}
