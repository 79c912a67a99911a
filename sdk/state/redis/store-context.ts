import type { StateFence } from '../driver.js';
import type { Attempts } from './attempts.js';
import type { EntryCache } from './entry-cache.js';
import type { KeyNames } from './key-names.js';
import type { Link } from './link.js';
import type { SchemaBook } from './schema-book.js';

/** What the parts of one component's store share. */
export interface StoreContext {
  readonly component: string;
  readonly link: Link;
  readonly names: KeyNames;
  readonly fence: StateFence;
  readonly cache: EntryCache;
  readonly schemas: SchemaBook;
  readonly attempts: Attempts;
  /** Of servers, as ServerWatch counts them. */
  readonly generation: () => number;
  /** Unix ms. */
  readonly now: () => number;
  /** For a read or a write to be done, ms. */
  readonly timeoutMs: number;
}

/** Between two attempts at what was interrupted. */
export const RETRY_MS = 50;
