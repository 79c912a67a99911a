import type { Assignment } from '../assignment.js';
import type { Grant } from './grants.js';
import type { Holder } from './holder.js';

/** What is decided of the keys of one component of an app, over all its versions. */
export interface Ownership {
  /** Who should have which keys, by names of replicas; undefined before there was one. */
  readonly desired: Assignment | undefined;
  readonly grants: readonly Grant[];
}

/**
 * As the store has it, under app/component in `assignments`: written before it is told to anybody, so that it names whoever
 * may act. What was taken and is not given yet is its former holder's here, who is asked again by the next leader.
 */
export interface OwnershipRecord {
  readonly format: 1;
  /** Of the control plane; names the write, and is above all before. */
  readonly writtenAt: number;
  /** See Leadership.leader. */
  readonly writer: string;
  /** The store had lost who may act: others than are named here may, for as long as their leases run. */
  readonly isPartial?: boolean | undefined;
  readonly names: readonly string[];
  readonly desired: { readonly starts: readonly number[]; readonly owners: readonly number[] };
  readonly holders: readonly Holder[];
  /** `owners`: among the holders; -1 for nobody. */
  readonly grants: {
    readonly starts: readonly number[];
    readonly owners: readonly number[];
    readonly epochs: readonly number[];
  };
}

export function toRecord(
  { desired, grants: all }: Ownership,
  by: Pick<OwnershipRecord, 'writtenAt' | 'writer' | 'isPartial'>,
): OwnershipRecord {
  const grants = all.filter((grant, index) => !isContinued(all[index - 1], grant));
  const names = [...new Set(desired?.owners ?? [])];
  const nameAt = new Map(names.map((name, index) => [name, index]));
  const holders = [...new Set(grants.flatMap(({ holder }) => holder ?? []))];
  const holderAt = new Map(holders.map((holder, index) => [holder, index]));
  return {
    format: 1,
    ...by,
    names,
    desired: {
      starts: desired?.starts ?? [],
      owners: (desired?.owners ?? []).map((name) => nameAt.get(name) ?? 0),
    },
    holders,
    grants: {
      starts: grants.map(({ start }) => start),
      owners: grants.map(({ holder }) => (holder === undefined ? -1 : (holderAt.get(holder) ?? -1))),
      epochs: grants.map(({ epoch }) => epoch),
    },
  };
}

/** Undefined for what is no such record. */
export function readRecord(value: unknown): OwnershipRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const record = value as Partial<OwnershipRecord>;
  const isWhole =
    record.format === 1 &&
    typeof record.writtenAt === 'number' &&
    typeof record.writer === 'string' &&
    Array.isArray(record.names) &&
    Array.isArray(record.holders) &&
    isTable(record.desired, ['starts', 'owners']) &&
    isTable(record.grants, ['starts', 'owners', 'epochs']) &&
    record.grants?.starts[0] === 0;
  return isWhole ? (record as OwnershipRecord) : undefined;
}

function isTable(value: unknown, columns: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const lists = columns.map((name) => (value as Record<string, unknown>)[name]);
  const [first] = lists;
  return (
    Array.isArray(first) &&
    lists.every((list) => Array.isArray(list) && list.length === first.length && list.every(Number.isFinite))
  );
}

export function fromRecord({ names, desired, holders, grants }: OwnershipRecord): Ownership {
  return {
    desired:
      desired.starts.length === 0
        ? undefined
        : { starts: desired.starts, owners: desired.owners.map((index) => names[index] ?? '') },
    grants: grants.starts.map((start, index) => ({
      start,
      epoch: grants.epochs[index] ?? 0,
      holder: holders[grants.owners[index] ?? -1],
      takenAt: undefined,
    })),
  };
}

/** What was taken of a grant is of the same holder still. */
function isContinued(below: Grant | undefined, { holder, epoch }: Grant): boolean {
  return below !== undefined && below.holder === holder && below.epoch === epoch;
}

/** Whether the store would have the same of both. */
export function isSameRecord(a: Ownership, b: Ownership): boolean {
  const nobody = { writtenAt: 0, writer: '' };
  return a === b || JSON.stringify(toRecord(a, nobody)) === JSON.stringify(toRecord(b, nobody));
}
