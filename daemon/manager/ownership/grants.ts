import type { Assignment } from '../assignment.js';
import { formatHolder, type Holder, isSameHolder } from './holder.js';

/**
 * Who may act for the keys from `start` up to the next grant's. There is one holder at most; it stays here until it has
 * certainly let go, also while it is no longer meant to act.
 */
export interface Grant {
  readonly start: number;
  /** The fencing number of the newest holder; 0 before the first. */
  readonly epoch: number;
  readonly holder: Holder | undefined;
  /** The keys were taken from the holder: no routing above this epoch gives them to it. Undefined: it acts for them. */
  readonly takenAt: number | undefined;
}

/** Nobody has ever acted for any key. */
export const UNGRANTED: readonly Grant[] = [{ start: 0, epoch: 0, holder: undefined, takenAt: undefined }];

/** Who is to have the keys, and what is known of who has them. */
export interface Situation {
  /** Undefined: nobody is to be given any. */
  readonly desired: Assignment | undefined;
  /** By the names in `desired`: those who can act. */
  readonly candidates: ReadonlyMap<string, Holder>;
  /**
   * It is known from its host that the process acts for none of the keys that were taken from it at that epoch, nor will it;
   * undefined: for none at all.
   */
  readonly hasLetGo: Judge;
  /** Nothing is known from its host, and its lease has run out: it may not act until it has heard more. */
  readonly hasLapsed: (holder: Holder) => boolean;
  /** Somebody else may have been given keys of whom nothing is known: all are taken from whoever is known. */
  readonly isDoubtful: boolean;
  /** Another may have the keys of the holder. */
  readonly mayTake: (holder: Holder) => boolean;
}

export type Judge = (holder: Holder, takenAt: number | undefined) => boolean;

export interface Advanced {
  /** The same object when nothing changes. They must be in the store before they are told to anybody. */
  readonly grants: readonly Grant[];
  /** What they had went to others without their word: before they may act again for anything they must hear of it. */
  readonly expelled: readonly Holder[];
}

/**
 * One step of the hand-over of keys (DESIGN §7): what is held by another than it should be is taken from it; what was let go is
 * given, with a higher epoch, to whoever should have it now. `nextEpoch` is asked once at most, and only when something is
 * taken or given.
 */
export function advance(grants: readonly Grant[], situation: Situation, nextEpoch: () => number): Advanced {
  const { desired, candidates } = situation;
  const judges: Judges = {
    hasLetGo: memoized(situation.hasLetGo),
    hasLapsed: memoized((holder) => situation.hasLapsed(holder)),
    mayTake: memoized((holder) => situation.mayTake(holder)),
  };
  const expelled = new Set<Holder>();
  let at: number | undefined;
  const now = () => {
    at ??= nextEpoch();
    return at;
  };
  const result: Grant[] = [];
  /** In which the last of them lies; undefined when it is of several. */
  let within: number | undefined;
  for (const { slice, grant } of overlaid(grants, desired)) {
    const wanted = candidates.get(desired?.owners[slice] ?? '');
    const step = stepOf(grant, wanted, judges, situation.isDoubtful);
    if (step === 'expel' && grant.holder !== undefined) expelled.add(grant.holder);
    const advanced = applied(grant, step, wanted, now);
    const last = result.pop();
    const merged = last && joined(last, advanced, within === slice);
    if (merged !== undefined) result.push(merged);
    else if (last !== undefined) result.push(last, advanced);
    else result.push(advanced);
    within = merged === undefined || within === slice ? slice : undefined;
  }
  return { grants: isSame(grants, result) ? grants : result, expelled: [...expelled] };
}

type Judges = Readonly<Record<'hasLetGo' | 'hasLapsed' | 'mayTake', Judge>>;

type Step = 'keep' | 'take' | 'free' | 'give' | 'expel';

function stepOf(
  { holder, takenAt }: Grant,
  wanted: Holder | undefined,
  judges: Judges,
  isDoubtful: boolean,
): Step {
  const { hasLetGo, hasLapsed, mayTake } = judges;
  if (holder === undefined) return wanted === undefined ? 'keep' : 'give';
  if (hasLetGo(holder, takenAt)) return wanted === undefined ? 'free' : 'give';
  if (isDoubtful && takenAt === undefined) return 'take';
  if (wanted === undefined) return 'keep';
  if (takenAt === undefined && isSameHolder(holder, wanted)) return 'keep';
  if (hasLapsed(holder, takenAt)) return 'expel';
  return takenAt === undefined && mayTake(holder, takenAt) ? 'take' : 'keep';
}

function applied(grant: Grant, step: Step, wanted: Holder | undefined, now: () => number): Grant {
  const { start, epoch, holder } = grant;
  switch (step) {
    case 'keep':
      return grant;
    case 'take':
      return { start, epoch, holder, takenAt: now() };
    case 'free':
      return { start, epoch, holder: undefined, takenAt: undefined };
    case 'give':
    case 'expel':
      return { start, epoch: now(), holder: wanted, takenAt: undefined };
  }
}

/**
 * Neighbours as one; undefined when they are not. Those of one holder in one slice come under the higher epoch of the two, so
 * that there are no more grants than slices once all is handed over.
 */
function joined(below: Grant, above: Grant, isOneSlice: boolean): Grant | undefined {
  if (below.takenAt !== above.takenAt) return undefined;
  if (below.holder === undefined || above.holder === undefined) {
    if (below.holder !== above.holder) return undefined;
    // Nobody has them: the next to get them has a higher epoch than both.
    return { ...below, epoch: Math.max(below.epoch, above.epoch) };
  }
  if (!isSameHolder(below.holder, above.holder)) return undefined;
  if (below.epoch === above.epoch) return below;
  return isOneSlice && below.takenAt === undefined
    ? { ...below, epoch: Math.max(below.epoch, above.epoch) }
    : undefined;
}

/** The grants cut where the slices begin, each with the index of its slice. */
function* overlaid(
  grants: readonly Grant[],
  desired: Assignment | undefined,
): Generator<{ readonly slice: number; readonly grant: Grant }> {
  const starts = desired?.starts ?? [];
  let slice = 0;
  for (const [index, grant] of grants.entries()) {
    const end = grants[index + 1]?.start ?? Number.POSITIVE_INFINITY;
    let { start } = grant;
    for (;;) {
      while ((starts[slice + 1] ?? Number.POSITIVE_INFINITY) <= start) slice++;
      yield { slice, grant: start === grant.start ? grant : { ...grant, start } };
      const next = starts[slice + 1] ?? Number.POSITIVE_INFINITY;
      if (next >= end) break;
      start = next;
    }
  }
}

/** Thousands of grants have few holders. */
function memoized(ask: Judge): Judge {
  const answers = new Map<Holder, Map<number | undefined, boolean>>();
  return (holder, takenAt) => {
    const of = answers.get(holder) ?? new Map<number | undefined, boolean>();
    answers.set(holder, of);
    const answer = of.get(takenAt) ?? ask(holder, takenAt);
    of.set(takenAt, answer);
    return answer;
  };
}

function isSame(before: readonly Grant[], after: readonly Grant[]): boolean {
  return (
    before.length === after.length &&
    before.every((grant, index) => {
      const other = after[index];
      return (
        other !== undefined &&
        grant.start === other.start &&
        grant.epoch === other.epoch &&
        grant.takenAt === other.takenAt &&
        grant.holder === other.holder
      );
    })
  );
}

/** Something is being handed over. */
export function isHandingOver(grants: readonly Grant[]): boolean {
  return grants.some(({ takenAt }) => takenAt !== undefined);
}

/** The newest epoch at which keys were taken from replicas of the version, that may still have them; 0: from none. */
export function newestTaking(grants: readonly Grant[], version: string): number {
  return grants.reduce(
    (newest, { holder, takenAt }) =>
      takenAt !== undefined && holder?.version === version ? Math.max(newest, takenAt) : newest,
    0,
  );
}

const holdersByGrants = new WeakMap<readonly Grant[], readonly Holder[]>();

/** Each once. */
export function holdersOf(grants: readonly Grant[]): readonly Holder[] {
  const known = holdersByGrants.get(grants);
  if (known !== undefined) return known;
  const byName = new Map<string, Holder>();
  for (const holder of new Set(grants.map((grant) => grant.holder)))
    if (holder !== undefined) byName.set(formatHolder(holder), holder);
  const holders = [...byName.values()];
  holdersByGrants.set(grants, holders);
  return holders;
}
