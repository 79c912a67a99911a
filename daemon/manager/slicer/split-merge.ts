import { cut, joined, loadByReplica, type Slice, shareOf, totalLoad } from './slices.js';

/** A slice is split when it has so many times the mean load of a slice. */
const HOT = 2;

/**
 * Splits hot slices, which moves nothing, until none has twice the mean or there are `most`. A hot key becomes a slice of
 * its own. The mean is taken over `least` slices at least, so that few slices are split too.
 */
export function split(slices: readonly Slice[], least: number, most: number): readonly Slice[] {
  const total = totalLoad(slices);
  if (total === 0) return slices;
  let all = slices;
  for (;;) {
    const room = most - all.length;
    const hot = (HOT * total) / Math.max(all.length, least);
    const parts = new Map(
      all
        .filter(({ load }) => load >= hot)
        .sort((a, b) => b.load - a.load)
        // Each becomes three at most.
        .slice(0, Math.max(0, Math.floor(room / 2)))
        .map((slice) => [slice, partsOf(slice)]),
    );
    const next = all.flatMap((slice) => parts.get(slice) ?? [slice]);
    if (next.length === all.length) return all;
    all = next;
  }
}

/** The halves by load; or, when one key has the middle of it, that key and what is below and above it. */
function partsOf(slice: Slice): readonly Slice[] {
  const half = slice.load / 2;
  let sum = 0;
  for (const { start, end, load } of slice.pieces) {
    if (sum + load >= half) {
      if (end - start === 1) return cutAll(slice, [start, end]);
      const at = Math.floor(start + ((end - start) * (half - sum)) / load);
      return cutAll(slice, [Math.min(Math.max(at, slice.start + 1), slice.end - 1)]);
    }
    sum += load;
  }
  return [slice];
}

function cutAll(slice: Slice, places: readonly number[]): readonly Slice[] {
  const parts: Slice[] = [];
  let rest = slice;
  for (const at of places) {
    const halves = cut(rest, at);
    if (halves === undefined) continue;
    parts.push(halves[0]);
    rest = halves[1];
  }
  return [...parts, rest];
}

/**
 * Merges neighbours that together have less than the mean load of a slice, while there are more than `least`: first those
 * of one owner, then others, as far as the hotter one's owner stays below `limit` and no more than `churn` of the space
 * moves.
 */
export function merge(
  slices: readonly Slice[],
  replicas: readonly string[],
  { least, churn, limit }: { readonly least: number; readonly churn: number; readonly limit: number },
): readonly Slice[] {
  const cold = totalLoad(slices) / slices.length;
  const loads = loadByReplica(slices, replicas);
  let surplus = slices.length - least;
  let left = churn;
  const pass = (from: readonly Slice[], mayMove: boolean): readonly Slice[] => {
    const kept: Slice[] = [];
    for (const slice of from) {
      const below = kept.at(-1);
      const isShared = slice.others.length > 0 || (below?.others.length ?? 0) > 0;
      if (below === undefined || surplus <= 0 || isShared || below.load + slice.load >= cold) {
        kept.push(slice);
        continue;
      }
      const [stays, goes] = below.load >= slice.load ? [below, slice] : [slice, below];
      if (stays.owner !== goes.owner) {
        const load = (loads.get(stays.owner) ?? 0) + goes.load;
        if (!mayMove || shareOf(goes) > left || load > limit) {
          kept.push(slice);
          continue;
        }
        left -= shareOf(goes);
        loads.set(stays.owner, load);
        loads.set(goes.owner, (loads.get(goes.owner) ?? 0) - goes.load);
      }
      kept[kept.length - 1] = joined(below, slice, stays.owner);
      surplus--;
    }
    return kept;
  };
  return pass(pass(slices, false), true);
}
