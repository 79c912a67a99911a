import type { ComponentRouting } from '../protocol/control.js';

/** Number of hashes: they go from 0 to this, without it. */
export const KEY_SPACE = 2 ** 32;

/** The hashes from `start` up to, not including, `end`, and their fencing number. */
export interface SliceRange {
  readonly start: number;
  readonly end: number;
  readonly epoch: number;
}

/** What a process that runs the whole app owns. */
export const WHOLE_SPACE: SliceRange = { start: 0, end: KEY_SPACE, epoch: 1 };

export interface Self {
  readonly replica: string;
  readonly generation: number;
}

/** What the routing grants to one generation of one replica, sorted; neighbours of one epoch are one range. */
export function grantedTo(self: Self, { replicas, assignment }: ComponentRouting): readonly SliceRange[] {
  const index = replicas.findIndex(
    ({ replica, generation, elsewhere }) =>
      replica === self.replica && generation === self.generation && elsewhere !== true,
  );
  if (index < 0 || assignment?.epochs === undefined) return [];
  const { starts, owners, epochs } = assignment;
  const ranges: SliceRange[] = [];
  starts.forEach((start, slice) => {
    const epoch = epochs[slice];
    if (owners[slice] !== index || epoch === undefined) return;
    const end = starts[slice + 1] ?? KEY_SPACE;
    const before = ranges.at(-1);
    if (before?.end === start && before.epoch === epoch) ranges[ranges.length - 1] = { ...before, end };
    else ranges.push({ start, end, epoch });
  });
  return ranges;
}

/** A part of something that is held, with the epoch that it has from now on. */
export interface Part<H> extends SliceRange {
  readonly held: H;
}

export interface Changes<H> {
  readonly kept: readonly Part<H>[];
  readonly lost: readonly Part<H>[];
  readonly gained: readonly SliceRange[];
}

/**
 * From what is held to what is granted; both sorted, each without overlaps. What is granted with another epoch than it is
 * held with is lost and gained, since somebody else may have had it in between, unless `mayRise` says that nobody can have:
 * slices of one owner that became one have the epoch of one of them.
 */
export function changesBetween<H extends SliceRange>(
  held: readonly H[],
  granted: readonly SliceRange[],
  mayRise: (held: H) => boolean,
): Changes<H> {
  const cuts = [...new Set([...held, ...granted].flatMap(({ start, end }) => [start, end]))];
  cuts.sort((a, b) => a - b);
  const kept: Part<H>[] = [];
  const lost: Part<H>[] = [];
  const gained: SliceRange[] = [];
  let h = 0;
  let g = 0;
  cuts.forEach((start, index) => {
    const end = cuts[index + 1];
    if (end === undefined) return;
    while ((held[h]?.end ?? KEY_SPACE) <= start) h++;
    while ((granted[g]?.end ?? KEY_SPACE) <= start) g++;
    const mine = covering(held[h], start);
    const given = covering(granted[g], start);
    const goesOn =
      mine !== undefined &&
      given !== undefined &&
      (given.epoch === mine.epoch || (given.epoch > mine.epoch && mayRise(mine)));
    if (goesOn) extend(kept, { held: mine, start, end, epoch: given.epoch });
    else if (mine !== undefined) extend(lost, { held: mine, start, end, epoch: mine.epoch });
    if (given !== undefined && !goesOn) {
      const last = gained.at(-1);
      if (last?.end === start && last.epoch === given.epoch) gained[gained.length - 1] = { ...last, end };
      else gained.push({ start, end, epoch: given.epoch });
    }
  });
  return { kept, lost, gained };
}

function covering<R extends SliceRange>(range: R | undefined, at: number): R | undefined {
  return range !== undefined && range.start <= at ? range : undefined;
}

function extend<H>(parts: Part<H>[], part: Part<H>): void {
  const last = parts.at(-1);
  if (last?.held === part.held && last.end === part.start && last.epoch === part.epoch)
    parts[parts.length - 1] = { ...last, end: part.end };
  else parts.push(part);
}

export function overlaps(a: SliceRange, b: SliceRange): boolean {
  return a.start < b.end && b.start < a.end;
}
