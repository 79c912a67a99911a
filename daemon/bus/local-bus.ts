import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BlobStore,
  type Bus,
  BusError,
  type BusState,
  encodeJson,
  type KeyedStore,
  MAX_BODY_BYTES,
  type Subscription,
} from './bus.js';
import { nodeFiles, type StoreFiles } from './file-system.js';
import { KeyedLog, messageOf } from './keyed-log.js';
import { LocalBlobs } from './local-blobs.js';
import { LocalStore } from './local-store.js';
import { ObservedState } from './observed-state.js';
import { subjectMatches } from './subjects.js';

const MAX_UNDELIVERED = 10_000;
const MAX_PENDING_REQUESTS = 1024;

export interface LocalBusOptions {
  /** Made when absent (mode 0700); the caller holds its lock. */
  readonly folder: string;
  /** The disk's by default. */
  readonly files?: StoreFiles;
  /** Told of repairs, and of what a handler threw. */
  readonly report: (problem: string) => void;
}

interface Subscriber {
  readonly pattern: string;
  readonly handler: (body: unknown, subject: string) => unknown;
}

/** The bus of a single host, in process, with its store in a folder. */
export class LocalBus implements Bus {
  readonly blobs: BlobStore;
  readonly #report: (problem: string) => void;
  readonly #log: KeyedLog;
  readonly #stores: Map<string, LocalStore>;
  readonly #state: ObservedState;
  readonly #subscribers = new Set<Subscriber>();
  readonly #servers = new Set<Subscriber>();
  readonly #requests = new Set<(reason: BusError) => void>();
  #undelivered: { readonly subject: string; readonly json: string }[] = [];
  #delivery: NodeJS.Immediate | undefined;

  private constructor(
    log: KeyedLog,
    stores: Map<string, LocalStore>,
    state: ObservedState,
    options: Required<LocalBusOptions>,
  ) {
    this.#log = log;
    this.#stores = stores;
    this.#state = state;
    this.#report = options.report;
    this.blobs = new LocalBlobs(options.files, join(options.folder, 'blobs'));
  }

  static async open(given: LocalBusOptions): Promise<LocalBus> {
    const options = { files: nodeFiles, ...given };
    await mkdir(options.folder, { recursive: true, mode: 0o700 });
    const stores = new Map<string, LocalStore>();
    const state = new ObservedState({ kind: 'connected' });
    const log = await KeyedLog.open({
      files: options.files,
      path: join(options.folder, 'store.log'),
      report: options.report,
      onProblem: (reason) =>
        state.become(reason === undefined ? { kind: 'connected' } : { kind: 'degraded', reason }),
      committed(records) {
        for (const record of records) stores.get(record.bucket)?.tell(record);
      },
    });
    return new LocalBus(log, stores, state, options);
  }

  publish(subject: string, body: unknown): void {
    this.#requireOpen(subject);
    const json = encodeJson(subject, body, MAX_BODY_BYTES);
    if (this.#undelivered.length >= MAX_UNDELIVERED)
      throw new BusError('OVERLOADED', `${subject}: ${MAX_UNDELIVERED} messages are not delivered yet`);
    this.#undelivered.push({ subject, json });
    this.#delivery ??= setImmediate(() => this.#deliver());
  }

  subscribe(subject: string, handler: (body: unknown, subject: string) => void): Subscription {
    return this.#add(this.#subscribers, subject, handler);
  }

  serve(subject: string, handler: (body: unknown, subject: string) => unknown): Subscription {
    return this.#add(this.#servers, subject, handler);
  }

  async request(
    subject: string,
    body: unknown,
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<unknown> {
    this.#requireOpen(subject);
    const json = encodeJson(subject, body, MAX_BODY_BYTES);
    if (this.#requests.size >= MAX_PENDING_REQUESTS)
      throw new BusError('OVERLOADED', `${subject}: ${MAX_PENDING_REQUESTS} requests are waiting`);
    const server = [...this.#servers].find(({ pattern }) => subjectMatches(pattern, subject));
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        this.#requests.delete(fail);
        settle();
      };
      const fail = (reason: BusError) => end(() => reject(reason));
      const timer = setTimeout(
        () => fail(new BusError('TIMEOUT', `${subject}: no answer within ${timeoutMs} ms`)),
        timeoutMs,
      );
      this.#requests.add(fail);
      setImmediate(() => {
        if (server === undefined || !this.#servers.has(server))
          return fail(new BusError('NO_RESPONDERS', `${subject}: nobody serves it`));
        Promise.resolve()
          .then(() => server.handler(JSON.parse(json), subject))
          .then((answer) => {
            const copy: unknown = JSON.parse(
              encodeJson(`the answer to ${subject}`, answer ?? null, MAX_BODY_BYTES),
            );
            end(() => resolve(copy));
          })
          .catch((reason: unknown) => fail(new BusError('REFUSED', messageOf(reason), { cause: reason })));
      });
    });
  }

  store(bucket: string): KeyedStore {
    if (!/^[a-z0-9-]{1,64}$/.test(bucket))
      throw new BusError('INVALID', `"${bucket}" is no name of a store: lower-case letters, digits, dashes`);
    const known = this.#stores.get(bucket);
    if (known !== undefined) return known;
    const store = new LocalStore(this.#log, bucket, this.#report);
    this.#stores.set(bucket, store);
    return store;
  }

  async check(): Promise<BusState> {
    await this.#log.check();
    return this.state();
  }

  state(): BusState {
    return this.#state.current;
  }

  onState(handler: (state: BusState) => void): Subscription {
    return this.#state.onState(handler);
  }

  problems(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {
    this.#state.become({ kind: 'closed' });
    clearImmediate(this.#delivery);
    this.#undelivered = [];
    this.#subscribers.clear();
    this.#servers.clear();
    for (const fail of [...this.#requests]) fail(new BusError('CLOSED', 'the bus was closed'));
    await this.#log.close();
  }

  #add(
    to: Set<Subscriber>,
    pattern: string,
    handler: (body: unknown, subject: string) => unknown,
  ): Subscription {
    this.#requireOpen(pattern);
    const subscriber = { pattern, handler };
    to.add(subscriber);
    return { close: () => void to.delete(subscriber) };
  }

  /** Of one turn; what handlers publish meanwhile comes in the next, so that I/O gets its turn. */
  #deliver(): void {
    const messages = this.#undelivered;
    this.#undelivered = [];
    this.#delivery = undefined;
    for (const { subject, json } of messages)
      for (const subscriber of [...this.#subscribers]) {
        if (!subjectMatches(subscriber.pattern, subject) || !this.#subscribers.has(subscriber)) continue;
        try {
          subscriber.handler(JSON.parse(json), subject);
        } catch (reason) {
          this.#report(`a subscriber of ${subject} failed: ${messageOf(reason)}`);
        }
      }
  }

  #requireOpen(subject: string): void {
    if (this.#state.current.kind === 'closed') throw new BusError('CLOSED', `${subject}: the bus is closed`);
  }
}
