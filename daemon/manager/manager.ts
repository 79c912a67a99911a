import { appManifestSchema } from '../../config/app-manifest.js';
import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type { AppStatus, DeployReply, HistoryEntry } from '../api/api-types.js';
import { type Bus, publishBestEffort, type Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import { readReport } from '../host/host-messages.js';
import type { Clock } from '../processes/clock.js';
import { type AppRecord, deployed, forgotten, MAX_OLDER, shifted, stopped } from './app-record.js';
import { appStatus } from './app-status.js';
import { DesiredState } from './desired-state.js';
import { EpochCounter } from './epoch-counter.js';
import type { EventLog } from './event-log.js';
import { groupsOf, ManifestError } from './groups.js';
import { History } from './history.js';
import { HostTable } from './host-table.js';
import { type AppPlan, BLANK_MEMORY, MAX_SETTLE_MS, type Plan, plan } from './plan.js';
import { PortTable } from './port-table.js';
import { Publisher } from './publisher.js';
import { Reconciler } from './reconciler.js';
import { RoutingTable } from './routing-table.js';

const KEPT_VERSIONS = 5;

export interface ManagerOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventLog;
  readonly findPort: (host: string) => Promise<number>;
}

/** What needs the store to be read, and an incarnation of its own. */
interface Opened {
  readonly desired: DesiredState;
  readonly ports: PortTable;
  readonly routing: RoutingTable;
  readonly publisher: Publisher;
}

/** The app is not there, or is not what was asked for. */
export class UnknownAppError extends Error {
  override readonly name = 'UnknownAppError';
}

/** The control plane: keeps what hosts run, routing and ingress in step with what is desired. */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #hosts = new HostTable();
  readonly #history: History;
  readonly #reconciler: Reconciler;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #memory = BLANK_MEMORY;
  #failures: ReadonlyMap<string, string | undefined> = new Map();
  #problem: string | undefined;
  #isDraining = false;
  #onDrained: (() => void) | undefined;
  #reports: Subscription | undefined;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#history = new History(options.bus.store('history'));
    this.#reconciler = new Reconciler({
      clock: options.clock,
      random: options.random,
      step: () => this.#step(),
      onProblem: (problem) => this.#onProblem(problem),
    });
  }

  /** Returns at once; a store that cannot be written at first is tried again, and is a problem meanwhile. */
  start(): void {
    const { bus, subjects } = this.#options;
    this.#reports = bus.subscribe(subjects.report('*'), (body) => {
      const report = readReport(body);
      if (report !== undefined && this.#hosts.accept(report)) this.#reconciler.trigger();
    });
    publishBestEffort(bus, subjects.callForReports, {}); // hosts report by themselves too, a little later
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

  async stop(): Promise<void> {
    this.#reports?.close();
    await this.#reconciler.stop();
    this.#opened?.desired.close();
  }

  problems(): readonly string[] {
    const ofHosts = this.#hosts.reports().flatMap(({ problems }) => problems);
    return [...new Set([...(this.#problem === undefined ? [] : [this.#problem]), ...ofHosts])];
  }

  apps(): readonly AppStatus[] {
    return this.#records().map((record) => this.#statusOf(record));
  }

  app(app: string): AppStatus | undefined {
    const record = this.#records().find((each) => each.app === app);
    return record && this.#statusOf(record);
  }

  /** Newest first. */
  history(app: string): Promise<readonly HistoryEntry[]> {
    return this.#history.of(app);
  }

  /** Rejects with ManifestError, or the store's BusError. */
  async deploy(description: AppDescription, manifest: unknown, user: string): Promise<DeployReply> {
    const { desired } = await this.#open();
    const { app, version } = description;
    const deployment = {
      version,
      description,
      manifest: readManifest(app, manifest),
      deployedAt: this.#options.clock.now(),
    };
    groupsOf(description, deployment.manifest);
    const record = await desired.change(app, (before) => {
      const next = deployed(before, deployment);
      if (next !== undefined && next.older.length > MAX_OLDER)
        throw new ManifestError(
          `${app}: ${MAX_OLDER} versions are still being retired; deploy again when they have gone`,
        );
      return next;
    });
    if (record === undefined) return { app, version, unchanged: true };
    await this.#history.add({ app, version, at: deployment.deployedAt, action: 'deployed', user });
    this.#options.events.tell('deployed', `${app} ${version} was deployed by ${user}`, app);
    this.#reconciler.trigger();
    return { app, version, unchanged: false };
  }

  /** Rejects with UnknownAppError, or the store's BusError. */
  async stopApp(app: string, remove: boolean, user: string): Promise<void> {
    const { desired } = await this.#open();
    const record = await desired.change(app, (before) => {
      if (before === undefined) throw new UnknownAppError(`there is no app ${app}`);
      return stopped(before, remove);
    });
    if (record === undefined) return;
    const { version } = record.current;
    await this.#history.add({ app, version, at: this.#options.clock.now(), action: 'stopped', user });
    this.#options.events.tell('stopped', `${app} was ${remove ? 'removed' : 'stopped'} by ${user}`, app);
    this.#reconciler.trigger();
  }

  /** Versions that run or may be returned to: their artifacts are kept. */
  async versionsInUse(): Promise<ReadonlySet<string>> {
    const { desired } = await this.#open();
    const used = new Set<string>();
    for (const { app, current, older } of desired.records()) {
      for (const { version } of [current, ...older]) used.add(version);
      const past = new Set((await this.#history.of(app)).map(({ version }) => version));
      for (const version of [...past].slice(0, KEPT_VERSIONS)) used.add(version);
    }
    return used;
  }

  #records(): readonly AppRecord[] {
    const records = this.#opened?.desired.records() ?? [];
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
    const { bus, subjects, clock, findPort, events } = this.#options;
    const epochs = await EpochCounter.open(bus.store('epochs'));
    const ports = await PortTable.open(bus.store('ports'), findPort);
    const routing = await RoutingTable.open(bus.store('assignments'));
    const desired = await DesiredState.open(bus.store('apps'), () => this.#reconciler.trigger());
    const nextEpoch = () => epochs.next();
    const publisher = new Publisher({ bus, subjects, clock, events, ports, routing, nextEpoch });
    this.#opened = { desired, ports, routing, publisher };
    return this.#opened;
  }

  async #step(): Promise<{ readonly wakeAt: number | undefined }> {
    const { desired, ports, routing, publisher } = await this.#open();
    const reports = this.#hosts.reports();
    if (reports.length === 0) return { wakeAt: undefined };
    const now = this.#options.clock.now();
    const planned = plan(this.#records(), publisher.observe(reports), now, this.#memory);
    this.#memory = planned.memory;
    this.#tellFailures(planned);
    await publisher.publish(planned, reports);
    if (this.#isDraining) {
      if (reports.every(({ replicas }) => replicas.length === 0)) this.#onDrained?.();
      return { wakeAt: planned.wakeAt };
    }
    for (const app of planned.apps) await this.#advance(desired, app);
    // Last, so that a disk that is full holds up none of the above.
    await routing.save();
    await ports.save();
    return { wakeAt: planned.wakeAt };
  }

  async #advance(desired: DesiredState, { record, shiftTo, gone, isGone }: AppPlan): Promise<void> {
    const { events } = this.#options;
    const { app } = record;
    if (isGone) {
      if (!(await desired.forget(record))) return;
      this.#opened?.ports.forget(app);
      await this.#history.forget(app);
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

  #tellFailures(planned: Plan): void {
    const failures = new Map(planned.apps.map(({ record, failure }) => [record.app, failure]));
    for (const [app, failure] of failures)
      if (failure !== undefined && this.#failures.get(app) === undefined)
        this.#options.events.tell('version-failed', `${app} does not come up: ${failure}`, app);
    this.#failures = failures;
  }

  #onProblem(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem)
      this.#options.events.tell('manager-problem', problem);
    this.#problem = problem;
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
      failure: this.#failures.get(app),
      portOf: ({ name, port }) => (port !== 0 ? port : (ports?.get(app, name)?.port ?? 0)),
    });
  }
}

function readManifest(app: string, given: unknown) {
  const parsed = appManifestSchema.safeParse(given);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ManifestError(`the manifest is not valid: ${issues.join('; ')}`);
  }
  const { name } = parsed.data;
  if (name !== undefined && name !== app)
    throw new ManifestError(`the manifest is of ${name}, the artifact of ${app}; build and deploy it again`);
  return parsed.data;
}
