import { headers, type StoredMsg } from 'nats';
import {
  BusError,
  type Change,
  type Entry,
  encodeJson,
  isBusError,
  type KeyedStore,
  MAX_VALUE_BYTES,
  requireKey,
  STORE_DEADLINE_MS,
  type Subscription,
} from '../bus.js';
import { messageOf } from '../keyed-log.js';
import { Deadline } from './deadline.js';
import { isDeletion, OPERATION_HEADER } from './key-value-message.js';
import { JETSTREAM, jetStreamCode, readError, writeError } from './nats-errors.js';
import type { NatsLink } from './nats-link.js';
import type { NatsStream } from './nats-stream.js';
import { NatsWatch } from './nats-watch.js';

const EXPECTED_REVISION = 'Nats-Expected-Last-Subject-Sequence';

/** What the stream has of a key: a value, or the mark of its deletion. */
interface Stored {
  readonly revision: number;
  readonly json: string | undefined;
}

/** One bucket of JetStream's key-value store. */
export class NatsStore implements KeyedStore {
  readonly #link: NatsLink;
  readonly #bucket: string;
  readonly #stream: NatsStream;
  readonly #report: (problem: string) => void;
  readonly #watches = new Set<NatsWatch>();

  /** `bucket`: its name in NATS. */
  constructor(link: NatsLink, bucket: string, stream: NatsStream, report: (problem: string) => void) {
    this.#link = link;
    this.#bucket = bucket;
    this.#stream = stream;
    this.#report = report;
  }

  async get(key: string): Promise<Entry | undefined> {
    const stored = await this.#read(key, new Deadline(STORE_DEADLINE_MS));
    if (stored?.json === undefined) return undefined;
    return { key, value: this.#parse(key, stored.json), revision: stored.revision };
  }

  async put(key: string, value: unknown): Promise<number> {
    return this.#write(key, this.#encode(key, value), undefined, new Deadline(STORE_DEADLINE_MS));
  }

  create(key: string, value: unknown): Promise<number> {
    return this.update(key, value, 0);
  }

  async update(key: string, value: unknown, revision: number): Promise<number> {
    const json = this.#encode(key, value);
    const deadline = new Deadline(STORE_DEADLINE_MS);
    try {
      return await this.#write(key, json, revision, deadline);
    } catch (reason) {
      if (revision !== 0 || !isBusError(reason, 'CONFLICT')) throw reason;
      // There may be no value but the mark of a deletion, which has a revision too.
      const stored = await this.#read(key, deadline);
      if (stored === undefined || stored.json !== undefined) throw reason;
      return this.#write(key, json, stored.revision, deadline);
    }
  }

  async delete(key: string, revision?: number): Promise<void> {
    const deadline = new Deadline(STORE_DEADLINE_MS);
    if (revision === undefined || revision === 0) {
      const stored = await this.#read(key, deadline);
      if (stored?.json === undefined) return;
      if (revision === 0)
        throw new BusError('CONFLICT', `${this.#name(key)}: expected no value, but there is one`);
    }
    await this.#write(key, undefined, revision, deadline);
  }

  async keys(): Promise<readonly string[]> {
    let keys: readonly string[] = [];
    const watch = await this.watch((change) => {
      if (change.kind === 'snapshot') keys = change.entries.map(({ key }) => key);
    });
    watch.close();
    return keys;
  }

  async watch(handler: (change: Change) => void): Promise<Subscription> {
    const watch = new NatsWatch(this.#link, this.#bucket, this.#stream, {
      tell: (change) => {
        try {
          handler(change);
        } catch (reason) {
          const what = change.kind === 'snapshot' ? this.#bucket : this.#name(change.key);
          this.#report(`a watch of ${what} failed: ${messageOf(reason)}`);
        }
      },
      report: this.#report,
    });
    this.#watches.add(watch);
    const close = () => {
      this.#watches.delete(watch);
      watch.close();
    };
    try {
      await watch.begin();
    } catch (reason) {
      close();
      throw reason;
    }
    return { close };
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  async #read(key: string, deadline: Deadline): Promise<Stored | undefined> {
    requireKey(key);
    const name = this.#name(key);
    const query = { last_by_subj: this.#subject(key) };
    return this.#link.patiently(deadline, async () => {
      const { manager } = await this.#stream.ready(name, deadline);
      try {
        return storedOf(await deadline.race(name, manager.streams.getMessage(this.#stream.name, query)));
      } catch (reason) {
        if (jetStreamCode(reason) === JETSTREAM.NO_MESSAGE) return undefined;
        throw this.#stream.doubted(readError(name, reason));
      }
    });
  }

  /** Without `json` the mark of a deletion; without `revision` in any case. */
  async #write(
    key: string,
    json: string | undefined,
    revision: number | undefined,
    deadline: Deadline,
  ): Promise<number> {
    requireKey(key);
    const name = this.#name(key);
    const marks = headers();
    if (json === undefined) marks.set(OPERATION_HEADER, 'DEL');
    if (revision !== undefined) marks.set(EXPECTED_REVISION, String(revision));
    return this.#link.patiently(deadline, async () => {
      const { jetStream } = await this.#stream.ready(name, deadline);
      const options = { headers: marks, timeout: deadline.remainingMs };
      try {
        return (await jetStream.publish(this.#subject(key), json ?? '', options)).seq;
      } catch (reason) {
        throw this.#stream.doubted(writeError(name, reason));
      }
    });
  }

  #encode(key: string, value: unknown): string {
    requireKey(key);
    return encodeJson(this.#name(key), value, MAX_VALUE_BYTES);
  }

  #parse(key: string, json: string): unknown {
    try {
      return JSON.parse(json);
    } catch (reason) {
      const message = `${this.#name(key)} is not JSON, so weaverd did not write it; delete it: nats kv del ${this.#bucket} ${key}`;
      throw new BusError('CORRUPT', message, { cause: reason });
    }
  }

  #subject(key: string): string {
    return `$KV.${this.#bucket}.${key}`;
  }

  #name(key: string): string {
    return `${this.#bucket}/${key}`;
  }
}

function storedOf(message: StoredMsg): Stored {
  return { revision: message.seq, json: isDeletion(message.header) ? undefined : message.string() };
}
