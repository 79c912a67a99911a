import type { Reader } from '../codec/reader.js';
import { RemoteCallError } from '../errors/remote-call-error.js';
import { type Grant, ReceiveWindow } from './flow-control.js';
import { type CallOwner, decodeBody, PendingCall } from './pending-call.js';
import { protocolError } from './protocol-error.js';
import type { OutgoingCall } from './transport.js';

type State =
  | { readonly kind: 'unsent' }
  | { readonly kind: 'open' }
  /** Nothing more arrives; then comes the error, if there is one. */
  | { readonly kind: 'ended'; readonly error: { readonly value: unknown } | undefined };

interface Item {
  readonly value: unknown;
  readonly bytes: number;
}

interface Waiter {
  readonly resolve: (result: IteratorResult<unknown>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** The caller's side of a stream: items that have arrived wait here, at most a window of them. */
export class StreamReader extends PendingCall implements AsyncIterableIterator<unknown> {
  readonly credit: Grant;
  readonly #window: ReceiveWindow;
  readonly #arrived: Item[] = [];
  readonly #waiting: Waiter[] = [];
  #state: State = { kind: 'unsent' };

  constructor(outgoing: OutgoingCall, owner: CallOwner, window: Grant) {
    super(outgoing, owner);
    this.credit = window;
    this.#window = new ReceiveWindow(window.items, window.bytes);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#state.kind === 'unsent') this.#open();
    const item = this.#arrived.shift();
    if (item !== undefined) {
      this.#consume(item);
      return Promise.resolve({ done: false, value: item.value });
    }
    if (this.#state.kind !== 'ended') {
      return new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
    }
    const { error } = this.#state;
    this.#state = { kind: 'ended', error: undefined };
    return error === undefined ? Promise.resolve(DONE) : Promise.reject(error.value);
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
    const item = { value: this.#decode(reader), bytes };
    if (this.#state.kind === 'ended') return;
    const waiter = this.#waiting.shift();
    if (waiter === undefined) {
      this.#arrived.push(item);
      return;
    }
    this.#consume(item);
    waiter.resolve({ done: false, value: item.value });
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

  #consume(item: Item): void {
    const grant = this.#window.consumed(item.bytes);
    if (grant !== undefined && this.#state.kind === 'open') this.owner.grant(this, grant);
  }

  #finish(error: { readonly value: unknown } | undefined, items: 'keep-items' | 'drop-items'): void {
    if (items === 'drop-items') this.#arrived.length = 0;
    if (this.#state.kind === 'ended' && error !== undefined) return;
    const [first, ...others] = this.#waiting.splice(0);
    this.#state = { kind: 'ended', error: first === undefined ? error : undefined };
    if (first === undefined) return;
    if (error === undefined) first.resolve(DONE);
    else first.reject(error.value);
    for (const other of others) other.resolve(DONE);
  }
}
