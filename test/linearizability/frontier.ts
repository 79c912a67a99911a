import type { Operation } from './operation.js';

const WORD = 16;

/** An operation whose outcome is known: it took effect between its invocation and its end. */
export interface Known<Input, Output> {
  readonly index: number;
  readonly input: Input;
  readonly output: Output;
  readonly invokedAt: number;
  readonly endedAt: number;
}

/** Which operations of known outcome are in the order already, and which can come next. */
export class Frontier<Input, Output> {
  readonly #operations: readonly Known<Input, Output>[];
  readonly #isDone: Uint16Array;
  #open: number;
  /** No operation below it is open. */
  #first = 0;

  constructor(operations: readonly Operation<Input, Output>[]) {
    this.#operations = operations
      .flatMap(({ input, invokedAt, outcome }) =>
        outcome.kind === 'ok' ? [{ input, output: outcome.output, invokedAt, endedAt: outcome.at }] : [],
      )
      .sort((a, b) => a.invokedAt - b.invokedAt)
      .map((operation, index) => ({ index, ...operation }));
    this.#isDone = new Uint16Array(Math.ceil(this.#operations.length / WORD) + 1);
    this.#open = this.#operations.length;
  }

  get isEmpty(): boolean {
    return this.#open === 0;
  }

  /** Those that began before each open one has ended, by their ends; and when the first of them ends. */
  next(): { readonly candidates: readonly Known<Input, Output>[]; readonly before: number } {
    let before = Number.POSITIVE_INFINITY;
    const open: Known<Input, Output>[] = [];
    for (let index = this.#first; index < this.#operations.length; index++) {
      const operation = this.#operations[index];
      if (operation === undefined || operation.invokedAt > before) break;
      if (this.#has(index)) continue;
      open.push(operation);
      before = Math.min(before, operation.endedAt);
    }
    const candidates = open.filter(({ invokedAt }) => invokedAt <= before);
    return { candidates: candidates.sort((a, b) => a.endedAt - b.endedAt), before };
  }

  add({ index }: Known<Input, Output>): void {
    this.#flip(index);
    this.#open--;
    while (this.#first < this.#operations.length && this.#has(this.#first)) this.#first++;
  }

  remove({ index }: Known<Input, Output>): void {
    this.#flip(index);
    this.#open++;
    this.#first = Math.min(this.#first, index);
  }

  /** The same for equal sets only. */
  key(): string {
    const words = this.#isDone;
    const from = Math.min(Math.floor(this.#first / WORD), words.length - 1);
    let to = words.length;
    while (to > from && words[to - 1] === 0) to--;
    return `${from}:${String.fromCharCode(...words.subarray(from, to))}`;
  }

  #has(index: number): boolean {
    return ((this.#isDone[Math.floor(index / WORD)] ?? 0) & (1 << (index % WORD))) !== 0;
  }

  #flip(index: number): void {
    const word = Math.floor(index / WORD);
    this.#isDone[word] = (this.#isDone[word] ?? 0) ^ (1 << (index % WORD));
  }
}
