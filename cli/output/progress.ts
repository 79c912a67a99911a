import type { TextOutput } from '../environment.js';
import { truncatePainted } from './printable.js';

const CLEAR_LINE = '\r\u001b[K';

/** What is going on now: one line that is overwritten on a terminal, else a line for each change. */
export class Progress {
  readonly #output: TextOutput;
  #shown = '';

  constructor(output: TextOutput) {
    this.#output = output;
  }

  update(text: string): void {
    if (text === this.#shown) return;
    this.#shown = text;
    if (this.#output.isTTY) this.#draw();
    else this.#output.write(`${text}\n`);
  }

  /** Writes what stays, above the line. Ends with a line break of its own. */
  above(write: () => void): void {
    if (!this.#output.isTTY || this.#shown === '') return write();
    this.#output.write(CLEAR_LINE);
    write();
    this.#draw();
  }

  /** On a terminal, takes the line away. */
  clear(): void {
    if (this.#output.isTTY && this.#shown !== '') this.#output.write(CLEAR_LINE);
    this.#shown = '';
  }

  #draw(): void {
    this.#output.write(CLEAR_LINE + truncatePainted(this.#shown, this.#output.columns - 1));
  }
}
