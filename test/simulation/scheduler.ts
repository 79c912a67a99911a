import type { Random } from './random.js';

interface Event {
  /** Virtual ms. */
  readonly at: number;
  /** At random among those of one time. */
  readonly tie: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** Virtual time: runs what is due, one thing at a time, in an order that the seed decides. */
export class Scheduler {
  readonly #random: Random;
  /** A binary heap. */
  readonly #events: Event[] = [];
  #order = 0;
  #now = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whole virtual ms since the beginning. */
  get now(): number {
    return this.#now;
  }

  /** Events so far. */
  get steps(): number {
    return this.#order - this.#events.length;
  }

  /** Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const at = this.#now + Math.max(0, Math.ceil(delayMs));
    const event: Event = { at, tie: this.#random.next(), order: this.#order++, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  /** Runs the next event, and all that follows from it without time passing. False when there is none. */
  async step(): Promise<boolean> {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      if (event.run === undefined) continue;
      this.#now = event.at;
      event.run();
      await microtasks();
      return true;
    }
    return false;
  }

  #push(event: Event): void {
    const events = this.#events;
    let index = events.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = events[parent];
      if (above === undefined || !isBefore(event, above)) break;
      events[index] = above;
      index = parent;
    }
    events[index] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let below = events[child];
      const right = events[child + 1];
      if (below !== undefined && right !== undefined && isBefore(right, below)) {
        below = right;
        child++;
      }
      if (below === undefined || !isBefore(below, last)) break;
      events[index] = below;
      index = child;
    }
    events[index] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.at !== b.at) return a.at < b.at;
  return a.tie === b.tie ? a.order < b.order : a.tie < b.tie;
}

/** Resolves when every promise that could go on has done so: Node runs its ticks once no microtask is left. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
