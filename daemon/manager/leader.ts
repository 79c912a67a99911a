import type { AppStatus, LeaderStatus, PlanView, RoutingView } from '../api/api-types.js';
import { type Bus, publishBestEffort, type Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { FromLeader, HostReport, RefusalMessage } from '../host/host-messages.js';
import type { Epoch } from '../leader/epoch.js';
import { type Leadership, NotLeadingError } from '../leader/leadership.js';
import type { Understood } from '../membership/compatibility.js';
import type { HostRecord } from '../membership/host-record.js';
import type { HostRecords } from '../membership/host-records.js';
import { isIn, MEMBERSHIP_HEARTBEAT_MS, type MembershipTimes } from '../membership/membership.js';
import type { MemoryEntry } from '../memory/memory-entry.js';
import type { Clock } from '../processes/clock.js';
import { type AppRecord, forgotten, shifted, stopped } from './app-record.js';
import { appStatus } from './app-status.js';
import type { ClusterView } from './cluster-view.js';
import type { DesiredState } from './desired-state.js';
import type { EventLog } from './event-log.js';
import { Fleet } from './fleet.js';
import type { History } from './history.js';
import type { HostedReplica } from './hosted-replica.js';
import { LeaseSender } from './ownership/lease-sender.js';
import { OwnershipTable } from './ownership/ownership-table.js';
import { Ownerships } from './ownership/ownerships.js';
import { PlacementReasons } from './placement-reasons.js';
import { type AppPlan, type Plan, plan } from './plan.js';
import { BLANK_MEMORY } from './plan-memory.js';
import { planView } from './plan-view.js';
import { PortTable } from './port-table.js';
import { Publisher } from './publisher.js';
import { Reconciler } from './reconciler.js';
import { MAX_SETTLE_MS } from './retirement.js';
import { ASSIGNMENTS_BUCKET, RoutingTable } from './routing-table.js';
import { type RoutingQuery, routingView } from './routing-view.js';
import { Survivors } from './survivors.js';

export interface LeaderOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventLog;
  readonly findPort: (host: string) => Promise<number>;
  readonly leadership: Leadership;
  readonly self: LeaderStatus;
  readonly understood: Understood;
  /** There is no other host: nobody acts for keys whom this daemon does not know. */
  readonly isAlone: boolean;
  readonly times?: MembershipTimes | undefined;
  readonly desired: DesiredState;
  readonly hostRecords: HostRecords;
  /** What this daemon remembers of the hosts, in case that the store forgot whom to wait for. */
  readonly rememberedHosts: readonly HostRecord[];
  /** What the store has that hosts remember. */
  readonly stored: () => readonly MemoryEntry[];
  readonly history: History;
  /** A host's report names that epoch. */
  readonly sawEpoch: (epoch: Epoch, leader: string | undefined) => void;
  /** Why it cannot do its work at present; undefined when it can. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** Between two looks at a store that may have lost something. */
const RESTORE_AGAIN_MS = 100;

/** Slices of all components together are looked at no more often than that. */
const MIN_BALANCE_MS = 1000;

/** What needs the store to be read. */
interface Opened {
  readonly ports: PortTable;
  readonly routing: RoutingTable;
  readonly ownerships: Ownerships;
  readonly publisher: Publisher;
}

/**
 * What the leading daemon does for one term: keeps what hosts run, routing and ingress in step with what is desired.
 * Nothing is sent once the term is over.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #fleet: Fleet;
  readonly #survivors: Survivors;
  readonly #reconciler: Reconciler;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #memory = BLANK_MEMORY;
  /** By app, as last planned. */
  #planned: ReadonlyMap<string, AppPlan> = new Map();
  readonly #reasons = new PlacementReasons();
  /** Monotonic ms. */
  readonly #began: number;
  #isDraining = false;
  #onDrained: (() => void) | undefined;
  #reports: Subscription | undefined;
  #cancelTick: (() => void) | undefined;

  constructor(options: LeaderOptions) {
    const { hostRecords, rememberedHosts, clock, understood, times, events, sawEpoch } = options;
    this.#options = options;
    this.#began = clock.monotonic();
    this.#fleet = new Fleet({
      records: hostRecords,
      remembered: rememberedHosts,
      clock,
      self: understood,
      times,
      onEvent: ({ kind, host, message }) => events.tell(`host-${kind}`, message, undefined, host),
      sawEpoch,
      refuse: (host, message) => this.#refuse(host, message),
    });
    this.#survivors = new Survivors({
      ...options,
      mayWrite: () => options.leadership.isValid(),
      onEvent: (message) => events.tell('restored', message),
    });
    this.#reconciler = new Reconciler({
      clock: options.clock,
      random: options.random,
      step: () => this.#step(),
      onProblem: (problem) => {
        if (options.leadership.isValid()) options.onProblem(problem);
      },
    });
  }

  /** Returns at once; a store that cannot be read at first is tried again, and is a problem meanwhile. */
  start(): void {
    const { bus, subjects } = this.#options;
    this.#reports = bus.subscribe(subjects.report('*'), (body) => {
      if (this.#fleet.heard(body)) this.#reconciler.trigger();
    });
    publishBestEffort(bus, subjects.callForReports, {});
    this.#tick();
    this.#reconciler.trigger();
  }

  /** What is desired has changed. */
  trigger(): void {
    this.#reconciler.trigger();
  }

  /** The store may be another than before, such as an empty one. */
  storeReset(): void {
    this.#survivors.suspect();
    this.#opened?.ownerships.suspect();
    this.#reconciler.trigger();
  }

  /** What the store says of a host has changed; undefined: of any. */
  hostChanged(host: string | undefined): void {
    this.#fleet.judge(host);
    this.#reconciler.trigger();
  }

  #tick(): void {
    const { clock, bus } = this.#options;
    this.#cancelTick = clock.after(MEMBERSHIP_HEARTBEAT_MS / 2, () => this.#tick());
    const { kind } = bus.state();
    // A step may wait for the store, and leases must not.
    if (this.#options.leadership.isValid()) this.#opened?.publisher.lease(this.#fleet.hosts());
    if (this.#fleet.tick(kind === 'connected' || kind === 'degraded')) this.#reconciler.trigger();
  }

  #refuse(host: string, message: Omit<RefusalMessage, keyof FromLeader>): void {
    const { bus, subjects, leadership } = this.#options;
    if (!leadership.isValid()) return;
    const { leader } = leadership;
    publishBestEffort(bus, subjects.refusal(host), { ...message, leader, epoch: leadership.nextEpoch() });
  }

  /**
   * Stops everything in order, callers first, without touching what is desired: the next daemon starts it again.
   * Resolves when all is gone, or after the longest grace of the apps.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const graces = this.#records().map(({ current }) => current.manifest.shutdown.grace);
    if (graces.length === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(Math.max(...graces) + MAX_SETTLE_MS, resolve);
      this.#onDrained = () => {
        cancel();
        resolve();
      };
      this.#reconciler.trigger();
    });
  }

  /** Resolves when nothing of it goes on. */
  async stop(): Promise<void> {
    this.#reports?.close();
    this.#cancelTick?.();
    await this.#reconciler.stop();
  }

  problems(): readonly string[] {
    return this.#fleet.problems();
  }

  view(): ClusterView {
    return {
      leader: this.#options.self,
      apps: this.#records().map((record) => this.#statusOf(record)),
      hosts: this.#fleet.statuses(),
      problems: this.problems(),
    };
  }

  /** As of the last step. */
  explain(): PlanView {
    return planView(this.#planned.values(), this.#reasons);
  }

  /** Of every app that has the component, in the version that serves. */
  routing({ component, app }: RoutingQuery): readonly RoutingView[] {
    const table = this.#opened?.routing;
    return this.#records()
      .filter((record) => app === undefined || record.app === app)
      .flatMap((record) => {
        const serving = [record.current, ...record.older].find(({ version }) => version === record.serving);
        const routing = serving === undefined ? undefined : table?.of(serving);
        if (serving === undefined || routing === undefined) return [];
        const ownership = this.#opened?.ownerships.of(record.app, component);
        return routingView(serving, component, routing, this.#replicasOf(record.app), ownership) ?? [];
      });
  }

  #records(): readonly AppRecord[] {
    const records = this.#options.desired.records();
    return this.#isDraining ? records.map((record) => stopped(record, false)) : records;
  }

  #open(): Promise<Opened> {
    this.#opening ??= this.#openNow().catch((reason: unknown) => {
      this.#opening = undefined; // the next step tries again
      throw reason;
    });
    return this.#opening;
  }

  async #openNow(): Promise<Opened> {
    const { bus, subjects, clock, findPort, events, leadership, sawEpoch } = this.#options;
    const ports = await PortTable.open(bus.store('ports'), findPort);
    const routing = await RoutingTable.open(bus.store(ASSIGNMENTS_BUCKET));
    const table = await OwnershipTable.open(bus.store(ASSIGNMENTS_BUCKET), leadership, sawEpoch);
    const fenced = {
      publish: (subject: string, body: object) => {
        if (!leadership.isValid())
          throw new NotLeadingError('this daemon no longer leads; the next leader decides');
        bus.publish(subject, { ...body, leader: leadership.leader });
      },
    };
    const nextEpoch = () => leadership.nextEpoch();
    const sender = this.#options.isAlone
      ? undefined
      : new LeaseSender({ bus: fenced, subjects, clock, nextEpoch });
    const ownerships = new Ownerships({ table, clock, termBegan: this.#began, sender });
    const publisher = new Publisher({
      bus: fenced,
      subjects,
      clock,
      events,
      ports,
      routing,
      ownerships,
      nextEpoch,
    });
    this.#opened = { ports, routing, ownerships, publisher };
    return this.#opened;
  }

  async #step(): Promise<{ readonly wakeAt: number | undefined }> {
    const { leadership } = this.#options;
    const { ports, routing, ownerships, publisher } = await this.#open();
    // A death that cannot be written is not acted on, but holds up nothing else.
    const unsettled = await this.#fleet.settle().then(
      () => undefined,
      (reason: unknown) => ({ reason }),
    );
    const hosts = this.#fleet.hosts();
    if (hosts.length === 0 || !leadership.isValid()) return { wakeAt: undefined };
    const now = this.#options.clock.now();
    if (this.#fleet.isUnreported) return { wakeAt: now + MEMBERSHIP_HEARTBEAT_MS / 2 };
    // A store that came back older must not decide what runs.
    if (await this.#survivors.restore(this.#memories())) return { wakeAt: now + RESTORE_AGAIN_MS };
    const planned = plan(this.#records(), publisher.observe(hosts), now, this.#memory);
    this.#memory = planned.memory;
    this.#tellProblems(planned);
    const unwritten = await publisher.publish(planned, hosts);
    if (this.#isDraining) {
      if (hosts.every(({ report }) => report !== undefined && report.replicas.length === 0))
        this.#onDrained?.();
      return { wakeAt: planned.wakeAt };
    }
    for (const app of planned.apps) await this.#advance(app);
    if (unsettled !== undefined) throw unsettled.reason;
    if (unwritten !== undefined) throw unwritten;
    // Last, so that a disk that is full holds up none of the above.
    if (leadership.isValid()) {
      await routing.save();
      await ownerships.retain(planned.apps.map(({ record }) => record));
      await ports.save();
      await this.#options.desired.prune();
    }
    const due = earlier(routing.balanceDueAt, ownerships.wakeAt(planned.apps, now));
    const dueAt = due === undefined ? undefined : Math.max(due, now + MIN_BALANCE_MS);
    return { wakeAt: earlier(planned.wakeAt, dueAt) };
  }

  /** Of each host, also a silent one that may be heard again, the digest of what it remembers. */
  #memories(): ReadonlyMap<string, string> {
    return new Map(
      this.#fleet
        .hosts()
        .flatMap(({ member, report }) =>
          isIn(member) && report?.memory !== undefined ? [[report.host, report.memory] as const] : [],
        ),
    );
  }

  async #advance({ record, shiftTo, gone, isGone }: AppPlan): Promise<void> {
    const { events, desired, history, leadership } = this.#options;
    const { app } = record;
    if (!leadership.isValid()) return;
    if (isGone) {
      if (!(await desired.forget(record))) return;
      this.#opened?.ports.forget(app);
      await history.forget(app);
      events.tell('removed', `${app} is gone`, app);
      return;
    }
    if (shiftTo === undefined && gone.length === 0) return;
    const changed = await desired.change(app, 'leader', (newest) => {
      if (newest === undefined) return undefined;
      const moved = shiftTo === undefined ? newest : shifted(newest, shiftTo);
      const next = forgotten(
        moved,
        gone.filter((version) => version !== moved.current.version && version !== moved.serving),
      );
      return next === newest ? undefined : next;
    });
    if (shiftTo !== undefined && changed?.serving === shiftTo)
      events.tell('version-serving', `${app} ${shiftTo} serves`, app);
    for (const version of gone) events.tell('version-gone', `${app} ${version} has gone`, app);
  }

  #tellProblems({ apps }: Plan): void {
    const { events } = this.#options;
    for (const { record, failure, unplaced } of apps) {
      const { app } = record;
      const before = this.#planned.get(app);
      if (failure !== undefined && before?.failure === undefined)
        events.tell('version-failed', `${app} does not come up: ${failure}`, app);
      const [first] = unplaced;
      if (first !== undefined && before?.unplaced[0]?.reason !== first.reason)
        events.tell(
          'unplaced',
          `${app}: ${unplaced.length} replicas lack a host, such as ${first.replica}: ${first.reason}`,
          app,
        );
      if (first === undefined && before !== undefined && before.unplaced.length > 0)
        events.tell('placed', `${app}: every replica has a host again`, app);
    }
    this.#reasons.note(apps);
    this.#planned = new Map(apps.map((each) => [each.record.app, each]));
  }

  #reportsIn(): readonly HostReport[] {
    return this.#fleet
      .hosts()
      .flatMap(({ member, report }) => (report !== undefined && isIn(member) ? [report] : []));
  }

  #replicasOf(app: string): readonly HostedReplica[] {
    return this.#reportsIn().flatMap(({ host, replicas }) =>
      replicas.filter((replica) => replica.app === app).map((replica) => ({ ...replica, host })),
    );
  }

  #statusOf(record: AppRecord): AppStatus {
    const { app } = record;
    const reports = this.#reportsIn();
    const ports = this.#opened?.ports;
    return appStatus(record, {
      replicas: this.#replicasOf(app),
      listeners: reports.flatMap(({ ingress }) =>
        ingress.listeners.filter((listener) => listener.app === app),
      ),
      failure: this.#planned.get(app)?.failure,
      unplaced: this.#planned.get(app)?.unplaced ?? [],
      groups: this.#planned.get(app)?.groups ?? [],
      portOf: ({ name, port }) => (port !== 0 ? port : (ports?.get(app, name)?.port ?? 0)),
    });
  }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
