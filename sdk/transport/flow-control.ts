const MAX_CREDIT = 2 ** 32 - 1;

/** What a stream's sender may still send. Bytes may be overdrawn by one item, so that no item is too large to pass. */
export class SendCredit {
  #items: number;
  #bytes: number;

  constructor(items: number, bytes: number) {
    this.#items = items;
    this.#bytes = bytes;
  }

  get available(): boolean {
    return this.#items > 0 && this.#bytes > 0;
  }

  spend(bytes: number): void {
    this.#items--;
    this.#bytes -= bytes;
  }

  /** False when the sum is more than any reader can mean. */
  grant(items: number, bytes: number): boolean {
    this.#items += items;
    this.#bytes += bytes;
    return this.#items <= MAX_CREDIT && this.#bytes <= MAX_CREDIT;
  }
}

export interface Grant {
  readonly items: number;
  readonly bytes: number;
}

/**
 * A stream's reader: what has arrived and was not consumed stays within the window, and credit is granted again in
 * portions of half a window as items are consumed.
 */
export class ReceiveWindow {
  readonly #items: number;
  readonly #bytes: number;
  /** What the sender has left, as far as the reader's grants tell. */
  readonly #granted: SendCredit;
  #consumedItems = 0;
  #consumedBytes = 0;

  constructor(items: number, bytes: number) {
    this.#items = items;
    this.#bytes = bytes;
    this.#granted = new SendCredit(items, bytes);
  }

  /** False when the sender had no credit for it. */
  arrived(bytes: number): boolean {
    if (!this.#granted.available) return false;
    this.#granted.spend(bytes);
    return true;
  }

  /** What to grant now, if it is worth a frame. */
  consumed(bytes: number): Grant | undefined {
    this.#consumedItems++;
    this.#consumedBytes += bytes;
    if (2 * this.#consumedItems < this.#items && 2 * this.#consumedBytes < this.#bytes) return undefined;
    const grant = { items: this.#consumedItems, bytes: this.#consumedBytes };
    this.#granted.grant(grant.items, grant.bytes);
    this.#consumedItems = 0;
    this.#consumedBytes = 0;
    return grant;
  }
}
