import type { Operation } from './operation.js';

/**
 * Operations of unknown outcome: each takes effect at some time after its invocation, or never. Those with the same input
 * cannot be told apart, so the one invoked first goes first.
 */
export class Pending<Input> {
  readonly #kinds: readonly { readonly input: Input; readonly invokedAt: readonly number[] }[];
  readonly #used: Uint16Array;

  constructor(operations: readonly Operation<Input, unknown>[]) {
    const kinds = new Map<string, { readonly input: Input; readonly invokedAt: number[] }>();
    for (const { input, invokedAt } of operations) {
      const name = JSON.stringify(input);
      const kind = kinds.get(name) ?? { input, invokedAt: [] };
      kinds.set(name, kind);
      kind.invokedAt.push(invokedAt);
    }
    this.#kinds = [...kinds.values()];
    for (const { invokedAt } of kinds.values()) invokedAt.sort((a, b) => a - b);
    this.#used = new Uint16Array(this.#kinds.length);
  }

  /** Numbers of the kinds of which one was invoked by then and has not taken effect. */
  *next(by: number): Iterable<{ readonly kind: number; readonly input: Input }> {
    for (const [kind, { input, invokedAt }] of this.#kinds.entries()) {
      const first = invokedAt[this.#used[kind] ?? 0];
      if (first !== undefined && first <= by) yield { kind, input };
    }
  }

  add(kind: number): void {
    this.#used[kind] = (this.#used[kind] ?? 0) + 1;
  }

  remove(kind: number): void {
    this.#used[kind] = (this.#used[kind] ?? 0) - 1;
  }

  key(): string {
    return String.fromCharCode(...this.#used);
  }
}
