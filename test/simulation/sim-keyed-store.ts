import {
  BusError,
  type Change,
  type Entry,
  type KeyedStore,
  requireKey,
  SNAPSHOT_DEADLINE_MS,
  STORE_DEADLINE_MS,
  type Subscription,
} from '../../daemon/bus/bus.js';
import { type Network, STALE_MS } from './network.js';
import type { Random } from './random.js';
import type { SimProcess } from './sim-process.js';
import type { SimStore, Watcher } from './sim-store.js';

export interface StoreClient {
  readonly host: string;
  readonly process: SimProcess;
  readonly network: Network;
  readonly store: SimStore;
  readonly random: Random;
  /** Virtual ms at which the host's present link began. */
  readonly linkedSince: () => number;
  readonly now: () => number;
}

/** One bucket as one process reaches it: over links, with deadlines, and with answers that may be old or none. */
export class SimKeyedStore implements KeyedStore {
  readonly #client: StoreClient;
  readonly #bucket: string;

  constructor(client: StoreClient, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  get(key: string): Promise<Entry | undefined> {
    requireKey(key);
    return this.#read(STORE_DEADLINE_MS, (asOf) => {
      const { store } = this.#client;
      return asOf === undefined ? store.get(this.#bucket, key) : store.getAsOf(this.#bucket, key, asOf);
    });
  }

  put(key: string, value: unknown): Promise<number> {
    return this.#write(key, value, undefined);
  }

  create(key: string, value: unknown): Promise<number> {
    return this.#write(key, value, 0);
  }

  update(key: string, value: unknown, revision: number): Promise<number> {
    return this.#write(key, value, revision);
  }

  async delete(key: string, revision?: number): Promise<void> {
    await this.#write(key, undefined, revision);
  }

  keys(): Promise<readonly string[]> {
    return this.#read(SNAPSHOT_DEADLINE_MS, () => this.#client.store.keys(this.#bucket));
  }

  watch(handler: (change: Change) => void): Promise<Subscription> {
    const { host, process, store } = this.#client;
    return new Promise((resolve, reject) => {
      let isClosed = false;
      const inbox: Change[] = [];
      const close = () => {
        isClosed = true;
        leave();
      };
      const cancel = process.after(SNAPSHOT_DEADLINE_MS, () => {
        close();
        reject(new BusError('TIMEOUT', `${this.#bucket}: no snapshot within ${SNAPSHOT_DEADLINE_MS} ms`));
      });
      const watcher: Watcher = {
        host,
        bucket: this.#bucket,
        queue: [],
        isBroken: false,
        tell: (told) => {
          inbox.push(told);
          process.enter(() => {
            const change = inbox.shift(); // in order, also when they waited while it was paused
            if (isClosed || change === undefined) return;
            handler(change);
            cancel();
            resolve({ close });
          });
        },
      };
      const leave = store.watch(watcher);
    });
  }

  #read<T>(deadlineMs: number, look: (asOf: number | undefined) => T): Promise<T> {
    const { host, network, random, linkedSince, now } = this.#client;
    return this.#call<T>('TIMEOUT', deadlineMs, (answer) => {
      if (network.linkOf(host) === 'minority') {
        const asOf = linkedSince();
        answer(() => look(asOf), true);
        return;
      }
      network.carry(host, undefined, () => {
        const isStale = random.chance(network.weather.stale);
        const asOf = isStale ? now() - random.between(0, STALE_MS) : undefined;
        answer(() => look(asOf), false);
      });
    });
  }

  #write(key: string, value: unknown, revision: number | undefined): Promise<number> {
    requireKey(key);
    const { host, network, store } = this.#client;
    const json = value === undefined ? undefined : JSON.stringify(value);
    return this.#call<number>('OUTCOME_UNKNOWN', STORE_DEADLINE_MS, (answer) => {
      let isApplied = false;
      network.carry(host, undefined, () => {
        if (isApplied) return; // the second of two copies: the store knows the message
        isApplied = true;
        answer(() => store.write(this.#bucket, key, json, revision), false);
      });
    });
  }

  #call<T>(
    late: 'TIMEOUT' | 'OUTCOME_UNKNOWN',
    deadlineMs: number,
    ask: (answer: (result: () => T, isLocal: boolean) => void) => void,
  ): Promise<T> {
    const { host, process, network } = this.#client;
    return new Promise((resolve, reject) => {
      if (!network.isConnected(host)) {
        const refused = new BusError('UNAVAILABLE', `${this.#bucket}: no connection to the bus`);
        process.after(1, () => reject(refused));
        return;
      }
      const cancel = process.after(deadlineMs, () =>
        reject(new BusError(late, `${this.#bucket}: no answer within ${deadlineMs} ms`)),
      );
      const settle = (run: () => void) =>
        process.enter(() => {
          cancel();
          run();
        });
      ask((result, isLocal) => {
        const settled = attempt(result);
        const arrive = () =>
          settle(() => ('value' in settled ? resolve(settled.value) : reject(settled.reason)));
        if (isLocal) process.after(1, arrive);
        else network.carry(undefined, host, arrive);
      });
    });
  }
}

function attempt<T>(run: () => T): { readonly value: T } | { readonly reason: unknown } {
  try {
    return { value: run() };
  } catch (reason) {
    return { reason };
  }
}
