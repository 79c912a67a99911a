import type { Clock } from '../../processes/clock.js';
import type { AppRecord } from '../app-record.js';
import type { FleetHost } from '../fleet.js';
import type { AppPlan } from '../plan.js';
import type { ComponentOwnership } from './component-ownership.js';
import type { Grant } from './grants.js';
import type { Holder } from './holder.js';
import { LeaseBook } from './lease-book.js';
import { LEASE_MARGIN_MS, LEASE_MS } from './lease-times.js';
import type { Seen } from './let-go.js';
import type { OwnershipTable } from './ownership-table.js';

export interface OwnershipsOptions {
  readonly table: OwnershipTable;
  readonly clock: Clock;
  /** Monotonic ms. */
  readonly termBegan: number;
  /** There is one host: what it does not report is not there, and nothing is leased. */
  readonly isAlone: boolean;
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
    const { table, clock, isAlone, termBegan } = this.#options;
    const reports = new Map<string, Seen>(
      fleet.flatMap(({ member, report }) =>
        report === undefined ? [] : [[member.facts.host, report] as const],
      ),
    );
    const monotonic = clock.monotonic();
    const mayBeLost = !isAlone && monotonic < termBegan + LEASE_MS + LEASE_MARGIN_MS;
    this.#leases.prune(monotonic);
    let failure: unknown;
    for (const { record, observed, leaving } of apps) {
      const hasLapsed = (holder: Omit<Holder, 'seen'>) =>
        isAlone
          ? isForgotten(record.app, holder, reports)
          : monotonic >= this.#leases.lapsesAt(record.app, holder);
      const view = { record, observed, leaving, reports, now: clock.now(), hasLapsed };
      const reason = await table.advance(view, mayBeLost);
      failure ??= reason;
    }
    return failure;
  }

  /** Undefined while it is not in the store. */
  grantsOf(app: string, component: string): readonly Grant[] | undefined {
    return this.#options.table.grantsOf(app, component);
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

  /** Unix ms; undefined: when something changes. */
  wakeAt(apps: readonly AppPlan[], now: number): number | undefined {
    const due = apps.flatMap(({ record }) => this.#options.table.wakeAt(record, now) ?? []);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  retain(records: readonly AppRecord[]): Promise<void> {
    return this.#options.table.retain(records);
  }
}

/** Of a host that is alone: it had another name, or lost its records. Nothing runs there that it does not report. */
function isForgotten(
  app: string,
  { version, replica, generation, host }: Omit<Holder, 'seen'>,
  reports: ReadonlyMap<string, Seen>,
): boolean {
  const report = reports.get(host);
  const found = report?.replicas.find(
    (each) => each.app === app && each.version === version && each.replica === replica,
  );
  return report === undefined || (found !== undefined && found.generation !== generation);
}
