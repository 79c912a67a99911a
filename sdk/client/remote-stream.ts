import type { ClientConnection, OutgoingCall } from '../transport/transport.js';

/** What a stream needs of its call. */
export interface StreamedCall {
  /** Before the first attempt. */
  begin(): void;
  /** An open connection to a replica; waits for one while there is time. */
  connection(): Promise<ClientConnection>;
  /** The call as an attempt sends it. `recover` is asked what the reader sees when the attempt fails. */
  attempt(recover: (reason: unknown) => Promise<never>): OutgoingCall;
  /** Returns when another attempt should be made; else throws what the caller should see. */
  recover(reason: unknown, attempt: number): Promise<void>;
}

type State =
  | { readonly kind: 'unsent' }
  /** No item has come: when the call fails, it may be sent again. */
  | {
      readonly kind: 'beginning';
      readonly first: Promise<IteratorResult<unknown>>;
      readonly items: AsyncIterator<unknown> | undefined;
    }
  | { readonly kind: 'begun'; readonly items: AsyncIterator<unknown> }
  | { readonly kind: 'over' };

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The items of a remote method, as its caller iterates them. No async generator: from the first item on `next()` is the
 * connection's own, and its promise the only one an item takes.
 */
export class RemoteStream implements AsyncIterableIterator<unknown> {
  readonly #call: StreamedCall;
  #state: State = { kind: 'unsent' };

  constructor(call: StreamedCall) {
    this.#call = call;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    const state = this.#state;
    switch (state.kind) {
      case 'begun':
        return state.items.next();
      case 'unsent':
        return this.#begin();
      case 'beginning': {
        const next = () => this.next();
        return state.first.then(next, next);
      }
      case 'over':
        return Promise.resolve(DONE);
    }
  }

  /** Leaving the loop. */
  return(): Promise<IteratorResult<unknown>> {
    const state = this.#state;
    this.#state = { kind: 'over' };
    if (state.kind === 'begun' || state.kind === 'beginning') state.items?.return?.();
    return Promise.resolve(DONE);
  }

  #begin(): Promise<IteratorResult<unknown>> {
    this.#call.begin();
    const first = this.#first();
    this.#state = { kind: 'beginning', first, items: undefined };
    // The first to hear of it: who called next() meanwhile comes after, and in order.
    first.then(
      ({ done }) => this.#begun(done === true),
      () => this.#begun(true),
    );
    return first;
  }

  #begun(over: boolean): void {
    const state = this.#state;
    if (state.kind !== 'beginning') return;
    this.#state =
      over || state.items === undefined ? { kind: 'over' } : { kind: 'begun', items: state.items };
  }

  /** Resolves to the first item, of the first attempt that gives one. */
  async #first(): Promise<IteratorResult<unknown>> {
    for (let attempt = 1; ; attempt++) {
      try {
        const connection = await this.#call.connection();
        const state = this.#state;
        if (state.kind !== 'beginning') return DONE;
        const outgoing = this.#call.attempt((reason) => this.#failed(reason));
        const items = connection.stream(outgoing)[Symbol.asyncIterator]();
        this.#state = { ...state, items };
        return await items.next();
      } catch (reason) {
        await this.#call.recover(reason, attempt);
      }
    }
  }

  /** A stream that gave items cannot begin again behind its reader's back. */
  async #failed(reason: unknown): Promise<never> {
    if (this.#state.kind === 'beginning') throw reason;
    // After two turns the caller's promise follows this one, and V8 knows whose stack this is on.
    await undefined;
    await undefined;
    await this.#call.recover(reason, Number.POSITIVE_INFINITY);
    throw reason;
  }
}
