import type { IngressRoute } from '../../daemon/ingress/ingress-routes.js';
import { type Epoch, incarnationOf } from '../../daemon/leader/epoch.js';
import { type AppRecord, isWanted } from '../../daemon/manager/app-record.js';
import { layoutOf } from '../../daemon/manager/layout.js';
import { changeOf, isTombstone } from '../../daemon/memory/memory-entry.js';
import { type ComponentRouting, NO_OWNER } from '../../sdk/protocol/control.js';
import type { Sender } from './network.js';
import type { Observer } from './observer.js';
import type { Proclet, ProcletPhase } from './sim-machine.js';

/** Of DESIGN §10; `CRASH`: a daemon's code threw where nobody caught it. */
export type InvariantName =
  | 'ONE-OWNER'
  | 'ONE-VERSION'
  | 'KEEP-SERVING'
  | 'ADOPT'
  | 'CONVERGE'
  | 'NO-LOSS'
  | 'CRASH';

export interface Violation {
  readonly invariant: InvariantName;
  readonly message: string;
  /** Virtual ms. */
  readonly at: number;
}

/** For what is decided on what was reported, and takes effect later. */
const HINDSIGHT_MS = 20_000;
/** Two leaders at most for so long after acknowledged writes of the store were lost: the time of a lease. */
const AFTER_LOSS_MS = 6000;

export interface Watched {
  readonly now: () => number;
  /** Virtual ms at which the store last lost acknowledged writes. */
  readonly lostAt: () => number;
  /** Those who believe that they lead, by their own clocks. */
  readonly leaders: () => readonly string[];
  /** Virtual ms at which the daemon of a host began. */
  readonly daemonSince: (host: string) => number;
  /** What runs there is to move away, or may be, lately. */
  readonly isLeaving: (host: string) => boolean;
}

/** Holds what must be true at every step against what happens. */
export class Invariants implements Observer {
  violation: Violation | undefined;
  readonly #watched: Watched;
  /** By host and incarnation, and by incarnation alone. */
  readonly #leaderOf = new Map<string, string>();
  readonly #splitIncarnations = new Set<number>();
  readonly #highest = new Map<string, number>();
  readonly #placedAt = new Map<string, number>();
  readonly #routings = new Map<string, string>();
  /** Change number of the newest record of each app that there ever was; and since when it wants which replicas. */
  readonly #changes = new Map<string, number>();
  readonly #wantedSince = new Map<string, ReadonlyMap<string, number>>();
  /** The newest epoch of a subject that a process followed. */
  readonly #newest = new Map<string, Epoch>();
  /** Virtual ms until which that replica served on that host; Infinity while it does. */
  readonly #servedUntil = new Map<string, Map<string, number>>();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  fail(invariant: InvariantName, message: string): void {
    this.violation ??= { invariant, message, at: this.#watched.now() };
  }

  /** After each step. */
  check(): void {
    const { now, lostAt, leaders } = this.#watched;
    const leading = leaders();
    if (leading.length > 1 && now() - lostAt() > AFTER_LOSS_MS)
      this.fail('ONE-OWNER', `${leading.join(' and ')} lead at once`);
  }

  recordWritten(app: string, value: unknown): void {
    const change = changeOf(value);
    if (change <= (this.#changes.get(app) ?? -1)) return;
    this.#changes.set(app, change);
    const before = this.#wantedSince.get(app);
    const now = this.#watched.now();
    this.#wantedSince.set(app, new Map(wantedKeys(value).map((key) => [key, before?.get(key) ?? now])));
  }

  followed(host: string, epoch: Epoch, from: Sender, subject: string): void {
    const incarnation = incarnationOf(epoch);
    const leader = `${from.host}#${from.process}`;
    const highest = this.#highest.get(host) ?? 0;
    if (incarnation < highest)
      this.fail('ONE-OWNER', `${host} follows incarnation ${incarnation} after ${highest} (${subject})`);
    this.#highest.set(host, Math.max(highest, incarnation));
    const kind = `${host} ${this.#watched.daemonSince(host)} ${subject}`;
    if (epoch < (this.#newest.get(kind) ?? 0))
      this.fail('ONE-OWNER', `${host} follows epoch ${epoch} of ${subject} after ${this.#newest.get(kind)}`);
    this.#newest.set(kind, epoch);
    const here = this.#leaderOf.get(`${host} ${incarnation}`) ?? leader;
    this.#leaderOf.set(`${host} ${incarnation}`, here);
    if (here !== leader)
      this.fail('ONE-OWNER', `${host} follows ${here} and ${leader} as incarnation ${incarnation}`);
    const anywhere = this.#leaderOf.get(`${incarnation}`) ?? leader;
    this.#leaderOf.set(`${incarnation}`, anywhere);
    if (anywhere !== leader) {
      this.#splitIncarnations.add(incarnation);
      if (this.#watched.lostAt() < 0)
        this.fail('ONE-OWNER', `${anywhere} and ${leader} are both followed as incarnation ${incarnation}`);
    }
    if (subject.endsWith('.placements')) this.#placedAt.set(host, this.#watched.now());
  }

  phaseChanged(host: string, { key, phase }: Proclet, before: ProcletPhase): void {
    const served = this.#servedUntil.get(key) ?? new Map<string, number>();
    this.#servedUntil.set(key, served);
    if (phase === 'serving') served.set(host, Number.POSITIVE_INFINITY);
    else if (before === 'serving') served.set(host, this.#watched.now());
  }

  stopping(host: string, proclet: Proclet, restarts: boolean): void {
    if (proclet.phase !== 'serving' || restarts) return;
    const { now, daemonSince, isLeaving } = this.#watched;
    const placedAgo = now() - (this.#placedAt.get(host) ?? Number.NEGATIVE_INFINITY);
    if (placedAgo > HINDSIGHT_MS)
      this.fail('KEEP-SERVING', `${host} stops ${proclet.key} though no leader spoke for ${placedAgo} ms`);
    if (!this.#isWantedForLong(proclet) || isLeaving(host)) return;
    const elsewhere = [...(this.#servedUntil.get(proclet.key) ?? [])];
    if (elsewhere.some(([other, until]) => other !== host && now() - until <= HINDSIGHT_MS)) return;
    const name = now() - daemonSince(host) <= HINDSIGHT_MS ? 'ADOPT' : 'KEEP-SERVING';
    this.fail(name, `${host} stops ${proclet.key}, which is wanted and serves nowhere else`);
  }

  routed(host: string, app: string, version: string, routing: ComponentRouting): void {
    const { component, epoch, replicas, assignment } = routing;
    const foreign = replicas.find(({ address }) => !pathOf(address).includes(`/${app}/${version}/`));
    if (foreign !== undefined)
      this.fail(
        'ONE-VERSION',
        `${host} routes ${component} of ${app} ${version} to ${pathOf(foreign.address)}`,
      );
    if (assignment?.owners.some((owner) => owner !== NO_OWNER && replicas[owner] === undefined))
      this.fail('ONE-OWNER', `${host} has slices of ${component} of ${app} ${version} without an owner`);
    if (this.#splitIncarnations.has(incarnationOf(epoch as Epoch))) return;
    const key = `${app}/${version}/${component} ${epoch}`;
    const content = JSON.stringify([
      replicas.map(({ replica, generation }) => [replica, generation]),
      assignment,
    ]);
    const known = this.#routings.get(key) ?? content;
    this.#routings.set(key, known);
    if (known !== content)
      this.fail('ONE-OWNER', `${host} has another routing of ${key}: ${content}, not ${known}`);
  }

  ingressRouted(host: string, routes: readonly IngressRoute[]): void {
    const versions = new Map<string, Set<string>>();
    for (const { app, backends } of routes)
      for (const { version, address } of backends) {
        const of = versions.get(app) ?? new Set();
        versions.set(app, of.add(version));
        if (!pathOf(address).includes(`/${app}/${version}/`))
          this.fail('ONE-VERSION', `the ingress of ${host} leads ${app} ${version} to ${pathOf(address)}`);
      }
    for (const [app, of] of versions)
      if (of.size > 1)
        this.fail('ONE-VERSION', `the ingress of ${host} leads ${app} to ${[...of].join(' and ')}`);
  }

  #isWantedForLong({ key, spec }: Proclet): boolean {
    const since = this.#wantedSince.get(spec.app)?.get(key);
    return since !== undefined && this.#watched.now() - since > HINDSIGHT_MS;
  }
}

/** Of the least of replicas that a record wants. */
function wantedKeys(value: unknown): readonly string[] {
  if (isTombstone(value)) return [];
  const record = value as AppRecord;
  return [record.current, ...record.older]
    .filter(({ version }) => isWanted(record, version))
    .flatMap((deployment) => layoutOf(deployment).map(({ key }) => key));
}

function pathOf(address: ComponentRouting['replicas'][number]['address']): string {
  return address.kind === 'unix' ? address.path : address.host;
}
