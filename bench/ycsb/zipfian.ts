/** The skew of YCSB's core workloads. */
const THETA = 0.99;
/** YCSB draws from so many items and folds them onto the records that there are, so that the skew does not depend on their number. */
const ITEMS = 10_000_000_000;
/** The sum of 1 / i^THETA for i from 1 to ITEMS: it takes minutes to add up, so YCSB has it as a constant, too. */
const ZETA = 26.469_028_201_783_02;
const ZETA_2 = 1 + 0.5 ** THETA;
const ALPHA = 1 / (1 - THETA);
const ETA = (1 - (2 / ITEMS) ** (1 - THETA)) / (1 - ZETA_2 / ZETA);

/**
 * A rank from 0, the most frequent, for a uniform `u` in [0, 1): "Quickly Generating Billion-Record Synthetic Databases", Gray
 * et al., SIGMOD 1994, as YCSB's ZipfianGenerator has it.
 */
export function zipfianRank(u: number): number {
  const uz = u * ZETA;
  if (uz < 1) return 0;
  if (uz < ZETA_2) return 1;
  return Math.floor(ITEMS * (ETA * u - ETA + 1) ** ALPHA);
}

/** Where YCSB's ScrambledZipfianGenerator puts a rank among the records: the frequent ones are spread over all of them. */
export function scrambled(rank: number, records: number): number {
  return Number(BigInt.asUintN(63, fnv1a64(BigInt(rank))) % BigInt(records));
}

/** Indices of records, as they are to be asked for. */
export function zipfianIndices(count: number, records: number, random: () => number = Math.random): number[] {
  return Array.from({ length: count }, () => scrambled(zipfianRank(random()), records));
}

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;

/** Of the eight bytes of the number, the lowest first. */
function fnv1a64(value: bigint): bigint {
  let hash = FNV_OFFSET;
  for (let rest = value, byte = 0; byte < 8; byte++, rest >>= 8n)
    hash = BigInt.asUintN(64, (hash ^ (rest & 0xffn)) * FNV_PRIME);
  return hash;
}
