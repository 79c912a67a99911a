import type { Writer } from '../codec/writer.js';
import type { SendCredit } from './flow-control.js';

type EncodeItem = (writer: Writer, item: unknown) => void;
type EncodeThrown = (writer: Writer, thrown: unknown) => void;

/** What a stream's sender needs of its call. */
export interface StreamPort {
  /** Nobody waits for the stream any more. */
  readonly gone: boolean;
  readonly hasRoom: boolean;
  whenRoom(callback: () => void): void;
  /** Returns the bytes of the item. Throws what `encode` throws. */
  sendItem(encode: EncodeItem, item: unknown): number;
  sendEnd(): void;
  sendThrown(encode: EncodeThrown, thrown: unknown): void;
  /** An item could not be encoded. */
  sendFailure(reason: unknown): void;
}

/**
 * The callee's side of a stream: pulls an item only when the caller has room for it, and the connection has. Callbacks
 * instead of an async function: of promises an item takes its iterator's own and that of one `then`.
 */
export class StreamSender {
  readonly #port: StreamPort;
  readonly #credit: SendCredit;
  readonly #items: AsyncIterable<unknown>;
  readonly #encodeItem: EncodeItem;
  readonly #encodeThrown: EncodeThrown;
  #iterator: AsyncIterator<unknown> | undefined;
  #pulling = false;
  #wake: (() => void) | undefined;
  #awaitingRoom = false;
  #left: Promise<void> | undefined;
  #over: () => void = () => {};

  constructor(
    port: StreamPort,
    credit: SendCredit,
    items: AsyncIterable<unknown>,
    encodeItem: EncodeItem,
    encodeThrown: EncodeThrown,
  ) {
    this.#port = port;
    this.#credit = credit;
    this.#items = items;
    this.#encodeItem = encodeItem;
    this.#encodeThrown = encodeThrown;
  }

  /** The credit has grown, or nobody waits any more: then an item that is being pulled need not come. */
  changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
    if (this.#port.gone && this.#pulling) this.#left ??= leave(this.#iterator);
  }

  /**
   * Resolves when the stream is over and its iterator has been ended. Called once. Items are pulled in the async context
   * of this call, also those that had to wait for credit: what goes on in a promise's callback does so in the context of
   * its `then`.
   */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#over = resolve;
      this.#advance();
    });
  }

  /** Pulls the next item, now or when there is room for it. */
  readonly #advance = (): void => {
    if (this.#port.gone) return this.#leave();
    if (!this.#credit.available || !this.#port.hasRoom) {
      this.#change().then(this.#advance);
      return;
    }
    try {
      this.#iterator ??= this.#items[Symbol.asyncIterator]();
      this.#pulling = true;
      const pulled: unknown = this.#iterator.next();
      const result = (pulled instanceof Promise ? pulled : Promise.resolve(pulled)) as Promise<
        IteratorResult<unknown>
      >;
      result.then(this.#onResult, this.#onThrown);
    } catch (thrown) {
      this.#onThrown(thrown);
    }
  };

  readonly #onResult = (result: IteratorResult<unknown>): void => {
    this.#pulling = false;
    if (this.#port.gone) return this.#leave();
    let item: unknown;
    try {
      if (result.done === true) {
        this.#port.sendEnd();
        return this.#over();
      }
      item = result.value;
    } catch (thrown) {
      return this.#onThrown(thrown);
    }
    try {
      this.#credit.spend(this.#port.sendItem(this.#encodeItem, item));
    } catch (reason) {
      this.#port.sendFailure(reason);
      return this.#leave();
    }
    this.#advance();
  };

  readonly #onThrown = (thrown: unknown): void => {
    this.#pulling = false;
    if (!this.#port.gone) this.#port.sendThrown(this.#encodeThrown, thrown);
    this.#over();
  };

  #leave(): void {
    this.#left ??= leave(this.#iterator);
    this.#left.then(this.#over);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (!this.#credit.available || this.#awaitingRoom) return;
      this.#awaitingRoom = true;
      this.#port.whenRoom(() => {
        this.#awaitingRoom = false;
        this.changed();
      });
    });
  }
}

/** Ends an iterator whose items nobody wants; what its clean-up throws has nobody to go to. */
async function leave(iterator: AsyncIterator<unknown> | undefined): Promise<void> {
  try {
    await iterator?.return?.();
  } catch {
    // The caller has its answer, or has left: an error now changes neither.
  }
}
