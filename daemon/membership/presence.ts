import type { HostRecord } from './host-record.js';

export interface Presence {
  /** Neither dead nor removed, as far as the store says. */
  readonly present: readonly string[];
  /** Dead or left, but not removed. */
  readonly absent: readonly string[];
}

/** Who is there by what is written down, which every daemon knows, also while none leads. */
export function presenceOf(records: readonly HostRecord[]): Presence {
  const members = records.flatMap(({ host, facts, deadUpTo, removed }) =>
    facts === undefined || removed ? [] : [{ host, isPresent: facts.generation > deadUpTo }],
  );
  return {
    present: members.flatMap(({ host, isPresent }) => (isPresent ? [host] : [])),
    absent: members.flatMap(({ host, isPresent }) => (isPresent ? [] : [host])),
  };
}
