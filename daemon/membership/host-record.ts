import { type HostFacts, labelsOf, readHostFacts } from './host-facts.js';

/** What must outlast a leader about a host: one value in the bucket `hosts`, under the host's name. */
export interface HostRecord {
  readonly host: string;
  /** Rises with each change of the record. */
  readonly change: number;
  /** Generations up to it are dead and never return; 0: none. */
  readonly deadUpTo: number;
  /** Nothing new is placed there, and what is there moves away. */
  readonly draining: boolean;
  /** Its daemon is refused. */
  readonly removed: boolean;
  /** In place of those that the host gives; undefined: the host's. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** As it joined last: whom a new leader waits for. */
  readonly facts: HostFacts | undefined;
}

export function blankHost(host: string): HostRecord {
  return {
    host,
    change: 0,
    deadUpTo: 0,
    draining: false,
    removed: false,
    labels: undefined,
    facts: undefined,
  };
}

/** Undefined when it is no record of a host. */
export function readHostRecord(value: unknown): HostRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { host, change, deadUpTo, draining, removed, labels, facts } = value as Partial<
    Record<keyof HostRecord, unknown>
  >;
  if (typeof host !== 'string' || !isCount(change) || !isCount(deadUpTo)) return undefined;
  if (typeof draining !== 'boolean' || typeof removed !== 'boolean') return undefined;
  if (labels !== undefined && labelsOf(labels) === undefined) return undefined;
  const read = readHostFacts(facts);
  return {
    host,
    change,
    deadUpTo,
    draining,
    removed,
    labels: labelsOf(labels),
    facts: 'facts' in read ? read.facts : undefined,
  };
}

export function joined(record: HostRecord, facts: HostFacts): HostRecord {
  return { ...record, facts };
}

/** The generation and those before never return. */
export function declaredDead(record: HostRecord, generation: number): HostRecord {
  return { ...record, deadUpTo: Math.max(record.deadUpTo, generation) };
}

export function drained(record: HostRecord, draining: boolean): HostRecord {
  // What is let in again is no longer removed.
  return { ...record, draining, removed: record.removed && draining };
}

export function removed(record: HostRecord): HostRecord {
  return { ...record, removed: true };
}

export function labelled(
  record: HostRecord,
  labels: Readonly<Record<string, string>> | undefined,
): HostRecord {
  return { ...record, labels };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
