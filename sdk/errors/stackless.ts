/**
 * Runs `make` with errors that capture no stack: it is most of what an error costs, and of those that come in thousands a second nobody
 * reads it.
 */
export function withoutStack<Value>(make: () => Value): Value {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

const STACKS_A_SECOND = 10;

/** Lets the first errors of each second have a stack: enough to find where they come from. */
export class StackBudget {
  #second = Number.NEGATIVE_INFINITY;
  #taken = 0;

  /** `now` in ms. */
  take(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#taken = 0;
    }
    return ++this.#taken <= STACKS_A_SECOND;
  }
}
