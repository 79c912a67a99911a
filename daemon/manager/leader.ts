import type { AppStatus, LeaderStatus } from '../api/api-types.js';
import type { Bus, Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import { readReport } from '../host/host-messages.js';
import type { Leadership } from '../leader/leadership.js';
import { NotLeadingError } from '../leader/leadership.js';
import type { Clock } from '../processes/clock.js';
import { type AppRecord, forgotten, shifted, stopped } from './app-record.js';
import { appStatus } from './app-status.js';
import type { ClusterView } from './cluster-view.js';
import type { DesiredState } from './desired-state.js';
import type { EventLog } from './event-log.js';
import type { History } from './history.js';
import { HostTable } from './host-table.js';
import { type AppPlan, type Plan, plan } from './plan.js';
import { BLANK_MEMORY } from './plan-memory.js';
import { PortTable } from './port-table.js';
import { Publisher } from './publisher.js';
import { Reconciler } from './reconciler.js';
import { MAX_SETTLE_MS } from './retirement.js';
import { RoutingTable } from './routing-table.js';

export interface LeaderOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventLog;
  readonly findPort: (host: string) => Promise<number>;
  readonly leadership: Leadership;
  readonly self: LeaderStatus;
  readonly desired: DesiredState;
  readonly history: History;
  /** Why it cannot do its work at present; undefined when it can. */
  readonly onProblem: (problem: string | undefined) => void;
}

/** What needs the store to be read. */
interface Opened {
  readonly ports: PortTable;
  readonly routing: RoutingTable;
  readonly publisher: Publisher;
}

/**
 * What the leading daemon does for one term: keeps what hosts run, routing and ingress in step with what is desired.
 * Nothing is sent once the term is over.
 */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #hosts = new HostTable();
  readonly #reconciler: Reconciler;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #memory = BLANK_MEMORY;
  /** By app, as last planned. */
  #planned: ReadonlyMap<string, AppPlan> = new Map();
  #isDraining = false;
  #onDrained: (() => void) | undefined;
  #reports: Subscription | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
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
      const report = readReport(body);
      if (report !== undefined && this.#hosts.accept(report)) this.#reconciler.trigger();
    });
    bus.publish(subjects.callForReports, {});
    this.#reconciler.trigger();
  }

  /** What is desired has changed. */
  trigger(): void {
    this.#reconciler.trigger();
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
    await this.#reconciler.stop();
  }

  problems(): readonly string[] {
    return this.#hosts.reports().flatMap(({ problems }) => problems);
  }

  view(): ClusterView {
    return {
      leader: this.#options.self,
      apps: this.#records().map((record) => this.#statusOf(record)),
      hosts: [],
      problems: this.problems(),
    };
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
    const { bus, subjects, clock, findPort, events, leadership } = this.#options;
    const ports = await PortTable.open(bus.store('ports'), findPort);
    const routing = await RoutingTable.open(bus.store('assignments'));
    const fenced = {
      publish: (subject: string, body: unknown) => {
        if (!leadership.isValid())
          throw new NotLeadingError('this daemon no longer leads; the next leader decides');
        bus.publish(subject, body);
      },
    };
    const nextEpoch = () => leadership.nextEpoch();
    const publisher = new Publisher({ bus: fenced, subjects, clock, events, ports, routing, nextEpoch });
    this.#opened = { ports, routing, publisher };
    return this.#opened;
  }

  async #step(): Promise<{ readonly wakeAt: number | undefined }> {
    const { leadership } = this.#options;
    const { ports, routing, publisher } = await this.#open();
    const reports = this.#hosts.reports();
    if (reports.length === 0 || !leadership.isValid()) return { wakeAt: undefined };
    const now = this.#options.clock.now();
    const planned = plan(this.#records(), publisher.observe(reports), now, this.#memory);
    this.#memory = planned.memory;
    this.#tellProblems(planned);
    await publisher.publish(planned, reports);
    if (this.#isDraining) {
      if (reports.every(({ replicas }) => replicas.length === 0)) this.#onDrained?.();
      return { wakeAt: planned.wakeAt };
    }
    for (const app of planned.apps) await this.#advance(app);
    // Last, so that a disk that is full holds up none of the above.
    if (leadership.isValid()) {
      await routing.save();
      await ports.save();
    }
    return { wakeAt: planned.wakeAt };
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
    const changed = await desired.change(app, (newest) => {
      if (newest === undefined) return undefined;
      const moved = shiftTo === undefined ? newest : shifted(newest, shiftTo);
      return forgotten(
        moved,
        gone.filter((version) => version !== moved.current.version && version !== moved.serving),
      );
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
    this.#planned = new Map(apps.map((each) => [each.record.app, each]));
  }

  #statusOf(record: AppRecord): AppStatus {
    const { app } = record;
    const reports = this.#hosts.reports();
    const ports = this.#opened?.ports;
    return appStatus(record, {
      replicas: reports.flatMap(({ host, replicas }) =>
        replicas.filter((replica) => replica.app === app).map((replica) => ({ ...replica, host })),
      ),
      listeners: reports.flatMap(({ ingress }) =>
        ingress.listeners.filter((listener) => listener.app === app),
      ),
      failure: this.#planned.get(app)?.failure,
      unplaced: this.#planned.get(app)?.unplaced ?? [],
      scales: this.#planned.get(app)?.scales ?? [],
      portOf: ({ name, port }) => (port !== 0 ? port : (ports?.get(app, name)?.port ?? 0)),
    });
  }
}
