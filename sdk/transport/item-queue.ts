const FIRST_CAPACITY = 16;

/** Items of a stream that wait for their reader, with what each took of the window. A ring that doubles when it is full. */
export class ItemQueue {
  #items: unknown[] = new Array<unknown>(FIRST_CAPACITY);
  #bytes: number[] = new Array<number>(FIRST_CAPACITY).fill(0);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Of the first item; 0 when there is none. */
  get firstBytes(): number {
    return this.#size === 0 ? 0 : (this.#bytes[this.#first] ?? 0);
  }

  push(item: unknown, bytes: number): void {
    if (this.#size === this.#items.length) this.#grow();
    const at = (this.#first + this.#size) & (this.#items.length - 1);
    this.#items[at] = item;
    this.#bytes[at] = bytes;
    this.#size++;
  }

  /** Undefined when there is none: look at `size` to tell that from an item that is undefined. */
  shift(): unknown {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#items.length - 1);
    this.#size--;
    return item;
  }

  clear(): void {
    this.#items = new Array<unknown>(FIRST_CAPACITY);
    this.#bytes = new Array<number>(FIRST_CAPACITY).fill(0);
    this.#first = 0;
    this.#size = 0;
  }

  #grow(): void {
    const first = this.#first;
    const items = [...this.#items.slice(first), ...this.#items.slice(0, first)];
    const bytes = [...this.#bytes.slice(first), ...this.#bytes.slice(0, first)];
    items.length *= 2;
    this.#items = items;
    this.#bytes = [...bytes, ...bytes];
    this.#first = 0;
  }
}
