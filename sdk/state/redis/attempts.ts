import { randomBytes } from 'node:crypto';

const COUNTER = 8;

/** Names for what is tried, 16 characters that no other process uses: the first 8 are of this store. */
export class Attempts {
  readonly #own = randomBytes(6).toString('base64url');
  #count = 0;

  next(): string {
    return this.#own + (++this.#count).toString(36).padStart(COUNTER, '0');
  }

  isOwn(attempt: string): boolean {
    return attempt.startsWith(this.#own);
  }
}
