import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { RedisStoreSpec } from '../../protocol/state-store.js';
import type { Durability, StateDriver, StateFence, StateStore } from '../driver.js';
import { StateError } from '../state-error.js';
import { Attempts } from './attempts.js';
import { EntryCache } from './entry-cache.js';
import { KeyNames } from './key-names.js';
import { Link } from './link.js';
import { RedisClient } from './redis-client.js';
import { RedisStore } from './redis-store.js';
import { SchemaBook } from './schema-book.js';
import { ServerWatch } from './server-watch.js';

export interface RedisDriverOptions {
  readonly store: RedisStoreSpec;
  readonly app: string;
  readonly durability: Durability;
  /** Hears of what was lost, and of what may be. */
  readonly onProblem: (component: string | undefined, message: string) => void;
  /** For each read and each write, ms; 3000 by default. */
  readonly timeoutMs?: number;
  /** Unix ms; the system's clock by default. */
  readonly now?: () => number;
  /** 0 to 1; Math.random by default. */
  readonly random?: () => number;
}

const TIMEOUT_MS = 3000;
const OPEN_POLL_MS = 10;

/** The connection that all components of a process share. */
interface Shared {
  readonly client: RedisClient;
  readonly watch: ServerWatch;
  readonly link: Link;
}

/**
 * Keeps state in Redis 7.0 or newer: one server, Sentinel or Cluster. What a process may write is fenced by the epochs of the
 * keys, so that many can use one component's state at once.
 */
export class RedisDriver implements StateDriver {
  readonly #options: RedisDriverOptions;
  readonly #stores = new Set<RedisStore>();
  #shared: Shared | undefined;
  #users = 0;
  #generation = 0;

  constructor(options: RedisDriverOptions) {
    this.#options = options;
  }

  async open(component: string, fence: StateFence, signal: AbortSignal): Promise<StateStore> {
    const { store: spec, app, now = Date.now, timeoutMs = TIMEOUT_MS, onProblem } = this.#options;
    this.#users++;
    const shared = this.#shared ?? this.#connect();
    this.#shared = shared;
    try {
      await this.#untilOpen(component, shared, signal);
    } catch (reason) {
      this.#leave();
      throw reason;
    }
    const { link, watch } = shared;
    const names = new KeyNames(spec.keyPrefix, app, component);
    const context = {
      component,
      link,
      names,
      fence,
      cache: new EntryCache(spec.cacheBytes, (key) => names.bucket(key)),
      schemas: new SchemaBook(names, link),
      attempts: new Attempts(),
      generation: () => watch.generation,
      now,
      timeoutMs,
    };
    const store: RedisStore = new RedisStore(
      context,
      (message) => onProblem(component, message),
      () => {
        this.#stores.delete(store);
        this.#leave();
      },
    );
    this.#stores.add(store);
    return store;
  }

  #connect(): Shared {
    const { store, durability, timeoutMs = TIMEOUT_MS, random = Math.random, onProblem } = this.#options;
    const client = RedisClient.create({ store, random });
    const link = new Link(client, () => watch.whyNot());
    const watch: ServerWatch = new ServerWatch({
      client,
      durability,
      timeoutMs,
      onOpen: () => {
        link.wake();
        const isOther = watch.generation !== this.#generation;
        this.#generation = watch.generation;
        for (const each of this.#stores) void each.reopened(isOther);
      },
      onWarning: (message) => onProblem(undefined, message),
    });
    this.#generation = watch.generation;
    return { client, watch, link };
  }

  async #untilOpen(component: string, { watch }: Shared, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + (this.#options.timeoutMs ?? TIMEOUT_MS);
    for (;;) {
      if (signal.aborted)
        throw new StateError('CLOSED', `the state of ${component} is closed: it is shutting down`);
      const why = watch.whyNot();
      if (why === undefined) return;
      if (watch.unfit !== undefined)
        throw new StateError('STORE_UNFIT', `${component} cannot keep its state: ${watch.unfit}`);
      if (performance.now() >= deadline)
        throw new StateError(
          'UNAVAILABLE',
          `${component} cannot open its state: ${why}; see [redis] in weaverd.toml`,
        );
      await setTimeout(OPEN_POLL_MS);
    }
  }

  /** The last one closes the connection. */
  #leave(): void {
    if (--this.#users > 0 || this.#shared === undefined) return;
    const { client, watch, link } = this.#shared;
    this.#shared = undefined;
    watch.close();
    link.close();
    client.close();
  }
}
