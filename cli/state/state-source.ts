import { randomUUID } from 'node:crypto';
import {
  STATE_PART_BYTES,
  type StateAnswer,
  type StateListAnswer,
  type StateQuery,
  type StateReadAnswer,
  type StatesAnswer,
  type StateUploadAnswer,
  type StateWriteAnswer,
} from '../../sdk/protocol/state-query.js';

/** One who keeps state of the component: a replica, or the process that reads a file. */
export interface StateKeeper {
  readonly name: string;
  ask<A extends StateAnswer>(query: StateQuery): Promise<A>;
}

export interface StateEntry {
  readonly key: string;
  readonly bytes: Buffer;
  /** In which the bytes are, as JSON. */
  readonly schema: string;
  /** Unix ms; 0: never. */
  readonly expiresAt: number;
}

/** A page's entries, as many as a keeper gives at most. */
const PAGE = 1000;
/** A value that is written while it is read in parts is read again so often. */
const MAX_READS = 5;

/** What is stored of one component, by all who keep some of it. */
export class StateSource {
  readonly app: string;
  readonly component: string;
  readonly #keepers: readonly StateKeeper[];
  /** Says whether a refusal means that another keeper has the key. */
  readonly #isElsewhere: (reason: unknown) => boolean;

  constructor(
    of: { readonly app: string; readonly component: string },
    keepers: readonly StateKeeper[],
    isElsewhere: (reason: unknown) => boolean,
  ) {
    this.app = of.app;
    this.component = of.component;
    this.#keepers = keepers;
    this.#isElsewhere = isElsewhere;
  }

  /** Sorted by name; those of reminders after theirs. */
  async states(): Promise<StatesAnswer['states']> {
    const { component } = this;
    const found = new Map<string, string | undefined>();
    for (const keeper of this.#keepers) {
      const { states } = await keeper.ask<StatesAnswer>({ kind: 'states', component });
      for (const { state, schema } of states) found.set(state, found.get(state) ?? schema);
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([state, schema]) => ({ state, schema }));
  }

  /** All whose keys start with `prefix` and come after `after`, by key, each once. */
  async *entries(state: string, prefix: string, after?: string): AsyncGenerator<StateEntry> {
    const heads: { readonly rest: AsyncGenerator<StateEntry>; next: StateEntry }[] = [];
    const open = this.#keepers.map((keeper) => this.#entriesOf(keeper, state, prefix, after));
    for (const rest of open) {
      const { value, done } = await rest.next();
      if (done !== true) heads.push({ rest, next: value });
    }
    let last: string | undefined;
    for (;;) {
      const [first] = heads.sort((a, b) => (a.next.key < b.next.key ? -1 : 1));
      if (first === undefined) return;
      // A key that moved meanwhile may be with two of them.
      if (first.next.key !== last) yield first.next;
      last = first.next.key;
      const { value, done } = await first.rest.next();
      if (done === true) heads.shift();
      else first.next = value;
    }
  }

  async get(state: string, key: string): Promise<StateEntry | undefined> {
    for (const keeper of this.#keepers) {
      const found = await this.#unlessElsewhere(() => this.#read(keeper, state, key));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Rejects with the keeper's reason; with the last of them when none has the key. */
  async write(state: string, entry: StateEntry, overwrite: boolean): Promise<StateWriteAnswer['outcome']> {
    let last: unknown = new Error(`no replica of ${this.component} serves`);
    for (const keeper of this.#keepers)
      try {
        return await this.#writeTo(keeper, state, entry, overwrite);
      } catch (reason) {
        if (!this.#isElsewhere(reason)) throw reason;
        last = reason;
      }
    throw last;
  }

  async *#entriesOf(
    keeper: StateKeeper,
    state: string,
    prefix: string,
    from: string | undefined,
  ): AsyncGenerator<StateEntry> {
    const { component } = this;
    for (let after = from; ; ) {
      const page = await keeper.ask<StateListAnswer>({
        kind: 'list',
        component,
        state,
        prefix,
        after,
        limit: PAGE,
      });
      for (const { key, bytes, schema, expiresAt } of page.entries) {
        const known = page.schemas[schema];
        if (bytes !== undefined && known !== undefined)
          yield { key, bytes: Buffer.from(bytes, 'base64'), schema: known, expiresAt };
        else {
          const large = await this.#unlessElsewhere(() => this.#read(keeper, state, key));
          if (large !== undefined) yield large;
        }
      }
      after = page.entries.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  }

  async #read(keeper: StateKeeper, state: string, key: string): Promise<StateEntry | undefined> {
    const { component } = this;
    for (let attempt = 0; attempt < MAX_READS; attempt++) {
      const parts: Buffer[] = [];
      let digest: string | undefined;
      for (let offset = 0; ; ) {
        const part = await keeper.ask<StateReadAnswer>({ kind: 'read', component, state, key, offset });
        if (!part.found) return undefined;
        digest ??= part.digest;
        if (part.digest !== digest) break;
        parts.push(Buffer.from(part.bytes, 'base64'));
        offset += parts.at(-1)?.length ?? 0;
        if (offset >= part.size)
          return { key, bytes: Buffer.concat(parts), schema: part.schema, expiresAt: part.expiresAt };
      }
    }
    throw new Error(
      `${state}[${JSON.stringify(key)}] of ${component} changed while it was read, ${MAX_READS} times`,
    );
  }

  async #writeTo(
    keeper: StateKeeper,
    state: string,
    { key, bytes, schema, expiresAt }: StateEntry,
    overwrite: boolean,
  ): Promise<StateWriteAnswer['outcome']> {
    const { component } = this;
    let sent = 0;
    const upload = bytes.length > STATE_PART_BYTES ? randomUUID() : undefined;
    for (; upload !== undefined && bytes.length - sent > STATE_PART_BYTES; sent += STATE_PART_BYTES) {
      const part = bytes.subarray(sent, sent + STATE_PART_BYTES).toString('base64');
      await keeper.ask<StateUploadAnswer>({ kind: 'upload', component, upload, bytes: part });
    }
    const { outcome } = await keeper.ask<StateWriteAnswer>({
      kind: 'write',
      component,
      state,
      key,
      bytes: bytes.subarray(sent).toString('base64'),
      upload,
      schema,
      expiresAt,
      overwrite,
    });
    return outcome;
  }

  async #unlessElsewhere<R>(ask: () => Promise<R>): Promise<R | undefined> {
    try {
      return await ask();
    } catch (reason) {
      if (this.#isElsewhere(reason)) return undefined;
      throw reason;
    }
  }
}
