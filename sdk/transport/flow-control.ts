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

/** What a sender may send at first. */
const FIRST_ITEMS = 256;

/**
 * A stream's reader: what has arrived and was not consumed stays within the window, and credit is granted again in
 * portions of half a window as items are consumed. The window begins small, so that not much is made in vain for a reader
 * that leaves early, and is doubled while the reader consumes faster than items arrive.
 */
export class ReceiveWindow {
  /** The sender's first credit. */
  readonly first: Grant;
  readonly #most: Grant;
  #items: number;
  /** What the sender has left, as far as the reader's grants tell. */
  readonly #granted: SendCredit;
  #consumedItems = 0;
  #consumedBytes = 0;
  #starved = false;

  constructor(most: Grant) {
    this.#most = most;
    this.#items = Math.min(most.items, FIRST_ITEMS);
    this.first = { items: this.#items, bytes: most.bytes };
    this.#granted = new SendCredit(this.#items, most.bytes);
  }

  /** False when the sender had no credit for it. */
  arrived(bytes: number): boolean {
    if (!this.#granted.available) return false;
    this.#granted.spend(bytes);
    return true;
  }

  /** The reader waits for an item. */
  starved(): void {
    this.#starved = true;
  }

  /** What to grant now, if it is worth a frame. */
  consumed(bytes: number): Grant | undefined {
    this.#consumedItems++;
    this.#consumedBytes += bytes;
    if (2 * this.#consumedItems < this.#items && 2 * this.#consumedBytes < this.#most.bytes) return undefined;
    const growth = this.#starved ? Math.min(this.#items, this.#most.items - this.#items) : 0;
    const grant = { items: this.#consumedItems + growth, bytes: this.#consumedBytes };
    this.#granted.grant(grant.items, grant.bytes);
    this.#items += growth;
    this.#starved = false;
    this.#consumedItems = 0;
    this.#consumedBytes = 0;
    return grant;
  }
}
