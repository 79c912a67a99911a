import { mkdirSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Logs } from '../../sdk/protocol/control.js';
import { ControlError } from '../../sdk/protocol/control-channel.js';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import type { ReplicaState } from '../api/api-types.js';
import { signalProcess } from '../processes/signal-process.js';
import { backoffMs } from './backoff.js';
import { systemClock } from './clock.js';
import type { RegisterIngress, Status, WireRoute } from './ingress-protocol.js';
import { type IngressRecord, newRecord, readRecord, withPorts, writeRecord } from './ingress-record.js';
import type {
  Ingress,
  IngressClock,
  IngressListenerStatus,
  IngressOptions,
  IngressRoute,
  IngressStatus,
} from './ingress-routes.js';
import { type KeeperChannel, listenForIngress } from './keeper-server.js';
import { launchIngress } from './launch-ingress.js';
import { listenersOf, openPorts, routeKey } from './reported-listeners.js';

/**
 * Starts, adopts and restarts the ingress process. Rejects when the keeper's socket cannot be had. At most one daemon
 * may use the same paths at a time.
 */
export async function createIngress(options: IngressOptions): Promise<Ingress> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const record = readRecord(options.recordFile) ?? newRecord();
  const keeper = new IngressKeeper(options, record);
  await keeper.open();
  return keeper;
}

type State =
  | { readonly kind: 'stopped' }
  /** Running, but not connected: it was just started, or a daemon's restart or a fault cut the connection. */
  | { readonly kind: 'starting' | 'adopting'; readonly process: ProcessIdentity; readonly since: number }
  | {
      readonly kind: 'serving';
      readonly process: ProcessIdentity;
      readonly since: number;
      readonly channel: KeeperChannel;
    }
  | { readonly kind: 'draining'; readonly process: ProcessIdentity; readonly killAt: number }
  | { readonly kind: 'waiting' };

/** A process that does not register for so long is replaced. */
const REGISTER_DEADLINE_MS = 15_000;
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 10_000;
/** A process that answers none of so many pings in a row hangs, and is replaced. */
const MAX_PINGS_MISSED = 3;
const WATCH_INTERVAL_MS = 50;
const RESTART_FIRST_MS = 100;
const RESTART_MAX_MS = 10_000;
/** After serving for so long its failures are forgotten. */
const STABLE_MS = 30_000;
const CRASH_LOOP_FAILURES = 3;
const SHUTDOWN_GRACE_MS = 10_000;
/** An ingress without any route is stopped after this. */
const IDLE_STOP_MS = 30_000;

class IngressKeeper implements Ingress {
  readonly #options: IngressOptions;
  readonly #clock: IngressClock;
  readonly #listeners = new Set<() => void>();
  #record: IngressRecord;
  #server: Server | undefined;
  #state: State = { kind: 'stopped' };
  /** Undefined until the daemon knows: an adopted process serves by its last ones. */
  #routes: readonly IngressRoute[] | undefined;
  #sequence = 0;
  #applied = false;
  #reported: readonly IngressListenerStatus[] = [];
  #rssBytes = 0;
  #failures = 0;
  #pingsMissed = 0;
  #closed = false;
  #cancelWatch: (() => void) | undefined;
  #cancelPing: (() => void) | undefined;
  #cancelRestart: (() => void) | undefined;
  #cancelIdleStop: (() => void) | undefined;
  #whenStopped: (() => void) | undefined;

  constructor(options: IngressOptions, record: IngressRecord) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#record = record;
  }

  async open(): Promise<void> {
    this.#server = await listenForIngress(this.#options.socketPath, this.#record.token, {
      registered: (channel, body) => this.#registered(channel, body),
      status: (channel, status) => this.#heard(channel, status),
      logs: (logs) => this.#log(logs),
      closed: (channel) => this.#disconnected(channel),
    });
    const { process } = this.#record;
    if (process === undefined || !isRunning(process)) return;
    this.#state = { kind: 'adopting', process, since: this.#clock.now() };
    this.#watch();
  }

  setRoutes(routes: readonly IngressRoute[]): void {
    this.#routes = routes;
    this.#applied = false;
    this.#sequence++;
    this.#cancelIdleStop?.();
    this.#cancelIdleStop = undefined;
    if (this.#closed) return;
    if (this.#state.kind === 'stopped' && routes.length > 0) this.#start();
    else if (this.#state.kind === 'serving') this.#push();
    if (routes.length === 0)
      this.#cancelIdleStop = this.#clock.after(IDLE_STOP_MS, () => this.#drain('nothing is to be served'));
    this.#changed();
  }

  status(): IngressStatus {
    const state = this.#state;
    return {
      pid: 'process' in state ? state.process.pid : undefined,
      rssBytes: state.kind === 'serving' || state.kind === 'draining' ? this.#rssBytes : 0,
      state: shownState(state, this.#failures),
      routesApplied: this.#applied || (state.kind === 'stopped' && this.#routes?.length === 0),
      listeners: listenersOf(this.#routes, this.#reported, this.#record.ports),
    };
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async close({ stop }: { readonly stop: boolean }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelIdleStop?.();
    this.#cancelRestart?.();
    if (stop && 'process' in this.#state) {
      const stopped = new Promise<void>((resolve) => {
        this.#whenStopped = resolve;
      });
      this.#drain('the daemon stops');
      await stopped;
    }
    this.#cancelWatch?.();
    this.#cancelPing?.();
    if (this.#state.kind === 'serving') this.#state.channel.close();
    // From here on it is somebody else's.
    this.#state = { kind: 'stopped' };
    const server = this.#server;
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #start(): void {
    this.#state = { kind: 'waiting' };
    const { socketPath, folder, logFolder } = this.#options;
    // Of this start only; a later one's state is not touched by an earlier one's end.
    let ended: string | undefined;
    let identity: ProcessIdentity | undefined;
    try {
      identity = launchIngress({
        socketPath,
        folder,
        logFolder,
        token: this.#record.token,
        onExit: (how) => {
          ended = how;
          if (identity === undefined || this.#hasProcess(identity)) this.#gone(how);
        },
      });
    } catch (reason) {
      return this.#gone(`could not be started: ${(reason as Error).message}`);
    }
    // Its exit, or why there was none, is about to be heard.
    if (identity === undefined || ended !== undefined) return;
    this.#state = { kind: 'starting', process: identity, since: this.#clock.now() };
    this.#save({ ...this.#record, process: identity });
    this.#watch();
    this.#changed();
  }

  #registered(channel: KeeperChannel, body: RegisterIngress): void {
    const state = this.#state;
    if ('process' in state && state.process.pid !== body.pid && isRunning(state.process))
      throw new ControlError('UNAUTHENTICATED', `the ingress of this daemon is process ${state.process.pid}`);
    const process = identifyProcess(body.pid);
    if (process === undefined) throw new ControlError('NOT_FOUND', `there is no process ${body.pid}`);
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    if (state.kind === 'serving') state.channel.close();
    if (state.kind !== 'draining')
      this.#state = { kind: 'serving', process, since: this.#clock.now(), channel };
    this.#save({ ...this.#record, process });
    this.#rssBytes = body.rssBytes;
    this.#reported = body.listeners;
    this.#pingsMissed = 0;
    this.#event(
      state.kind === 'starting' ? 'ingress-started' : 'ingress-adopted',
      `the ingress is process ${body.pid}`,
    );
    // After the reply, which leaves in a later microtask.
    setImmediate(() => {
      if (this.#state.kind === 'draining') channel.notify('Shutdown', { graceMs: SHUTDOWN_GRACE_MS });
      else if (this.#routes !== undefined) this.#push();
    });
    this.#schedulePing();
    this.#changed();
  }

  #heard(channel: KeeperChannel, status: Status): void {
    if (this.#state.kind !== 'serving' || this.#state.channel !== channel) return;
    this.#rssBytes = status.rssBytes;
    this.#reported = status.listeners;
    this.#applied = status.sequence === this.#sequence;
    const ports = openPorts(status.listeners);
    if (Object.entries(ports).some(([key, port]) => this.#record.ports[key] !== port))
      this.#save({ ...this.#record, ports: withPorts(this.#record.ports, ports) });
    this.#changed();
  }

  #push(): void {
    if (this.#state.kind !== 'serving' || this.#routes === undefined) return;
    const routes = this.#routes.map((route): WireRoute => {
      const preferredPort = this.#record.ports[routeKey(route)];
      return route.port !== 0 || preferredPort === undefined ? route : { ...route, preferredPort };
    });
    // A channel that does not drain is made anew, and then has the newest routes.
    if (!this.#state.channel.notify('Routes', { sequence: this.#sequence, routes }))
      this.#state.channel.close();
  }

  #disconnected(channel: KeeperChannel): void {
    if (this.#closed || this.#state.kind !== 'serving' || this.#state.channel !== channel) return;
    this.#cancelPing?.();
    this.#applied = false;
    const { process, since } = this.#state;
    if (this.#clock.now() - since > STABLE_MS) this.#failures = 0;
    this.#state = { kind: 'adopting', process, since: this.#clock.now() };
    // Not at once: its exit, which says more, may be about to be heard.
    this.#cancelWatch = this.#clock.after(WATCH_INTERVAL_MS, () => this.#watch());
    this.#changed();
  }

  /** Looks after a process that is not connected or is to end. */
  #watch(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
    const state = this.#state;
    if (state.kind !== 'starting' && state.kind !== 'adopting' && state.kind !== 'draining') return;
    if (!isRunning(state.process)) return this.#gone('has gone');
    const now = this.#clock.now();
    const overdue =
      state.kind === 'draining' ? now >= state.killAt : now - state.since >= REGISTER_DEADLINE_MS;
    if (overdue) {
      this.#event(
        'ingress-killed',
        `the ingress (process ${state.process.pid}) did not answer and is killed`,
      );
      signalProcess(state.process, 'SIGKILL');
      this.#state =
        state.kind === 'draining'
          ? { ...state, killAt: now + REGISTER_DEADLINE_MS }
          : { ...state, since: now };
    }
    this.#cancelWatch = this.#clock.after(WATCH_INTERVAL_MS, () => this.#watch());
  }

  /** Once per process: later reports of the same end find another state. */
  #gone(how: string): void {
    const { kind } = this.#state;
    const pid = 'process' in this.#state ? ` (process ${this.#state.process.pid})` : '';
    this.#cancelWatch?.();
    this.#cancelPing?.();
    if (this.#state.kind === 'serving' && this.#clock.now() - this.#state.since > STABLE_MS)
      this.#failures = 0;
    this.#applied = false;
    this.#reported = [];
    this.#state = { kind: 'stopped' };
    if (kind === 'draining') {
      this.#save({ ...this.#record, process: undefined });
      this.#event('ingress-stopped', `the ingress${pid} stopped`);
      this.#whenStopped?.();
      if (!this.#closed && (this.#routes?.length ?? 0) > 0) this.#start();
    } else {
      this.#failures++;
      this.#event(
        'ingress-ended',
        `the ingress${pid} ${how}; ${join(this.#options.logFolder, 'ingress.log')} may say why`,
      );
      this.#whenStopped?.();
      if (!this.#closed && (this.#routes?.length ?? 0) > 0) this.#restartLater();
    }
    this.#changed();
  }

  #restartLater(): void {
    this.#state = { kind: 'waiting' };
    const random = this.#options.random ?? Math.random;
    const delay = backoffMs(this.#failures, RESTART_FIRST_MS, RESTART_MAX_MS, random);
    this.#cancelRestart = this.#clock.after(delay, () => {
      this.#state = { kind: 'stopped' };
      if ((this.#routes?.length ?? 0) > 0) this.#start();
      this.#changed();
    });
  }

  #drain(why: string): void {
    const state = this.#state;
    if (!('process' in state) || state.kind === 'draining') return;
    this.#event('ingress-draining', `the ingress (process ${state.process.pid}) drains: ${why}`);
    this.#cancelPing?.();
    this.#applied = false;
    this.#state = {
      kind: 'draining',
      process: state.process,
      killAt: this.#clock.now() + SHUTDOWN_GRACE_MS + 2_000,
    };
    const told = state.kind === 'serving' && state.channel.notify('Shutdown', { graceMs: SHUTDOWN_GRACE_MS });
    if (!told) signalProcess(state.process, 'SIGTERM');
    this.#watch();
    this.#changed();
  }

  #schedulePing(): void {
    this.#cancelPing?.();
    this.#cancelPing = this.#clock.after(PING_INTERVAL_MS, () => void this.#ping());
  }

  async #ping(): Promise<void> {
    const state = this.#state;
    if (state.kind !== 'serving') return;
    try {
      this.#rssBytes = (await state.channel.request('Ping', {}, PING_TIMEOUT_MS)).rssBytes;
      this.#pingsMissed = 0;
    } catch {
      this.#pingsMissed++; // said when it is one too many
    }
    if (this.#state !== state) return;
    if (this.#pingsMissed >= MAX_PINGS_MISSED) {
      this.#event('ingress-killed', `the ingress (process ${state.process.pid}) hangs and is killed`);
      signalProcess(state.process, 'SIGKILL');
      return;
    }
    this.#schedulePing();
  }

  #hasProcess(identity: ProcessIdentity): boolean {
    const state = this.#state;
    return (
      'process' in state &&
      state.process.pid === identity.pid &&
      state.process.startTime === identity.startTime
    );
  }

  #save(record: IngressRecord): void {
    this.#record = record;
    try {
      writeRecord(this.#options.recordFile, record);
    } catch (reason) {
      // It serves all the same; only a restarted daemon may have to start another.
      this.#event(
        'ingress-record',
        `${this.#options.recordFile} was not written: ${(reason as Error).message}`,
      );
    }
  }

  #log(logs: Logs): void {
    for (const entry of logs.entries) this.#options.onLog(entry);
    if (logs.dropped > 0)
      this.#event('ingress-logs', `${logs.dropped} log entries of the ingress were dropped`);
  }

  #event(kind: string, message: string): void {
    this.#options.onEvent({ at: Date.now(), app: undefined, kind, message });
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function shownState(state: State, failures: number): ReplicaState {
  if (state.kind !== 'waiting') return state.kind;
  return failures >= CRASH_LOOP_FAILURES ? 'crash-loop' : 'waiting';
}
