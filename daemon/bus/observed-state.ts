import type { BusState, Subscription } from './bus.js';

/** A bus's state; tells whoever wants to hear when it, or its reason, becomes another. */
export class ObservedState {
  readonly #handlers = new Set<(state: BusState) => void>();
  #current: BusState;

  constructor(first: BusState) {
    this.#current = first;
  }

  get current(): BusState {
    return this.#current;
  }

  /** After `closed` it stays so. */
  become(next: BusState): void {
    if (this.#current.kind === 'closed' || isSame(this.#current, next)) return;
    this.#current = next;
    for (const handler of [...this.#handlers]) handler(next);
  }

  onState(handler: (state: BusState) => void): Subscription {
    const own = (state: BusState) => handler(state);
    this.#handlers.add(own);
    return { close: () => void this.#handlers.delete(own) };
  }
}

function isSame(a: BusState, b: BusState): boolean {
  return a.kind === b.kind && reasonOf(a) === reasonOf(b);
}

function reasonOf(state: BusState): string | undefined {
  return 'reason' in state ? state.reason : undefined;
}
