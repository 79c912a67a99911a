import { hashKey } from '../../sdk/protocol/key-hash.js';
import { SliceTable } from '../../sdk/routing/slice-table.js';

const KEYS = 2 ** 16;

export interface LookupRound {
  /** Nanoseconds each, of the processor's time. */
  readonly hash: number;
  readonly table: number;
  readonly both: number;
}

/** The way of a call's key to its owner, in rounds: the hash of a key as `user-1234567`, the table's search, and both. */
export function lookupRounds(
  slices: number,
  rounds: number,
  lookups: number,
  random: () => number,
): readonly LookupRound[] {
  const starts = [...new Set([0, ...Array.from({ length: slices - 1 }, () => random32(random))])].sort(
    (a, b) => a - b,
  );
  const table = new SliceTable({ starts, owners: starts.map((_, index) => index % 100) });
  const ownerOf = (hash: number) => table.ownerAt(table.sliceOf(hash)) ?? 0;
  const keys = Array.from({ length: KEYS }, () => `user-${1e6 + Math.floor(random() * 9e6)}`);
  const hashes = Uint32Array.from(keys, hashKey);
  const measured: LookupRound[] = [];
  for (let round = -1; round < rounds; round++) {
    const found = {
      hash: timed(lookups, (at) => hashKey(keys[at & (KEYS - 1)] ?? '')),
      table: timed(lookups, (at) => ownerOf(hashes[at & (KEYS - 1)] ?? 0)),
      both: timed(lookups, (at) => ownerOf(hashKey(keys[at & (KEYS - 1)] ?? ''))),
    };
    if (round >= 0) measured.push(found);
  }
  return measured;
}

let sink = 0;

/** Of the processor's time: others may run on the machine. */
function timed(lookups: number, lookup: (at: number) => number): number {
  let sum = 0;
  const before = process.cpuUsage();
  for (let at = 0; at < lookups; at++) sum += lookup(at);
  const ns = (process.cpuUsage(before).user * 1000) / lookups;
  sink = (sink + sum) | 0;
  return ns;
}

function random32(random: () => number): number {
  return Math.floor(random() * 2 ** 32);
}
