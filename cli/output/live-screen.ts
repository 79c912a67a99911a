import type { TextOutput } from '../environment.js';

const ESCAPE = '\u001b[';

/** Lines of a terminal that are redrawn in place, below what was there before. */
export class LiveScreen {
  readonly #output: TextOutput;
  #height = 0;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  draw(lines: readonly string[]): void {
    const hideCursor = this.#height === 0 ? `${ESCAPE}?25l` : '';
    const body = lines.map((line) => `${line}${ESCAPE}K\n`).join('');
    this.#output.write(`${hideCursor}${this.#up()}${body}${ESCAPE}J`);
    this.#height = lines.length;
  }

  /** Leaves the last lines standing; what is written next comes below them. Idempotent. */
  release(): void {
    if (this.#height > 0) this.#output.write(`${ESCAPE}?25h`);
    this.#height = 0;
  }

  #up(): string {
    return this.#height === 0 ? '' : `\r${ESCAPE}${this.#height}A`;
  }
}
