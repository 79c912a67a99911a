import { LEASE_MARGIN_MS, LEASE_MS } from '../../host/host-messages.js';
import type { Clock } from '../../processes/clock.js';
import type { AppRecord } from '../app-record.js';
import type { FleetHost } from '../fleet.js';
import type { AppPlan } from '../plan.js';
import type { ComponentOwnership } from './component-ownership.js';
import type { Run } from './holder.js';
import { hostLeases } from './host-leases.js';
import { LeaseBook } from './lease-book.js';
import type { LeaseSender } from './lease-sender.js';
import type { Seen } from './let-go.js';
import type { OwnershipTable, PublishedGrants } from './ownership-table.js';

export interface OwnershipsOptions {
  readonly table: OwnershipTable;
  readonly clock: Clock;
  /** Monotonic ms. */
  readonly termBegan: number;
  /** Undefined where there is one host: nothing is leased, and what it does not report is not there. */
  readonly sender: LeaseSender | undefined;
}

/** Who has which keys, as one leader decides it from what hosts report and from what it does not hear of them any more. */
export class Ownerships {
  readonly #options: OwnershipsOptions;
  readonly #leases: LeaseBook;

  constructor(options: OwnershipsOptions) {
    this.#options = options;
    this.#leases = new LeaseBook(options.termBegan);
  }

  /** Decides, and writes it down. Returns the first reason why something could not be written; that is as it was. */
  async advance(apps: readonly AppPlan[], fleet: readonly FleetHost[]): Promise<unknown> {
    const { table, clock, sender, termBegan } = this.#options;
    const isAlone = sender === undefined;
    const reports = new Map<string, Seen>(
      fleet.flatMap(({ member, report }) =>
        report === undefined ? [] : [[member.facts.host, report] as const],
      ),
    );
    const monotonic = clock.monotonic();
    const mayBeLost = !isAlone && monotonic < termBegan + LEASE_MS + LEASE_MARGIN_MS;
    this.#leases.prune(monotonic);
    const heard = newestHeardOf(fleet);
    const heardHosts = new Set(
      fleet.flatMap(({ member, status, report }) =>
        status === 'alive' && report !== undefined ? [member.facts.host] : [],
      ),
    );
    const isHeard = (host: string) => heardHosts.has(host);
    let failure: unknown;
    for (const { record, observed, leaving } of apps) {
      const hasLapsed = (holder: Run) =>
        isAlone
          ? isForgotten(record.app, holder, reports)
          : monotonic >= this.#leases.lapsesAt(record.app, holder);
      const heardOf = heard.get(record.app) ?? new Map<string, number>();
      const view = { record, observed, leaving, reports, isHeard, now: clock.now(), hasLapsed, heardOf };
      const reason = await table.advance(view, mayBeLost);
      failure ??= reason;
    }
    return failure;
  }

  /** Undefined while it is not in the store. */
  grantsOf(app: string, version: string, component: string): PublishedGrants | undefined {
    return this.#options.table.grantsOf(app, version, component);
  }

  of(app: string, component: string): ComponentOwnership | undefined {
    return this.#options.table.of(app, component);
  }

  /** Keys of replicas of the host from which keys were taken, and who may have them still. */
  givingUp(host: string): readonly string[] {
    return this.#options.table.givingUp(host);
  }

  /** The store may be another than before. */
  suspect(): void {
    this.#options.table.suspect();
  }

  /**
   * Tells the hosts what their replicas may go on to own. `firstEpochOf`: of the first routing of a component that this leader
   * published.
   */
  sendLeases(
    records: readonly AppRecord[],
    fleet: readonly FleetHost[],
    firstEpochOf: (app: string, version: string, component: string) => number | undefined,
  ): void {
    const { table, sender } = this.#options;
    if (sender === undefined) return;
    const leases = hostLeases(records, fleet, table.tenants(), (app, component, holder) => {
      const first = firstEpochOf(app, holder.version, component);
      return first && Math.max(first, table.expelledAt(app, component, holder));
    });
    sender.send(leases, ({ host, heardAt, message }) => {
      for (const { app, ...replica } of message.replicas)
        this.#leases.note(app, { ...replica, host }, heardAt);
    });
  }

  /** Unix ms; undefined: when something changes. */
  wakeAt(apps: readonly AppPlan[], now: number): number | undefined {
    const due = apps.flatMap(({ record }) => this.#options.table.wakeAt(record, now) ?? []);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  retain(records: readonly AppRecord[]): Promise<void> {
    return this.#options.table.retain(records);
  }
}

/** By app and component: when the newest record was written of which a host has heard. */
function newestHeardOf(fleet: readonly FleetHost[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const newest = new Map<string, Map<string, number>>();
  for (const { report } of fleet)
    for (const { app, decided = [] } of report?.versions ?? []) {
      const of = newest.get(app) ?? new Map<string, number>();
      newest.set(app, of);
      for (const { component, at } of decided) of.set(component, Math.max(at, of.get(component) ?? 0));
    }
  return newest;
}

/** Of a host that is alone: it had another name, or lost its records. Nothing runs there that it does not report. */
function isForgotten(
  app: string,
  { version, replica, generation, host }: Run,
  reports: ReadonlyMap<string, Seen>,
): boolean {
  const report = reports.get(host);
  const found = report?.replicas.find(
    (each) => each.app === app && each.version === version && each.replica === replica,
  );
  return report === undefined || (found !== undefined && found.generation !== generation);
}
