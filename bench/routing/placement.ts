/** Where the keys of some members are: by a key's 32-bit hash, the member that owns it. */
export type Placement = (hash: number) => string;

/** A way to place keys. `previous` is for those that remember what was before; others go by the members alone. */
export interface Strategy {
  readonly name: string;
  start(members: readonly string[]): Membership;
}

export interface Membership {
  readonly placement: Placement;
  change(members: readonly string[]): Membership;
}

/** One that goes by the members alone. */
export function stateless(name: string, place: (members: readonly string[]) => Placement): Strategy {
  const start = (members: readonly string[]): Membership => ({ placement: place(members), change: start });
  return { name, start };
}

/** MurmurHash3's finalizer (Austin Appleby, public domain), over the sum of two hashes. */
export function mixedHash(a: number, b: number): number {
  let hash = (a ^ Math.imul(b, 0x9e3779b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The index of the first that is not below the value; the length when all are. `values` rise. */
export function lowerBound(values: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
