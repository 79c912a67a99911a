import type { Reader } from '../codec/reader.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { type Grant, ReceiveWindow } from './flow-control.js';
import { ItemQueue } from './item-queue.js';
import { type CallOwner, decodeBody, PendingCall } from './pending-call.js';
import { protocolError } from './protocol-error.js';
import type { OutgoingCall } from './transport.js';

type State =
  | { readonly kind: 'unsent' }
  | { readonly kind: 'open' }
  /** Nothing more arrives; then comes the error, if there is one. */
  | { readonly kind: 'ended'; readonly error: { readonly value: unknown } | undefined };

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown> | Promise<IteratorResult<unknown>>) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The caller's side of a stream: items that have arrived wait here, at most a window of them. An item takes one promise,
 * which is resolved already when the item is here.
 */
export class StreamReader extends PendingCall implements AsyncIterableIterator<unknown> {
  readonly credit: Grant;
  readonly #window: ReceiveWindow;
  readonly #arrived = new ItemQueue();
  readonly #waiting: Waiter[] = [];
  #state: State = { kind: 'unsent' };

  /** @param most items and bytes that may wait here */
  constructor(outgoing: OutgoingCall, owner: CallOwner, most: Grant) {
    super(outgoing, owner);
    this.#window = new ReceiveWindow(most);
    this.credit = this.#window.first;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#state.kind === 'unsent') this.#open();
    const arrived = this.#arrived;
    if (arrived.size > 0) {
      this.#consume(arrived.firstBytes);
      return Promise.resolve({ done: false, value: arrived.shift() });
    }
    if (this.#state.kind !== 'ended') {
      this.#window.starved();
      return new Promise((resolve) => {
        this.#waiting.push({ resolve });
      });
    }
    const { error } = this.#state;
    this.#state = { kind: 'ended', error: undefined };
    return error === undefined ? Promise.resolve(DONE) : this.#rejected(error.value);
  }

  /** Leaving the loop. */
  return(): Promise<IteratorResult<unknown>> {
    const wasOpen = this.#state.kind === 'open';
    this.#finish(undefined, 'drop-items');
    if (wasOpen) this.owner.abandon(this);
    return Promise.resolve(DONE);
  }

  result(): void {
    this.fail(
      new RemoteCallError('PROTOCOL_ERROR', 'the callee answered with a result, not with a stream', {
        executed: 'yes',
      }),
    );
  }

  item(reader: Reader): void {
    const bytes = reader.remaining;
    if (!this.#window.arrived(bytes)) throw protocolError('the callee sent more of a stream than it may');
    const value = this.#decode(reader);
    if (this.#state.kind === 'ended') return;
    const waiter = this.#waiting.shift();
    if (waiter === undefined) {
      this.#arrived.push(value, bytes);
      return;
    }
    this.#consume(bytes);
    waiter.resolve({ done: false, value });
  }

  end(): void {
    this.#finish(undefined, 'keep-items');
  }

  fail(error: unknown): void {
    this.#finish({ value: error }, 'keep-items');
  }

  protected failNow(error: RemoteCallError): void {
    this.#finish({ value: error }, 'drop-items');
  }

  #open(): void {
    this.#state = { kind: 'open' };
    try {
      this.owner.open(this);
    } catch (error) {
      this.fail(error);
    }
  }

  /** A malformed item ends the stream, not the connection. */
  #decode(reader: Reader): unknown {
    try {
      return decodeBody(this.outgoing, 'result', reader);
    } catch (error) {
      this.owner.abandon(this);
      this.fail(error);
      return undefined;
    }
  }

  #consume(bytes: number): void {
    const grant = this.#window.consumed(bytes);
    if (grant !== undefined && this.#state.kind === 'open') this.owner.grant(this, grant);
  }

  #finish(error: { readonly value: unknown } | undefined, items: 'keep-items' | 'drop-items'): void {
    if (items === 'drop-items') this.#arrived.clear();
    if (this.#state.kind === 'ended' && error !== undefined) return;
    const [first, ...others] = this.#waiting.splice(0);
    this.#state = { kind: 'ended', error: first === undefined ? error : undefined };
    if (first === undefined) return;
    if (error === undefined) first.resolve(DONE);
    else first.resolve(this.#rejected(error.value));
    for (const other of others) other.resolve(DONE);
  }

  #rejected(reason: unknown): Promise<never> {
    const { outgoing } = this;
    if (outgoing.recover === undefined) return Promise.reject(reason);
    return outgoing.recover(reason) as Promise<never>;
  }
}
