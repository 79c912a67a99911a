import { MAX_VALUE_BYTES } from '../state.js';
import { StateError } from '../state-error.js';

/** Values that are sent at a time; the oldest is given up for another. */
const MAX_UPLOADS = 4;

/** Values that come in parts. */
export class Uploads {
  readonly #parts = new Map<string, Buffer[]>();

  /** Resolves with how many bytes have come. Throws VALUE_TOO_LARGE. */
  add(upload: string, part: Buffer): number {
    const parts = this.#parts.get(upload) ?? [];
    const received = parts.reduce((bytes, { length }) => bytes + length, part.length);
    this.#parts.delete(upload);
    if (received > MAX_VALUE_BYTES)
      throw new StateError('VALUE_TOO_LARGE', `a value of more than ${MAX_VALUE_BYTES} bytes`);
    for (const oldest of this.#parts.keys()) {
      if (this.#parts.size < MAX_UPLOADS) break;
      this.#parts.delete(oldest);
    }
    this.#parts.set(upload, [...parts, part]);
    return received;
  }

  /** All of it, with the last part. Throws OVERLOADED when it was given up. */
  take(upload: string | undefined, last: Buffer): Buffer {
    if (upload === undefined) return last;
    const parts = this.#parts.get(upload);
    this.#parts.delete(upload);
    if (parts === undefined)
      throw new StateError(
        'OVERLOADED',
        `more than ${MAX_UPLOADS} large values came at a time; send it again`,
      );
    return Buffer.concat([...parts, last]);
  }
}
