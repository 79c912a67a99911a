import { isBusError, type KeyedStore } from '../../bus/bus.js';
import { subjectToken } from '../../bus/subjects.js';
import type { PublishedReplica } from '../../host/host-messages.js';
import { type Epoch, incarnationOf } from '../../leader/epoch.js';
import { type Leadership, NotLeadingError } from '../../leader/leadership.js';
import type { AppRecord } from '../app-record.js';
import { balancingOf } from '../component-balancing.js';
import { formatReplica } from '../replica-key.js';
import {
  type ComponentOwnership,
  GIVE_WAY_MS,
  nextOwnership,
  type OwnershipView,
  silentHolders,
  UNOWNED,
} from './component-ownership.js';
import { type Grant, holdersOf, newestTaking } from './grants.js';
import { formatHolder, type Holder, type Run } from './holder.js';
import type { Tenant } from './host-leases.js';
import { hasLetGo } from './let-go.js';
import { fromRecord, isSameRecord, type OwnershipRecord, readRecord, toRecord } from './ownership-record.js';
import { ownedComponents, owningVersion } from './owning-version.js';

/** One owned component of an app. */
interface Entry {
  /** Undefined until it was decided for. */
  app: string | undefined;
  ownership: ComponentOwnership;
  /** 0: the store has none. */
  revision: number;
  /** This leader's newest write that is in the store; undefined: none, so that another leader may still write. */
  writtenAt: number | undefined;
  /** A write may or may not be in the store, or the store may be another: it is read before anything else. */
  isUncertain: boolean;
  /** The store lacks what this leader has decided. */
  isMissing: boolean;
  /** What the store had when this leader came need not name all who may act: nothing, less than hosts have heard of, or such a record. */
  isPartial: boolean;
  /** When the record was written with which this leader began; 0 when there was none. */
  begunWith: number;
  /** From whom keys went to others without its word: at which epoch, after which it has to give it before it may act again. */
  readonly expelled: Map<string, Expulsion>;
  /** Of hosts that are not heard. */
  silent: readonly Holder[];
}

interface Expulsion {
  readonly holder: Holder;
  readonly at: number;
}

/** For the routing of one version. */
export interface PublishedGrants {
  readonly grants: readonly Grant[];
  /** The routing must have a higher epoch than that, though it be the same: somebody is to answer for it. */
  readonly newerThan: number;
  /** When the record was written. */
  readonly decidedAt: number;
  /** Replicas that have keys, of hosts that are not heard: they may well serve. */
  readonly silent: readonly PublishedReplica[];
}

/** What is seen of an app, without what the table knows itself. */
export interface AppView extends Omit<OwnershipView, 'isUnknown' | 'isDoubtful'> {
  /** By component: when the newest record was written of which a host has heard. */
  readonly heardOf: ReadonlyMap<string, number>;
}

type SawEpoch = (epoch: Epoch, leader: string | undefined) => void;

/** Between two looks at what waits for a lease to run out. */
const LOOK_AGAIN_MS = 1000;

/**
 * Who has which keys of every owned component, over all versions of an app. A leader writes each record with compare-and-set
 * before it tells anybody of it, the first time even if nothing has changed: from then on no former leader can.
 */
export class OwnershipTable {
  readonly #store: KeyedStore;
  readonly #leadership: Leadership;
  /** By key in the store. */
  readonly #entries = new Map<string, Entry>();

  readonly #sawEpoch: SawEpoch;

  private constructor(store: KeyedStore, leadership: Leadership, sawEpoch: SawEpoch) {
    this.#store = store;
    this.#leadership = leadership;
    this.#sawEpoch = sawEpoch;
  }

  /** `sawEpoch` hears of each later leader that has written. Rejects with the store's BusError. */
  static async open(store: KeyedStore, leadership: Leadership, sawEpoch: SawEpoch): Promise<OwnershipTable> {
    const table = new OwnershipTable(store, leadership, sawEpoch);
    for (const key of await store.keys()) if (isOwnershipKey(key)) await table.#read(key);
    return table;
  }

  /** What is decided and in the store, for a version; undefined while it is not. */
  grantsOf(app: string, version: string, component: string): PublishedGrants | undefined {
    const entry = this.#entries.get(keyOf(app, component));
    if (entry?.writtenAt === undefined) return undefined;
    const { grants } = entry.ownership;
    const expelledAt = [...entry.expelled.values()]
      .filter(({ holder }) => holder.version === version)
      .map(({ at }) => at);
    const silent = entry.silent.flatMap(({ at, version: of, replica, generation, host }) =>
      of === version ? [{ replica, generation, host, ...at }] : [],
    );
    return {
      grants,
      silent,
      decidedAt: entry.writtenAt,
      newerThan: Math.max(newestTaking(grants, version), ...expelledAt),
    };
  }

  /** At which epoch keys of the component went from that process to others without its word; 0: never. */
  expelledAt(app: string, component: string, holder: Run): number {
    return this.#entries.get(keyOf(app, component))?.expelled.get(formatHolder(holder))?.at ?? 0;
  }

  of(app: string, component: string): ComponentOwnership | undefined {
    return this.#entries.get(keyOf(app, component))?.ownership;
  }

  /**
   * Decides for every owned component of the app. What cannot be written is as it was before; the first reason is returned.
   * `mayBeLost`: what other leaders granted, of which the store says nothing, may still be in use.
   */
  async advance(view: AppView, mayBeLost: boolean): Promise<unknown> {
    let failure: unknown;
    for (const component of ownedComponents(view.record)) {
      try {
        await this.#advance(component, view, mayBeLost);
      } catch (reason) {
        failure ??= reason;
      }
    }
    return failure;
  }

  async #advance(component: string, view: AppView, mayBeLost: boolean): Promise<void> {
    const key = keyOf(view.record.app, component);
    const entry = this.#entries.get(key) ?? newEntry();
    this.#entries.set(key, entry);
    entry.app = view.record.app;
    if (entry.isUncertain) await this.#read(key);
    entry.silent = silentHolders(entry.ownership, view);
    const before = entry.ownership;
    const isDoubtful = this.#isLost(entry, view.heardOf.get(component) ?? 0);
    const isUnknown = entry.isPartial && mayBeLost;
    const { ownership: next, expelled } = nextOwnership(
      component,
      before,
      { ...view, isDoubtful, isUnknown },
      () => this.#leadership.nextEpoch(),
    );
    // Before the write: nobody may be given a lease meanwhile on which the decision did not reckon.
    this.#noteExpelled(component, entry, view, expelled);
    if (entry.writtenAt === undefined || entry.isMissing || !isSameRecord(before, next))
      await this.#write(key, entry, next, isUnknown);
    entry.ownership = next;
    entry.silent = silentHolders(next, view);
  }

  #noteExpelled(component: string, entry: Entry, { reports, record }: AppView, now: readonly Holder[]): void {
    for (const [key, { holder, at }] of entry.expelled) {
      const report = reports.get(holder.host);
      if (report !== undefined && hasLetGo({ app: record.app, component }, holder, at, report))
        entry.expelled.delete(key);
    }
    const at = this.#leadership.newestEpoch();
    for (const holder of now) entry.expelled.set(formatHolder(holder), { holder, at });
  }

  async #write(key: string, entry: Entry, next: ComponentOwnership, isPartial: boolean): Promise<void> {
    const writtenAt = this.#leadership.nextEpoch();
    const record = toRecord(next, { writtenAt, writer: this.#leadership.leader, isPartial });
    try {
      entry.revision =
        entry.revision === 0
          ? await this.#store.create(key, record)
          : await this.#store.update(key, record, entry.revision);
    } catch (reason) {
      entry.isUncertain = true;
      throw reason;
    }
    if (!this.#leadership.isValid())
      throw new NotLeadingError(`who has the keys of ${key} is for the next leader to say`);
    entry.writtenAt = writtenAt;
    entry.isMissing = false;
  }

  /** What the store has, unless this leader knows better. */
  async #read(key: string): Promise<void> {
    const stored = await this.#store.get(key);
    const record = readRecord(stored?.value);
    const entry = this.#entries.get(key) ?? newEntry();
    this.#entries.set(key, entry);
    entry.revision = stored?.revision ?? 0;
    entry.isUncertain = true;
    const isOwn = record !== undefined && this.#isOwn(record);
    if (record !== undefined && !isOwn && this.#isLater(record)) {
      entry.writtenAt = undefined;
      this.#sawEpoch(record.writtenAt as Epoch, record.writer);
      throw new NotLeadingError(`another leader has written who has the keys of ${key}`);
    }
    entry.isUncertain = false;
    if (entry.writtenAt !== undefined && (record === undefined || record.writtenAt <= entry.writtenAt)) {
      entry.isMissing ||= record?.writtenAt !== entry.writtenAt; // lost since; what was decided holds
      return;
    }
    if (record === undefined) return;
    entry.ownership = { ...entry.ownership, ...fromRecord(record) };
    entry.isPartial = record.isPartial === true;
    if (entry.writtenAt === undefined && !isOwn) entry.begunWith = record.writtenAt;
    if (isOwn) entry.writtenAt = record.writtenAt;
  }

  /** Written in this term. */
  #isOwn({ writer, writtenAt }: OwnershipRecord): boolean {
    const { leader, incarnation } = this.#leadership;
    return writer === leader && incarnationOf(writtenAt as Epoch) === incarnation;
  }

  #isLater({ writtenAt }: Pick<OwnershipRecord, 'writtenAt'>): boolean {
    return incarnationOf(writtenAt as Epoch) >= this.#leadership.incarnation;
  }

  /** An earlier leader wrote more than this one began with: the store has lost it. */
  #isLost(entry: Entry, heardOf: number): boolean {
    if (heardOf <= entry.begunWith || this.#isLater({ writtenAt: heardOf })) return false;
    entry.begunWith = heardOf;
    entry.isPartial = true;
    return true;
  }

  /** The store may be another than before. */
  suspect(): void {
    for (const entry of this.#entries.values()) entry.isUncertain = true;
  }

  /** Keys of the replicas that have keys still which were taken from them, by host. */
  givingUp(host: string): readonly string[] {
    const names: string[] = [];
    for (const { app, ownership } of this.#entries.values())
      for (const { holder, takenAt } of ownership.grants)
        if (app !== undefined && takenAt !== undefined && holder?.host === host)
          names.push(formatReplica({ app, ...holder }));
    return names;
  }

  /** Who may act for any key. */
  tenants(): readonly Tenant[] {
    return [...this.#entries.values()].flatMap(({ app, ownership }) =>
      app === undefined ? [] : holdersOf(ownership.grants).map((holder) => ({ app, holder })),
    );
  }

  /** When to look again though nothing else changes, Unix ms. */
  wakeAt(record: AppRecord, now: number): number | undefined {
    const due = ownedComponents(record).flatMap((component) => {
      const ownership = this.of(record.app, component);
      const owning = owningVersion(record, component);
      if (ownership === undefined || owning === undefined) return [];
      const { givingWaySince, balancedAt, isWaiting } = ownership;
      return [
        isWaiting ? now + LOOK_AGAIN_MS : undefined,
        givingWaySince === undefined ? undefined : givingWaySince + GIVE_WAY_MS,
        balancedAt === undefined ? undefined : balancedAt + balancingOf(owning, component).interval,
      ].filter((each) => each !== undefined);
    });
    return due.length === 0 ? undefined : Math.min(...due);
  }

  /** Forgets what is of no app any more. Rejects with the store's BusError; the next call tries again. */
  async retain(records: readonly AppRecord[]): Promise<void> {
    const kept = new Set(
      records.flatMap((record) => ownedComponents(record).map((component) => keyOf(record.app, component))),
    );
    for (const [key, { revision }] of [...this.#entries]) {
      if (kept.has(key)) continue;
      if (revision !== 0)
        await this.#store.delete(key, revision).catch((reason: unknown) => {
          if (!isBusError(reason, 'CONFLICT')) throw reason; // of the next leader, or lost
        });
      this.#entries.delete(key);
    }
  }
}

function newEntry(): Entry {
  return {
    app: undefined,
    ownership: UNOWNED,
    revision: 0,
    writtenAt: undefined,
    isUncertain: false,
    isMissing: false,
    isPartial: true,
    begunWith: 0,
    expelled: new Map(),
    silent: [],
  };
}

function keyOf(app: string, component: string): string {
  return [app, component].map(subjectToken).join('/');
}

/** Those of assignments without owners name a version, too. */
export function isOwnershipKey(key: string): boolean {
  return key.split('/').length === 2;
}
