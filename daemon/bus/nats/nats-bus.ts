import { randomUUID } from 'node:crypto';
import type { NatsConfig } from '../../../config/nats-config.js';
import type { BusExamination, ServerExamination, StreamExamination } from '../../doctor/examination.js';
import {
  type Bus,
  BusError,
  type BusState,
  type KeyedStore,
  STORE_DEADLINE_MS,
  type Subscription,
} from '../bus.js';
import { messageOf } from '../keyed-log.js';
import { ObservedState } from '../observed-state.js';
import { Deadline } from './deadline.js';
import { NatsBlobs } from './nats-blobs.js';
import { readError } from './nats-errors.js';
import { NatsLink, type Session } from './nats-link.js';
import { NatsMessages } from './nats-messages.js';
import { NatsStore } from './nats-store.js';
import { NatsStream } from './nats-stream.js';
import { serverGreeting } from './server-greeting.js';
import { serverProblems } from './server-problems.js';
import { keyValueStream, objectStream } from './stream-settings.js';

const CHECK_MS = 5000;
const CHECK_JITTER_MS = 1000;
const MAX_STORES = 64;
const MAX_REASONS = 3;
/** For one server to greet. */
const EXAMINE_MS = 1500;

export interface NatsBusOptions {
  readonly config: NatsConfig;
  /** Buckets of other clusters on the same servers have other names. Letters, digits, dashes, `_`. */
  readonly cluster: string;
  /** Of this host, in NATS's own monitoring. */
  readonly name: string;
  /** Told of refused permissions, of malformed messages, and of what a handler threw. */
  readonly report: (problem: string) => void;
}

interface Bucket {
  readonly stream: NatsStream;
  readonly store: NatsStore;
}

/**
 * The bus of a fleet, over NATS with JetStream. It is there at once, and connects, for ever, by itself: `state` says how
 * it is. Nothing is buffered while there is no connection; calls are refused with UNAVAILABLE then.
 */
export class NatsBus implements Bus {
  readonly blobs: NatsBlobs;
  readonly #options: NatsBusOptions;
  readonly #state = new ObservedState({ kind: 'connecting', reason: 'not connected yet' });
  readonly #link: NatsLink;
  readonly #messages: NatsMessages;
  readonly #buckets = new Map<string, Bucket>();
  readonly #blobStream: NatsStream;
  #serverProblems: readonly string[] = [];
  #checking: Promise<BusState> | undefined;

  private constructor(options: NatsBusOptions) {
    const { config, cluster, name, report } = options;
    this.#options = options;
    this.#link = new NatsLink({
      config,
      name: `weaverd ${name} ${randomUUID().slice(0, 8)}`,
      state: this.#state,
      report,
    });
    this.#messages = new NatsMessages(this.#link, report);
    const blobBucket = `weaver_${cluster}_blobs`;
    this.#blobStream = new NatsStream(this.#link, objectStream(blobBucket, config.replicas));
    this.blobs = new NatsBlobs(this.#link, blobBucket, this.#blobStream);
    this.#link.onSession(({ version }) => {
      this.#serverProblems = serverProblems(version);
      void this.check();
    });
    void this.#checkNowAndThen();
  }

  /** Throws INVALID when the cluster's name is none, or no server is given. */
  static open(options: NatsBusOptions): NatsBus {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(options.cluster))
      throw new BusError(
        'INVALID',
        `"${options.cluster}" is no name of a cluster: letters, digits, "-" and "_"`,
      );
    if (options.config.servers.length === 0) throw new BusError('INVALID', 'no NATS server is named');
    return new NatsBus(options);
  }

  publish(subject: string, body: unknown): void {
    this.#messages.publish(subject, body);
  }

  subscribe(subject: string, handler: (body: unknown, subject: string) => void): Subscription {
    return this.#messages.subscribe(subject, handler);
  }

  request(subject: string, body: unknown, { timeoutMs }: { readonly timeoutMs: number }): Promise<unknown> {
    return this.#messages.request(subject, body, timeoutMs);
  }

  serve(subject: string, handler: (body: unknown, subject: string) => unknown): Subscription {
    return this.#messages.serve(subject, handler);
  }

  store(bucket: string): KeyedStore {
    if (!/^[a-z0-9-]{1,64}$/.test(bucket))
      throw new BusError('INVALID', `"${bucket}" is no name of a store: lower-case letters, digits, dashes`);
    const known = this.#buckets.get(bucket);
    if (known !== undefined) return known.store;
    if (this.#buckets.size >= MAX_STORES)
      throw new BusError('OVERLOADED', `${bucket}: ${MAX_STORES} stores are open`);
    const { cluster, config, report } = this.#options;
    const name = `weaver_${cluster}_${bucket}`;
    const stream = new NatsStream(this.#link, keyValueStream(name, config.replicas));
    const store = new NatsStore(this.#link, name, stream, report);
    this.#buckets.set(bucket, { stream, store });
    return store;
  }

  /** One at a time; those who ask meanwhile get the same answer. */
  check(): Promise<BusState> {
    this.#checking ??= this.#check().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  state(): BusState {
    return this.#state.current;
  }

  onState(handler: (state: BusState) => void): Subscription {
    return this.#state.onState(handler);
  }

  problems(): readonly string[] {
    return [...this.#serverProblems, ...this.#streams().flatMap((stream) => stream.problems())];
  }

  /** What can be seen of the servers and the streams in use. Never rejects. */
  async examine(): Promise<BusExamination> {
    const { servers, replicas } = this.#options.config;
    const [seen, streams] = await Promise.all([
      Promise.all(
        servers.map((server) =>
          serverGreeting(server, EXAMINE_MS).then(
            (greeting): ServerExamination => ({ server, ...greeting }),
            (reason: unknown): ServerExamination => ({ server, reason: messageOf(reason) }),
          ),
        ),
      ),
      this.#examineStreams().then(
        (found) => ({ found, problem: undefined }),
        (reason: unknown) => ({ found: [], problem: messageOf(reason) }),
      ),
    ]);
    return { replicas, servers: seen, streams: streams.found, problem: streams.problem };
  }

  #examineStreams(): Promise<readonly StreamExamination[]> {
    const deadline = new Deadline(STORE_DEADLINE_MS);
    return deadline.race(
      'JetStream',
      (async () => {
        const session = this.#link.session('JetStream');
        return Promise.all(this.#streams().map((stream) => stream.examine(session)));
      })(),
    );
  }

  async close(): Promise<void> {
    this.#state.become({ kind: 'closed' });
    for (const { store } of this.#buckets.values()) store.close();
    await this.#link.close();
  }

  async #checkNowAndThen(): Promise<void> {
    while (!this.#link.isClosed) {
      await this.#link.pause(CHECK_MS + Math.random() * CHECK_JITTER_MS);
      await this.check();
    }
  }

  async #check(): Promise<BusState> {
    const session = this.#link.current;
    if (session === undefined) return this.state();
    const reason = await this.#reasonNotToWrite(session);
    if (this.#link.current === session)
      this.#state.become(reason === undefined ? { kind: 'connected' } : { kind: 'degraded', reason });
    return this.state();
  }

  async #reasonNotToWrite(session: Session): Promise<string | undefined> {
    const deadline = new Deadline(STORE_DEADLINE_MS);
    const checked = await Promise.allSettled([
      this.#link.patiently(deadline, () => deadline.race('JetStream', this.#askAccount(session))),
      ...this.#streams().map((stream) =>
        this.#link.patiently(deadline, () => deadline.race(stream.name, stream.verify(session))),
      ),
    ]);
    const reasons = checked.flatMap((check) =>
      check.status === 'rejected' ? [messageOf(check.reason)] : [],
    );
    return reasons.length === 0 ? undefined : reasons.slice(0, MAX_REASONS).join('; ');
  }

  async #askAccount({ manager }: Session): Promise<void> {
    try {
      await manager.getAccountInfo();
    } catch (reason) {
      throw readError('JetStream', reason);
    }
  }

  /** Of the stores in use. */
  #streams(): readonly NatsStream[] {
    return [...this.#buckets.values()].map(({ stream }) => stream);
  }
}
