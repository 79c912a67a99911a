/**
 * What the daemon, for `weaverd state`, asks a replica about the state it keeps. Bytes are base64, and travel in parts of
 * {@link STATE_PART_BYTES} at most, so that they fit into any message on their way.
 */
export type StateQuery =
  | { readonly kind: 'states'; readonly component: string }
  /** Entries whose keys start with `prefix` and come after `after`, as many as fit into a page, `limit` at most. */
  | {
      readonly kind: 'list';
      readonly component: string;
      readonly state: string;
      readonly prefix: string;
      readonly after: string | undefined;
      readonly limit: number;
    }
  /** A part of a value's bytes. */
  | {
      readonly kind: 'read';
      readonly component: string;
      readonly state: string;
      readonly key: string;
      readonly offset: number;
    }
  /** A part of a value to be written, in their order; kept for a while under the name `upload`. */
  | { readonly kind: 'upload'; readonly component: string; readonly upload: string; readonly bytes: string }
  /** Stores a value, unless there is another and it is not to `overwrite`. */
  | {
      readonly kind: 'write';
      readonly component: string;
      readonly state: string;
      readonly key: string;
      readonly bytes: string;
      /** What was uploaded under that name comes before `bytes`. */
      readonly upload: string | undefined;
      readonly schema: string;
      readonly expiresAt: number;
      readonly overwrite: boolean;
    };

export const STATE_PART_BYTES = 192 * 1024;

export interface StatesAnswer {
  /** Those with reminders have a second one, whose name ends in `.wakes`. */
  readonly states: readonly {
    readonly state: string;
    /** In which it is written now; undefined when that is not known. */
    readonly schema: string | undefined;
  }[];
}
export interface StateListAnswer {
  readonly entries: readonly StateListEntry[];
  /** Number in `schemas` of the entries. */
  readonly schemas: readonly string[];
  /** There may be entries after these. */
  readonly more: boolean;
}
export interface StateListEntry {
  readonly key: string;
  /** Undefined when they do not fit: to be read in parts. */
  readonly bytes: string | undefined;
  readonly size: number;
  readonly schema: number;
  /** Unix ms; 0: never. */
  readonly expiresAt: number;
}
export type StateReadAnswer =
  | { readonly found: false }
  | {
      readonly found: true;
      readonly bytes: string;
      readonly size: number;
      readonly schema: string;
      readonly expiresAt: number;
      /** Parts of one digest are of one value. */
      readonly digest: string;
    };
export interface StateUploadAnswer {
  readonly received: number;
}
export interface StateWriteAnswer {
  /** `same`: it was there already; `kept`: another is there. */
  readonly outcome: 'written' | 'same' | 'kept';
}

export type StateAnswer =
  | StatesAnswer
  | StateListAnswer
  | StateReadAnswer
  | StateUploadAnswer
  | StateWriteAnswer;
