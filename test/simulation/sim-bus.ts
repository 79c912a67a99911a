import {
  type BlobStore,
  type Bus,
  BusError,
  type BusState,
  encodeJson,
  type KeyedStore,
  MAX_BODY_BYTES,
  type Subscription,
} from '../../daemon/bus/bus.js';
import { ObservedState } from '../../daemon/bus/observed-state.js';
import type { Sender } from './network.js';
import { SimKeyedStore, type StoreClient } from './sim-keyed-store.js';

export interface SimBusOptions extends StoreClient {
  readonly self: Sender;
  /** A handler is about to hear of a message, and has. */
  readonly onDelivery: (from: Sender | undefined, subject: string) => void;
}

const CONNECTED: BusState = { kind: 'connected' };
const CONNECTING: BusState = { kind: 'connecting', reason: 'no node of the bus answers' };
/** A client takes so long at most to notice that a connection is gone or there again. */
const NOTICE_MS = 1500;

/** The bus as one process reaches it. */
export class SimBus implements Bus {
  readonly blobs: BlobStore = noBlobs();
  readonly #options: SimBusOptions;
  readonly #state: ObservedState;
  readonly #stores = new Map<string, KeyedStore>();
  readonly #receivers = new Set<() => void>();

  constructor(options: SimBusOptions) {
    this.#options = options;
    const { network, self } = options;
    this.#state = new ObservedState(network.isConnected(self.host) ? CONNECTED : CONNECTING);
    this.#receivers.add(network.onChange(() => this.#noticeSoon()));
  }

  publish(subject: string, body: unknown): void {
    this.#requireConnected(subject);
    const { network, self } = this.#options;
    network.publish(self, subject, encodeJson(subject, body, MAX_BODY_BYTES));
  }

  subscribe(pattern: string, handler: (body: unknown, subject: string) => void): Subscription {
    const { process, self, onDelivery, network } = this.#options;
    let isClosed = false;
    const leave = network.add({
      host: self.host,
      pattern,
      deliver: (json, subject, from) =>
        process.enter(() => {
          if (isClosed) return;
          onDelivery(from, subject);
          handler(JSON.parse(json), subject);
          onDelivery(undefined, subject);
        }),
    });
    return this.#closing(() => {
      isClosed = true;
      leave();
    });
  }

  serve(subject: string, handler: (body: unknown, subject: string) => unknown): Subscription {
    const { process, network, self } = this.#options;
    let isClosed = false;
    const leave = network.addServer({
      host: self.host,
      subject,
      answer: (json) =>
        new Promise((resolve, reject) =>
          process.enter(() => {
            if (isClosed) return reject(new Error(`${subject} is no longer served`));
            Promise.resolve()
              .then(() => handler(JSON.parse(json), subject))
              .then(resolve, reject);
          }),
        ),
    });
    return this.#closing(() => {
      isClosed = true;
      leave();
    });
  }

  request(subject: string, body: unknown, { timeoutMs }: { readonly timeoutMs: number }): Promise<unknown> {
    const { process, network, self } = this.#options;
    return new Promise((resolve, reject) => {
      this.#requireConnected(subject);
      const json = encodeJson(subject, body, MAX_BODY_BYTES);
      const cancel = process.after(timeoutMs, () =>
        reject(new BusError('TIMEOUT', `${subject}: no answer within ${timeoutMs} ms`)),
      );
      const answer = (settle: () => void) =>
        network.carry(undefined, self.host, () =>
          process.enter(() => {
            cancel();
            settle();
          }),
        );
      network.carry(self.host, undefined, () => {
        const server = network.serverOf(subject);
        if (server === undefined)
          return answer(() => reject(new BusError('NO_RESPONDERS', `${subject}: nobody serves it`)));
        const reply = (settle: () => void) => network.carry(server.host, undefined, () => answer(settle));
        network.carry(undefined, server.host, () => {
          server.answer(json).then(
            (value) => {
              const copy = JSON.stringify(value ?? null);
              reply(() => resolve(JSON.parse(copy)));
            },
            (reason: unknown) => reply(() => reject(new BusError('REFUSED', String(reason)))),
          );
        });
      });
    });
  }

  store(bucket: string): KeyedStore {
    const known = this.#stores.get(bucket) ?? new SimKeyedStore(this.#options, bucket);
    this.#stores.set(bucket, known);
    return known;
  }

  async check(): Promise<BusState> {
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

  /** As when the process has gone. */
  async close(): Promise<void> {
    for (const leave of [...this.#receivers]) leave();
    this.#state.become({ kind: 'closed' });
  }

  #closing(leave: () => void): Subscription {
    this.#receivers.add(leave);
    return {
      close: () => {
        this.#receivers.delete(leave);
        leave();
      },
    };
  }

  #requireConnected(what: string): void {
    const { kind } = this.state();
    if (kind === 'closed') throw new BusError('CLOSED', `${what}: the bus is closed`);
    if (kind !== 'connected') throw new BusError('UNAVAILABLE', `${what}: no connection to the bus`);
  }

  #noticeSoon(): void {
    const { process, network, random, self } = this.#options;
    process.after(random.between(1, NOTICE_MS), () =>
      this.#state.become(network.isConnected(self.host) ? CONNECTED : CONNECTING),
    );
  }
}

function noBlobs(): BlobStore {
  const refuse = async () => {
    throw new BusError('UNAVAILABLE', 'there are no blobs here');
  };
  return { put: refuse, get: refuse, delete: refuse };
}
