import { createHash } from 'node:crypto';
import { ControlError } from '../../protocol/control-channel.js';
import {
  STATE_PART_BYTES,
  type StateAnswer,
  type StateListAnswer,
  type StateListEntry,
  type StateQuery,
  type StateReadAnswer,
} from '../../protocol/state-query.js';
import { StateError } from '../state-error.js';
import type { DeskStore } from './desk-store.js';
import { Uploads } from './uploads.js';

const MAX_PAGE = 1000;

/** Answers what an operator asks about the state that this process keeps. */
export class StateDesk {
  readonly #open: (component: string) => Promise<DeskStore>;
  readonly #uploads = new Uploads();

  /** @param open rejects when this process does not keep the component's state */
  constructor(open: (component: string) => Promise<DeskStore>) {
    this.#open = open;
  }

  /** Rejects with a ControlError, of a StateError's code where there is one. */
  async answer(query: StateQuery): Promise<StateAnswer> {
    try {
      return await this.#answer(query);
    } catch (reason) {
      if (reason instanceof StateError)
        throw new ControlError(reason.code, reason.message, { cause: reason });
      throw reason;
    }
  }

  async #answer(query: StateQuery): Promise<StateAnswer> {
    if (query.kind === 'upload')
      return { received: this.#uploads.add(query.upload, Buffer.from(query.bytes, 'base64')) };
    const store = await this.#open(query.component);
    switch (query.kind) {
      case 'states':
        return { states: store.states() };
      case 'list': {
        const limit = Math.min(query.limit, MAX_PAGE);
        const { state, prefix, after } = query;
        return page(await store.list(state, prefix, after, limit), limit);
      }
      case 'read':
        return part(await store.get(query.state, query.key), query.offset);
      case 'write': {
        const { state, key, upload, schema, expiresAt, overwrite } = query;
        const bytes = this.#uploads.take(upload, Buffer.from(query.bytes, 'base64'));
        return { outcome: await store.restore(state, key, { bytes, schema, expiresAt }, overwrite) };
      }
    }
  }
}

type Listed = Awaited<ReturnType<DeskStore['list']>>;

function page(found: Listed, limit: number): StateListAnswer {
  const schemas = new Map<string, number>();
  const entries: StateListEntry[] = [];
  let left = STATE_PART_BYTES;
  for (const { key, value } of found) {
    const size = value.bytes.length;
    const fits = size <= STATE_PART_BYTES; // else it is read in parts
    const takes = Buffer.byteLength(key) + ENTRY_BYTES + (fits ? size : 0);
    if (entries.length > 0 && takes > left) break;
    left -= takes;
    const schema = schemas.get(value.schema) ?? schemas.size;
    schemas.set(value.schema, schema);
    entries.push({
      key,
      bytes: fits ? base64(value.bytes) : undefined,
      size,
      schema,
      expiresAt: value.expiresAt,
    });
  }
  return {
    entries,
    schemas: [...schemas.keys()],
    more: entries.length < found.length || found.length === limit,
  };
}

/** What an entry takes beside its key and its value, about. */
const ENTRY_BYTES = 64;

function part(value: Awaited<ReturnType<DeskStore['get']>>, offset: number): StateReadAnswer {
  if (value === undefined) return { found: false };
  const { bytes, schema, expiresAt } = value;
  return {
    found: true,
    bytes: base64(bytes.subarray(offset, offset + STATE_PART_BYTES)),
    size: bytes.length,
    schema,
    expiresAt,
    digest: createHash('sha256').update(`${schema}\0${expiresAt}\0`).update(bytes).digest('hex').slice(0, 32),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
