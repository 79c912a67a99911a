import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type {
  DeployReply,
  HistoryEntry,
  HostChange,
  PlanView,
  RoutingView,
  StateCheck,
} from '../api/api-types.js';
import { type Bus, BusError, type Subscription } from '../bus/bus.js';
import { messageOf } from '../bus/keyed-log.js';
import type { Subjects } from '../bus/subjects.js';
import type { Election } from '../leader/election.js';
import type { Leadership } from '../leader/leadership.js';
import type { Understood } from '../membership/compatibility.js';
import { drained, type HostRecord, readHostRecord, removed } from '../membership/host-record.js';
import { HOSTS_BUCKET, HostRecords } from '../membership/host-records.js';
import type { MembershipTimes } from '../membership/membership.js';
import { type Presence, presenceOf } from '../membership/presence.js';
import type { ClusterMemory } from '../memory/cluster-memory.js';
import type { MemoryEntry } from '../memory/memory-entry.js';
import type { Clock } from '../processes/clock.js';
import { deployed, MAX_OLDER, stopped } from './app-record.js';
import { type AppObservation, appStatus } from './app-status.js';
import { type ClusterView, readClusterView } from './cluster-view.js';
import { APPS_BUCKET, DesiredState } from './desired-state.js';
import type { EventLog } from './event-log.js';
import { groupsOf, ManifestError, refuseSharedFiles } from './groups.js';
import { History } from './history.js';
import { HostInUseError, UnknownHostError } from './host-errors.js';
import { Leader } from './leader.js';
import { readPlanView } from './plan-view.js';
import { readManifest } from './read-manifest.js';
import { Reconciler } from './reconciler.js';
import { readRoutingQuery, readRoutingViews } from './routing-view.js';
import { checkStates } from './state-schemas.js';

const KEPT_VERSIONS = 5;
const VIEW_TIMEOUT_MS = 2000;
const UNSEEN: AppObservation = {
  replicas: [],
  listeners: [],
  failure: undefined,
  unplaced: [],
  groups: [],
  portOf: () => 0,
};

export interface ManagerOptions {
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
  readonly events: EventLog;
  readonly findPort: (host: string) => Promise<number>;
  /** Started and stopped by the manager. */
  readonly election: Election;
  readonly self: { readonly host: string; readonly generation: number };
  readonly understood: Understood;
  /** There is no other host. */
  readonly isAlone: boolean;
  /** State of the apps is in a store that several processes may write, each its keys. Default: in files. */
  readonly sharesState?: boolean | undefined;
  /** Of this daemon, over the store's loss; undefined on a host that is alone. */
  readonly memory?: Pick<ClusterMemory, 'remember' | 'entries' | 'value' | 'idle'> | undefined;
  /** Default: see {@link MembershipTimes}. */
  readonly times?: MembershipTimes | undefined;
}

/** What needs the store to be read. */
interface Opened {
  readonly desired: DesiredState;
  readonly hostRecords: HostRecords;
}

/** The app is not there, or is not what was asked for. */
export class UnknownAppError extends Error {
  override readonly name = 'UnknownAppError';
}

/**
 * One peer of the control plane, on every daemon: takes what is to be changed, leads when it is its turn, and else asks
 * the leader for what is shown.
 */
export class Manager {
  readonly #options: ManagerOptions;
  readonly #history: History;
  readonly #opener: Reconciler;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #leader: Leader | undefined;
  /** Former leaders of this daemon that are still ending. */
  readonly #ending = new Set<Promise<void>>();
  #problem: string | undefined;
  /** What only the leader answers. */
  #served: readonly Subscription[] = [];
  #stopped = false;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.#history = new History(options.bus.store('history'));
    this.#opener = new Reconciler({
      clock: options.clock,
      random: options.random,
      step: async () => {
        await this.#open();
        return { wakeAt: undefined };
      },
      onProblem: (problem) => this.#onProblem(problem),
    });
  }

  /** Returns at once; a store that cannot be read at first is tried again, and is a problem meanwhile. */
  start(): void {
    const { election } = this.#options;
    this.#opener.trigger();
    election.onChange((leadership) => this.#lead(leadership));
    election.start();
  }

  /** See {@link Leader.drain}. Waits to lead first, for no longer than a lease. */
  async drain(): Promise<void> {
    await this.#leader?.drain();
  }

  /** Gives the leadership up, too. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endLeader();
    await this.#opener.stop();
    await Promise.all(this.#ending);
    await this.#options.election.stop();
    this.#opened?.desired.close();
    this.#opened?.hostRecords.close();
  }

  /** While this daemon leads. */
  get leading(): Leader | undefined {
    return this.#leader;
  }

  problems(): readonly string[] {
    const { problem } = this.#options.election.view();
    const own = [this.#problem, problem].filter((each) => each !== undefined);
    return [...new Set([...own, ...(this.#leader?.problems() ?? [])])];
  }

  /** As the leader sees it; without an answer of the leader what is desired, and why there is no more. Never rejects. */
  async view(): Promise<ClusterView> {
    const leader = this.#leader;
    if (leader !== undefined) return { ...leader.view(), problems: this.problems() };
    const { bus, subjects } = this.#options;
    try {
      const view = readClusterView(await bus.request(subjects.view, {}, { timeoutMs: VIEW_TIMEOUT_MS }));
      if (view === undefined) throw new Error('its answer cannot be read; is it a newer weaverd?');
      return { ...view, problems: [...new Set([...this.problems(), ...view.problems])] };
    } catch (reason) {
      const why = `the leader of the cluster does not answer: ${messageOf(reason)}; what runs goes on`;
      return {
        leader: undefined,
        hosts: [],
        apps: this.#opened?.desired.records().map((record) => appStatus(record, UNSEEN)) ?? [],
        problems: [...this.problems(), why],
      };
    }
  }

  /** Those of the store; none before it was read. */
  presence(): Presence {
    return presenceOf(this.#opened?.hostRecords.all() ?? []);
  }

  /** Newest first. */
  history(app: string): Promise<readonly HistoryEntry[]> {
    return this.#history.of(app);
  }

  /** Rejects with ManifestError, IncompatibleStateError, or the store's BusError. */
  async deploy(
    description: AppDescription,
    manifest: unknown,
    user: string,
    stateCheck: StateCheck = 'both-ways',
  ): Promise<DeployReply> {
    const { desired } = await this.#open();
    const { app, version } = description;
    const deployment = {
      version,
      description,
      manifest: readManifest(app, manifest),
      deployedAt: this.#options.clock.now(),
    };
    const groups = groupsOf(description, deployment.manifest);
    if (this.#options.sharesState !== true) refuseSharedFiles(groups, description);
    let warnings: readonly string[] = [];
    const record = await desired.change(app, 'user', (before) => {
      const checked = checkStates(before, description, stateCheck);
      warnings = checked.warnings;
      const next = deployed(before, deployment);
      if (next !== undefined && next.older.length > MAX_OLDER)
        throw new ManifestError(
          `${app}: ${MAX_OLDER} versions are still being retired; deploy again when they have gone`,
        );
      return next && { ...next, stateSchemas: checked.stateSchemas };
    });
    if (record === undefined) return { app, version, unchanged: true };
    await this.#remembered();
    await this.#history.add({ app, version, at: deployment.deployedAt, action: 'deployed', user });
    this.#options.events.tell('deployed', `${app} ${version} was deployed by ${user}`, app);
    this.#leader?.trigger();
    return { app, version, unchanged: false, ...(warnings.length === 0 ? {} : { warnings }) };
  }

  /** Rejects with UnknownAppError, or the store's BusError. */
  async stopApp(app: string, remove: boolean, user: string): Promise<void> {
    const { desired } = await this.#open();
    const record = await desired.change(app, 'user', (before) => {
      if (before === undefined) throw new UnknownAppError(`there is no app ${app}`);
      return stopped(before, remove);
    });
    if (record === undefined) return;
    const { version } = record.current;
    await this.#remembered();
    await this.#history.add({ app, version, at: this.#options.clock.now(), action: 'stopped', user });
    this.#options.events.tell('stopped', `${app} was ${remove ? 'removed' : 'stopped'} by ${user}`, app);
    this.#leader?.trigger();
  }

  /**
   * Rejects with UnknownHostError, with HostInUseError for the removal of one that is still there, or the store's
   * BusError.
   */
  async changeHost(host: string, change: HostChange, user: string): Promise<void> {
    const { hostRecords } = await this.#open();
    const { hosts } = await this.view();
    const seen = hosts.find((each) => each.host === host);
    if (seen === undefined && hostRecords.of(host).facts === undefined)
      throw new UnknownHostError(host, hosts);
    if (change === 'remove' && seen !== undefined && seen.state !== 'dead' && seen.replicas > 0)
      throw new HostInUseError(host, seen.replicas);
    await hostRecords.change(host, 'user', (record) =>
      change === 'remove' ? removed(record) : drained(record, change === 'drain'),
    );
    await this.#remembered();
    this.#options.events.tell(`host-${change}`, `${host}: ${change} by ${user}`, undefined, host);
    this.#leader?.hostChanged(host);
  }

  /** Why everything is where it is. Rejects with the bus's BusError when the leader does not answer. */
  async explain(): Promise<PlanView> {
    const leader = this.#leader;
    if (leader !== undefined) return leader.explain();
    const { bus, subjects } = this.#options;
    const answer = readPlanView(await bus.request(subjects.plan, {}, { timeoutMs: VIEW_TIMEOUT_MS }));
    if (answer === undefined)
      throw new BusError('REFUSED', "the leader's plan cannot be read; is it a newer weaverd?");
    return answer;
  }

  /** Where keys of the component are, of every app that has it or of that one. Rejects as {@link explain} does. */
  async routing(component: string, app: string | undefined): Promise<readonly RoutingView[]> {
    const query = { component, app };
    const leader = this.#leader;
    if (leader !== undefined) return leader.routing(query);
    const { bus, subjects } = this.#options;
    const answer = await bus.request(subjects.routingViews, query, { timeoutMs: VIEW_TIMEOUT_MS });
    const views = readRoutingViews(answer);
    if (views === undefined)
      throw new BusError('REFUSED', "the leader's routing cannot be read; is it of another weaverd?");
    return views;
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

  #open(): Promise<Opened> {
    this.#opening ??= this.#openNow().catch((reason: unknown) => {
      this.#opening = undefined; // the next step tries again
      throw reason;
    });
    return this.#opening;
  }

  async #openNow(): Promise<Opened> {
    const { bus, events, election, memory, clock } = this.#options;
    const desired = await DesiredState.open({
      store: bus.store(APPS_BUCKET),
      remembered: (key) => memory?.value({ bucket: APPS_BUCKET, key }),
      written: (key, value) => this.#rememberThese([{ bucket: APPS_BUCKET, key, value }]),
      now: () => clock.now(),
      changed: (how) => {
        this.#remember();
        if (how === 'reset') this.#leader?.storeReset();
        else this.#leader?.trigger();
      },
    });
    try {
      const hostRecords = await HostRecords.open({
        store: bus.store(HOSTS_BUCKET),
        remembered: (key) => memory?.value({ bucket: HOSTS_BUCKET, key }),
        now: () => clock.now(),
        written: (key, value) => this.#rememberThese([{ bucket: HOSTS_BUCKET, key, value }]),
        changed: (record) => {
          this.#remember();
          this.#leader?.hostChanged(record?.host);
        },
        unreadable: (key) => events.tell('store', `the store's record of host ${key} cannot be read`),
      });
      this.#opened = { desired, hostRecords };
      this.#remember();
    } catch (reason) {
      desired.close();
      throw reason;
    }
    this.#lead(election.leadership());
    return this.#opened;
  }

  #rememberedHosts(): readonly HostRecord[] {
    const entries = this.#options.memory?.entries() ?? [];
    return entries.flatMap(({ bucket, value }) =>
      bucket === HOSTS_BUCKET ? (readHostRecord(value) ?? []) : [],
    );
  }

  /** What the store has now; the memory itself knows which of it is newer. */
  #remember(): void {
    if (this.#opened !== undefined) this.#rememberThese(storedEntries(this.#opened));
  }

  #rememberThese(entries: readonly MemoryEntry[]): void {
    // A disk that refuses is a problem that the memory tells of; it tries again with the next change.
    this.#options.memory?.remember(entries).catch(() => undefined);
  }

  /** Before a change is acknowledged: the store may lose it, so that this host has it on disk if its disk takes it. */
  async #remembered(): Promise<void> {
    await this.#options.memory?.idle();
  }

  /** What is desired must be known, too. */
  #lead(leadership: Leadership | undefined): void {
    this.#endLeader();
    const opened = this.#opened;
    if (leadership === undefined || opened === undefined || this.#stopped) return;
    const { bus, subjects, events, self, election } = this.#options;
    const leader = new Leader({
      ...this.#options,
      self: { ...self, incarnation: leadership.incarnation },
      leadership,
      ...opened,
      rememberedHosts: this.#rememberedHosts(),
      stored: () => storedEntries(opened),
      sawEpoch: (epoch, of) => election.raise(epoch, of),
      history: this.#history,
      onProblem: (problem) => this.#onProblem(problem),
    });
    this.#leader = leader;
    this.#served = [
      bus.serve(subjects.view, () => leader.view()),
      bus.serve(subjects.plan, () => leader.explain()),
      bus.serve(subjects.routingViews, (body) => {
        const query = readRoutingQuery(body);
        return { routing: query === undefined ? [] : leader.routing(query) };
      }),
    ];
    events.tell('leading', `this daemon leads the cluster (incarnation ${leadership.incarnation})`);
    leader.start();
  }

  #endLeader(): void {
    const leader = this.#leader;
    if (leader === undefined) return;
    this.#leader = undefined;
    for (const subscription of this.#served) subscription.close();
    const ending = leader.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  #onProblem(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem)
      this.#options.events.tell('manager-problem', problem);
    this.#problem = problem;
  }
}

/** What the store has that a daemon remembers. */
function storedEntries({ desired, hostRecords }: Opened): readonly MemoryEntry[] {
  return [...desired.entries(), ...hostRecords.entries()];
}
