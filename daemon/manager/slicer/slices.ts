import type { Assignment } from '../assignment.js';

export const SPACE = 2 ** 32;

/** A part of a slice of which the load is known; evenly spread over it. A hot key is one hash long. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  readonly load: number;
}

/** [start, end) of the hash space. */
export interface Slice {
  readonly start: number;
  readonly end: number;
  readonly owner: string;
  /** Replicas that own it as well; its load is as good as even among its owners, by the choice that callers make. */
  readonly others: readonly string[];
  /** The sum of its pieces. */
  readonly load: number;
  /** Sorted by start; no load is outside of them. */
  readonly pieces: readonly Piece[];
}

export function shareOf({ start, end }: Slice): number {
  return (end - start) / SPACE;
}

export function totalLoad(slices: readonly Slice[]): number {
  return slices.reduce((sum, { load }) => sum + load, 0);
}

/** One key's. */
export function isOfOneKey({ start, end }: Slice): boolean {
  return end - start === 1;
}

export function ownersOf({ owner, others }: Slice): readonly string[] {
  return [owner, ...others];
}

/** Of at least one owner. */
export function ownedBy(slice: Slice, [owner = '', ...others]: readonly string[]): Slice {
  return { ...slice, owner, others };
}

/** What each owner has of its load. */
export function partOf({ load, others }: Slice): number {
  return load / (1 + others.length);
}

/** Neighbours of one owner stay apart: they may be moved apart. */
export function toAssignment(slices: readonly Slice[]): Assignment {
  const assignment = { starts: slices.map(({ start }) => start), owners: slices.map(({ owner }) => owner) };
  return slices.every(({ others }) => others.length === 0)
    ? assignment
    : { ...assignment, others: slices.map(({ others }) => others) };
}

/** Cut in two; undefined when the place is not within it. */
export function cut(slice: Slice, at: number): readonly [Slice, Slice] | undefined {
  if (at <= slice.start || at >= slice.end) return undefined;
  const below: Piece[] = [];
  const above: Piece[] = [];
  for (const piece of slice.pieces) {
    if (piece.end <= at) below.push(piece);
    else if (piece.start >= at) above.push(piece);
    else {
      const load = (piece.load * (at - piece.start)) / (piece.end - piece.start);
      below.push({ start: piece.start, end: at, load });
      above.push({ start: at, end: piece.end, load: piece.load - load });
    }
  }
  return [
    { ...slice, end: at, load: loadOf(below), pieces: below },
    { ...slice, start: at, load: loadOf(above), pieces: above },
  ];
}

/** Two neighbours as one of the owner. */
export function joined(below: Slice, above: Slice, owner: string): Slice {
  const pieces = [...below.pieces, ...above.pieces];
  return { start: below.start, end: above.end, owner, others: [], load: below.load + above.load, pieces };
}

export function loadOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { load }) => sum + load, 0);
}

/** Load by replica, of all that are named. */
export function loadByReplica(slices: readonly Slice[], replicas: readonly string[]): Map<string, number> {
  const loads = new Map(replicas.map((replica) => [replica, 0]));
  for (const slice of slices) {
    for (const owner of ownersOf(slice)) {
      const sum = loads.get(owner);
      if (sum !== undefined) loads.set(owner, sum + partOf(slice));
    }
  }
  return loads;
}
