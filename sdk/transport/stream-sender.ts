import type { Writer } from '../codec/writer.js';
import type { SendCredit } from './flow-control.js';

/** What a stream's sender needs of its call. */
export interface StreamPort {
  /** Nobody waits for the stream any more. */
  readonly gone: boolean;
  readonly hasRoom: boolean;
  whenRoom(callback: () => void): void;
  /** Returns the bytes of the item. Throws what `encode` throws. */
  sendItem(encode: (writer: Writer) => void): number;
  sendEnd(): void;
  sendThrown(encode: (writer: Writer) => void): void;
  /** An item could not be encoded. */
  sendFailure(reason: unknown): void;
}

/** The callee's side of a stream: pulls an item only when the caller has room for it, and the connection has. */
export class StreamSender {
  readonly #port: StreamPort;
  readonly #credit: SendCredit;
  #wake: (() => void) | undefined;
  #pulling = false;
  #awaitingRoom = false;
  #iterator: AsyncIterator<unknown> | undefined;
  #left: Promise<void> | undefined;

  constructor(port: StreamPort, credit: SendCredit) {
    this.#port = port;
    this.#credit = credit;
  }

  /** The credit has grown, or nobody waits any more: then an item that is being pulled need not come. */
  changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
    if (this.#port.gone && this.#pulling) this.#left ??= leave(this.#iterator);
  }

  /** Resolves when the stream is over and its iterator has been ended. */
  async run(
    items: AsyncIterable<unknown>,
    encodeItem: (writer: Writer, item: unknown) => void,
    encodeThrown: (writer: Writer, thrown: unknown) => void,
  ): Promise<void> {
    while (!this.#port.gone && !this.#ready()) await this.#change();
    let failed = false;
    try {
      this.#iterator = items[Symbol.asyncIterator]();
      while (!this.#port.gone && !failed) {
        const result = await this.#pull(this.#iterator);
        if (this.#port.gone) break;
        if (result.done === true) {
          this.#port.sendEnd();
          return;
        }
        failed = !this.#send(result.value, encodeItem);
        while (!this.#port.gone && !failed && !this.#ready()) await this.#change();
      }
    } catch (thrown) {
      if (!this.#port.gone) this.#port.sendThrown((writer) => encodeThrown(writer, thrown));
      return;
    }
    await (this.#left ?? leave(this.#iterator));
  }

  async #pull(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
    this.#pulling = true;
    try {
      return await iterator.next();
    } finally {
      this.#pulling = false;
    }
  }

  #send(item: unknown, encodeItem: (writer: Writer, item: unknown) => void): boolean {
    try {
      this.#credit.spend(this.#port.sendItem((writer) => encodeItem(writer, item)));
      return true;
    } catch (error) {
      this.#port.sendFailure(error);
      return false;
    }
  }

  #ready(): boolean {
    return this.#credit.available && this.#port.hasRoom;
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
