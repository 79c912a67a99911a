/** What replicas are put on; its load only rises while a plan is made. */
export interface Loaded {
  readonly name: string;
  readonly load: number;
  /** Rises whenever the load may have changed. */
  readonly replicas: number;
  /** Decides between equals; the name where even that is equal. */
  readonly rank: number;
}

interface Entry<T> {
  readonly item: T;
  load: number;
  replicas: number;
}

/**
 * The least loaded first. Loads change while items lie in it (an item may be in several heaps): as they only rise, what
 * is noted of an item is never too high, and is brought up to date when it comes to the top.
 */
export class LoadHeap<T extends Loaded> {
  readonly #entries: Entry<T>[] = [];

  constructor(items: Iterable<T> = []) {
    for (const item of items) this.#entries.push({ item, load: item.load, replicas: item.replicas });
    for (let index = (this.#entries.length >> 1) - 1; index >= 0; index--) this.#sink(index);
  }

  get size(): number {
    return this.#entries.length;
  }

  push(item: T): void {
    const entries = this.#entries;
    const entry = { item, load: item.load, replicas: item.replicas };
    let index = entries.length;
    entries.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = entries[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      entries[index] = parent;
      index = above;
    }
    entries[index] = entry;
  }

  peek(): T | undefined {
    for (;;) {
      const top = this.#entries[0];
      if (top === undefined || top.replicas === top.item.replicas) return top?.item;
      top.load = top.item.load;
      top.replicas = top.item.replicas;
      this.#sink(0);
    }
  }

  pop(): T | undefined {
    const item = this.peek();
    const last = this.#entries.pop();
    if (last !== undefined && this.#entries.length > 0) {
      this.#entries[0] = last;
      this.#sink(0);
    }
    return item;
  }

  #sink(from: number): void {
    const entries = this.#entries;
    const entry = entries[from];
    if (entry === undefined) return;
    let index = from;
    for (;;) {
      const left = entries[2 * index + 1];
      const right = entries[2 * index + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, entry)) break;
      entries[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    entries[index] = entry;
  }
}

function isBefore(a: Entry<Loaded>, b: Entry<Loaded>): boolean {
  if (a.load !== b.load) return a.load < b.load;
  if (a.replicas !== b.replicas) return a.replicas < b.replicas;
  if (a.item.rank !== b.item.rank) return a.item.rank < b.item.rank;
  return a.item.name < b.item.name;
}
