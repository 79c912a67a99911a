import type { ComponentRouting } from '../protocol/control.js';
import { NO_OWNER } from '../protocol/control.js';
import type { Clock } from '../transport/clock.js';

/** Time that a test moves. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #tasks = new Map<object, { readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const id = {};
    this.#tasks.set(id, { at: this.#now + delayMs, run });
    return () => this.#tasks.delete(id);
  }

  /** Time passes unnoticed, as for a process that is paused. */
  pause(ms: number): void {
    this.#now += ms;
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: [object, { readonly at: number; readonly run: () => void }] | undefined;
      for (const entry of this.#tasks)
        if (entry[1].at <= end && (next === undefined || entry[1].at < next[1].at)) next = entry;
      if (next === undefined) break;
      this.#tasks.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].run();
    }
    this.#now = end;
  }
}

export const SELF = { replica: 'r0', generation: 1 };
const address = { kind: 'unix', path: '/r' } as const;

export type Owner = 'self' | 'other' | 'nobody';

/** A routing of slices that are `width` hashes wide; the last one goes to the end of the space. */
export function routingOf(
  epoch: number,
  slices: readonly { readonly owner: Owner; readonly epoch: number }[],
  width = 10,
): ComponentRouting {
  return {
    component: 'C',
    epoch,
    replicas: [
      { ...SELF, group: 'g', address },
      { replica: 'r1', generation: 1, group: 'g', address },
    ],
    assignment: {
      starts: slices.map((_, index) => index * width),
      owners: slices.map(({ owner }) => (owner === 'self' ? 0 : owner === 'other' ? 1 : NO_OWNER)),
      epochs: slices.map((slice) => slice.epoch),
    },
  };
}

/** Promises that are due have been followed. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
