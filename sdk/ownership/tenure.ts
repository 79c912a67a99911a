import type { SliceRange } from './slice-ranges.js';

/** How far the component is with taking over what it was granted. */
export type AcquisitionState =
  /** An earlier tenure of some of its keys has not ended. */
  | { readonly kind: 'waiting' }
  /** `onAcquire` runs; `ended` resolves however it ends. */
  | { readonly kind: 'running'; readonly ended: Promise<void> }
  /** It has run for so long that calls no longer wait for it. */
  | { readonly kind: 'late'; readonly ended: Promise<void> }
  | { readonly kind: 'done' }
  /** It is tried again. */
  | { readonly kind: 'failed'; readonly message: string };

export class Acquisition {
  state: AcquisitionState = { kind: 'waiting' };

  /** Of the lease, when it began: see Lease.term. */
  term = 0;

  /** `failures` of the attempts before it. */
  constructor(readonly failures = 0) {}

  /** The component knows of it, and is to be told when the slice is taken from it. */
  get begun(): boolean {
    return this.state.kind !== 'waiting' && this.state.kind !== 'failed';
  }
}

/** What this replica owns, from when it is granted. Parts of what was acquired together share their acquisition. */
export interface Tenure extends SliceRange {
  readonly acquisition: Acquisition;
}

/** Neighbours that were acquired under the same epoch and term are one: what is held has no more parts than what is granted. */
export function coalesced(sorted: readonly Tenure[]): readonly Tenure[] {
  const result: Tenure[] = [];
  for (const tenure of sorted) {
    const last = result.at(-1);
    if (last !== undefined && continues(last, tenure))
      result[result.length - 1] = { ...last, end: tenure.end };
    else result.push(tenure);
  }
  return result;
}

function continues(before: Tenure, { start, epoch, acquisition }: Tenure): boolean {
  if (before.end !== start || before.epoch !== epoch) return false;
  if (before.acquisition === acquisition) return true;
  const isDone = before.acquisition.state.kind === 'done' && acquisition.state.kind === 'done';
  return isDone && before.acquisition.term === acquisition.term;
}

/** The one of sorted tenures that has the hash. */
export function tenureOf(tenures: readonly Tenure[], hash: number): Tenure | undefined {
  let low = 0;
  let high = tenures.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tenures[middle]?.start ?? 0) <= hash) low = middle + 1;
    else high = middle;
  }
  const tenure = tenures[low - 1];
  return tenure !== undefined && hash < tenure.end ? tenure : undefined;
}
