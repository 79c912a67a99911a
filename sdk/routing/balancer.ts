/** A replica as the balancer sees it. */
export interface Candidate {
  /** Calls in flight from here, and those it refused lately: else who refuses at once would look idle. */
  readonly load: number;
  /** It refused or failed lately and is passed over while others are there. */
  readonly ejected: boolean;
}

/**
 * Power of two choices (Mitzenmacher 2001): of two random candidates the less loaded one. Ejected ones are
 * taken only when all are. Undefined when there is none.
 */
export function chooseReplica<C extends Candidate>(
  candidates: readonly C[],
  random: () => number,
): C | undefined {
  const chosen = lighterOfTwo(candidates, random);
  if (chosen === undefined || !chosen.ejected) return chosen;
  const healthy = candidates.filter((each) => !each.ejected);
  return lighterOfTwo(healthy, random) ?? chosen;
}

/** Of a healthy and an ejected one the healthy. */
function lighterOfTwo<C extends Candidate>(pool: readonly C[], random: () => number): C | undefined {
  if (pool.length < 2) return pool[0];
  const first = Math.floor(random() * pool.length);
  const second = (first + 1 + Math.floor(random() * (pool.length - 1))) % pool.length;
  const a = pool[first];
  const b = pool[second];
  if (a === undefined || b === undefined) return a ?? b;
  if (a.ejected !== b.ejected) return a.ejected ? b : a;
  return b.load < a.load ? b : a;
}
