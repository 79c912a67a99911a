import { callStateIsUnread } from '../call/call-context.js';
import { deferred } from '../call/deferred.js';
import type { Invoker } from '../client/invoker.js';
import { LocalInvoker } from '../client/local-invoker.js';
import { RoutedInvoker } from '../client/routed-invoker.js';
import { type CompiledApp, mayReadCall, registeredCompiledApp } from '../codec/compiled.js';
import { type NumberedMethod, numberedMethods } from '../codec/method-table.js';
import { type RegisteredComponent, registeredComponents } from '../component/registry.js';
import type { ListenOptions } from '../context/context.js';
import { ThrownCodec } from '../errors/thrown.js';
import { ComponentContext, type ContextSource } from '../hosting/component-context.js';
import { ComponentHost, LifecycleError } from '../hosting/component-host.js';
import { OwnedComponents } from '../ownership/owned-components.js';
import { MAIN } from '../protocol/app-description.js';
import {
  CONTROL_PROTOCOL,
  type ComponentsToHostReply,
  type ListenerOpened,
  type LogEntry,
  type ProcletPhase,
  type ProcletSpec,
  type RegisterReplica,
  type Span,
} from '../protocol/control.js';
import { ControlError } from '../protocol/control-channel.js';
import { PeerPool } from '../routing/peer-pool.js';
import type { Main } from '../run/main-function.js';
import { AppStates } from '../state/app-states.js';
import type { DeskStore } from '../state/desk/desk-store.js';
import { StateDesk } from '../state/desk/state-desk.js';
import { OWNS_ALL } from '../state/key-fence.js';
import { KeyLoadTable } from '../telemetry/key-load.js';
import { createLogger, logLevel } from '../telemetry/log.js';
import { StatsTable } from '../telemetry/method-stats.js';
import { systemClock } from '../transport/clock.js';
import { connect, openEdges } from '../transport/index.js';
import { Batch } from './batch.js';
import { CallServers } from './call-servers.js';
import { ControlConnection } from './control-connection.js';
import { Dispatcher } from './dispatcher.js';
import { listenerSocketPath, whenListening } from './listener-socket.js';
import { LoadReport } from './load-report.js';
import { logEntry } from './log-entry.js';
import { RemoteComponents } from './remote-components.js';
import { stateDriver } from './state-driver.js';

/** Time that callers of other processes have to finish, when the routing no longer names their replica. */
const RETIRED_GRACE_MS = 30_000;

/**
 * The process that hosts one replica of one group: serves its components to others, calls others for them, and does what
 * its envelope says. Without an envelope (the daemon is down) it goes on with what it last knew.
 */
export class Proclet {
  readonly #spec: ProcletSpec;
  readonly #main: Main | undefined;
  readonly #methods: readonly NumberedMethod[];
  readonly #host = new ComponentHost();
  readonly #stats = new StatsTable();
  readonly #keys = new KeyLoadTable();
  readonly #stopping = new AbortController();
  readonly #states: AppStates;
  readonly #desk: StateDesk;
  readonly #source: ContextSource = this.#contextSource();
  readonly #control: ControlConnection;
  readonly #pool: PeerPool;
  readonly #remote: RemoteComponents;
  readonly #owned: OwnedComponents;
  readonly #dispatcher: Dispatcher;
  readonly #logs: Batch<LogEntry>;
  readonly #spans: Batch<Span>;
  readonly #listeners: ListenerOpened[] = [];
  readonly #done = deferred<void>();
  #listenersOpened = 0;
  #servers: CallServers | undefined;
  #hosting: ComponentsToHostReply | undefined;
  #phase: ProcletPhase = 'starting';
  #health: NodeJS.Timeout | undefined;
  #load: LoadReport;
  #failureIsTold = false;

  constructor(spec: ProcletSpec, main: Main | undefined) {
    const compiled = compiledApp();
    const methods = numberedMethods(compiled);
    const thrown = new ThrownCodec(compiled.errors);
    this.#methods = methods;
    this.#spec = spec;
    this.#main = main;
    this.#states = this.#openStates();
    this.#desk = new StateDesk((component) => this.#deskStore(component));
    this.#control = new ControlConnection(spec.controlSocket, () => this.#registration(), {
      routing: (routing) => {
        this.#owned.apply(routing);
        this.#remote.update(routing);
      },
      lease: (lease) => this.#owned.renew(lease),
      shutdown: ({ graceMs }) => void this.shutdown(graceMs),
      state: (query) => this.#desk.answer(query),
      registered: (intervalMs) => this.#onRegistered(intervalMs),
      // Not awaited: a main that goes on for ever must not keep a shutdown from ending the proclet.
      hosting: (hosting) =>
        void this.#startComponents(hosting).catch((reason: unknown) => this.#fail(reason)),
      unwanted: (reason) => {
        process.stderr.write(`weaverd: this replica is not wanted (${reason.message}); it stops\n`);
        void this.shutdown(RETIRED_GRACE_MS);
      },
    });
    this.#pool = new PeerPool(
      (replica, signal) =>
        connect(replica.address, {
          identity: spec,
          expect: { app: spec.app, version: spec.version, ...replica },
          token: spec.token,
          signal,
          compression: spec.compression,
        }),
      RETIRED_GRACE_MS,
    );
    this.#remote = new RemoteComponents({
      methods,
      thrown,
      pool: this.#pool,
      defaultTimeoutMs: () => this.#hosting?.defaultTimeoutMs ?? 10_000,
      subscribe: (component) => this.#control.subscribe(component),
    });
    this.#logs = new Batch({
      capacity: 10_000,
      perMessage: 500,
      delayMs: 50,
      send: (entries, dropped) => this.#control.notify('Logs', { entries, dropped }),
    });
    this.#spans = new Batch({
      capacity: 10_000,
      perMessage: 500,
      delayMs: 200,
      send: (spans, dropped) => this.#control.notify('Traces', { spans, dropped }),
    });
    this.#owned = new OwnedComponents({
      self: spec,
      clock: systemClock,
      hosted: (component) => this.#host.hosted(component),
      settled: (settled) => this.#control.notify('OwnershipSettled', settled),
      log: (component) => this.#source.log(component),
    });
    this.#dispatcher = new Dispatcher(methods, {
      host: this.#host,
      owned: this.#owned,
      thrown,
      stats: this.#stats,
      keys: this.#keys,
      onSpan: (span) => this.#spans.add(span),
    });
    this.#load = new LoadReport(
      this.#stats,
      this.#keys,
      () => this.#servers?.handshakesRefused ?? new Map(),
      () => openEdges.report(),
    );
  }

  /** What {@link run} rejected with is in the envelope's log already. */
  get failureIsTold(): boolean {
    return this.#failureIsTold;
  }

  /** Resolves when the proclet is done: shut down, in order. Rejects when a component or main fails. */
  async run(): Promise<void> {
    const { serveAt, serveRemotelyAt, token, compression } = this.#spec;
    this.#servers = await CallServers.open(serveAt, serveRemotelyAt, {
      identity: this.#spec,
      token,
      receiver: this.#dispatcher,
      compression,
      onProtocolError: (error) => this.#source.log('weaverd').warn(error.message),
    });
    this.#control.open();
    return this.#done.promise;
  }

  async #startComponents(hosting: ComponentsToHostReply): Promise<void> {
    if (this.#phase === 'draining') return;
    this.#hosting = hosting;
    const wanted = new Map(hosting.components.map((component) => [component.name, component]));
    const components = registeredComponents().filter(({ name }) => wanted.has(name));
    const owned = components.filter(({ name }) => wanted.get(name)?.owned === true);
    this.#owned.own(
      owned.map(({ name }) => name),
      hosting.leased === true,
    );
    for (const component of owned) this.#remote.component(component); // whose routing says what is owned
    if (!hosting.main && !components.some(({ name }) => mayReadCall(name))) callStateIsUnread();
    await this.#host.start(components, {
      context: ({ name }) => new ComponentContext(name, this.#source),
      implementation: ({ name }) => wanted.get(name)?.implementation,
      onSlowStart: (warning) => this.#source.log('weaverd').warn(warning),
    });
    this.#enter('serving');
    this.#states.begin();
    if (!hosting.main) return;
    await this.#main?.(new ComponentContext(MAIN, this.#source));
    // A main that opened a listener serves on behind it; so do components that share its process.
    if (this.#listenersOpened > 0 || components.length > 0) return;
    this.#enter('completed');
    await this.#end(undefined);
  }

  #contextSource(): ContextSource {
    const proclet = this;
    const logger = createLogger(
      { write: (line) => proclet.#logs.add(logEntry(line)) },
      logLevel(process.env),
    );
    return {
      get app() {
        return proclet.#spec.app;
      },
      get version() {
        return proclet.#spec.version;
      },
      get replica() {
        return proclet.#spec.replica;
      },
      signal: this.#stopping.signal,
      invoker: (component, caller) => proclet.#invoker(component, caller),
      config: (owner) =>
        owner === MAIN
          ? proclet.#hosting?.mainConfig
          : proclet.#hosting?.components.find(({ name }) => name === owner)?.config,
      log: (owner) => logger.child({ component: owner }),
      listener: (name) => proclet.#openListener(name),
      state: (owner, name, options) => proclet.#states.state(owner, name, options),
    };
  }

  #openStates(): AppStates {
    const onProblem = (component: string, message: string, err?: unknown) =>
      this.#source.log(component).error(err === undefined ? {} : { err }, message);
    const durability = () => this.#hosting?.stateDurability ?? 'always';
    return new AppStates(stateDriver(this.#spec, { durability, onProblem }), (component) => ({
      onProblem: (message, err) => onProblem(component, message, err),
      fence: this.#owned.of(component) ?? OWNS_ALL,
    }));
  }

  async #deskStore(component: string): Promise<DeskStore> {
    if (this.#host.hosted(component)?.serving === undefined)
      throw new ControlError('NOT_FOUND', `${component} does not serve in ${this.#spec.replica}`);
    return this.#states.deskStore(component);
  }

  #invoker(component: RegisteredComponent, caller: string): Invoker {
    const hosted = this.#host.hosted(component.name);
    if (hosted === undefined) return this.#remote.component(component).invoker;
    const local = new LocalInvoker(hosted, caller, this.#stats);
    const ownership = this.#owned.of(component.name);
    if (component.routing.size === 0 && ownership === undefined) return local;
    const { replicas, invoker } = this.#remote.component(component);
    return new RoutedInvoker({
      component,
      self: this.#spec,
      local,
      remote: invoker,
      replicas,
      ownership,
      methods: this.#methods,
      keys: this.#keys,
    });
  }

  async #openListener(name: string): Promise<ListenOptions> {
    const { socketFolder, replica, generation } = this.#spec;
    const path = listenerSocketPath(socketFolder, replica, generation, name);
    this.#listenersOpened++;
    whenListening(path, this.#stopping.signal, () => {
      const opened: ListenerOpened = { name, address: { kind: 'unix', path } };
      this.#listeners.push(opened);
      this.#control.notify('ListenerOpened', opened);
    });
    return { path };
  }

  #registration(): RegisterReplica {
    const { token, app, version, group, replica, generation, serveAt } = this.#spec;
    return {
      protocol: CONTROL_PROTOCOL,
      token,
      app,
      version,
      group,
      replica,
      generation,
      pid: process.pid,
      address: this.#servers?.address ?? serveAt,
      remoteAddress: this.#servers?.remoteAddress,
      hosting: this.#host.names,
      listeners: this.#listeners,
      phase: this.#phase,
    };
  }

  #onRegistered(intervalMs: number): void {
    clearInterval(this.#health);
    this.#health = setInterval(() => this.#report(), intervalMs);
    this.#owned.report(true);
    this.#logs.flush();
    this.#spans.flush();
  }

  #report(): void {
    this.#control.notify('Health', { phase: this.#phase, uptimeMs: performance.now() });
    this.#owned.report(false);
    const load = this.#load.take();
    if (load !== undefined) this.#control.notify('Load', load);
  }

  #enter(phase: ProcletPhase): void {
    if (this.#phase === 'draining') return;
    this.#phase = phase;
    this.#control.notify('Health', { phase, uptimeMs: performance.now() });
  }

  async #fail(reason: unknown): Promise<void> {
    if (this.#phase === 'draining') return; // main was interrupted by the shutdown, as it should be
    const component = reason instanceof LifecycleError ? reason.component : MAIN;
    const cause = reason instanceof LifecycleError ? reason.cause : reason;
    const { message, stack } = cause instanceof Error ? cause : { message: String(cause), stack: undefined };
    this.#failureIsTold = this.#control.notify('Failed', { component, message, stack });
    await this.#end(reason);
  }

  /** Finishes what is in flight, stops the components; the second call does nothing. */
  async shutdown(graceMs: number): Promise<void> {
    if (this.#phase === 'draining') return;
    this.#enter('draining');
    this.#stopping.abort();
    await Promise.all([this.#servers?.drain(graceMs), this.#states.quiesce(graceMs), this.#owned.close()]);
    await this.#end(undefined);
  }

  async #end(failure: unknown): Promise<void> {
    this.#stopping.abort();
    await this.#owned.close();
    this.#host.refuse();
    let stopFailure: unknown;
    try {
      await this.#host.stop();
    } catch (reason) {
      stopFailure = reason;
    }
    try {
      await this.#states.close();
    } catch (reason) {
      stopFailure ??= reason;
    }
    this.#pool.close();
    await this.#servers?.close();
    clearInterval(this.#health);
    this.#report();
    this.#logs.flush();
    this.#spans.flush();
    await this.#control.close();
    const reason = failure ?? stopFailure;
    if (reason === undefined) this.#done.resolve();
    else this.#done.reject(reason);
  }
}

function compiledApp(): CompiledApp {
  const compiled = registeredCompiledApp();
  if (compiled !== undefined) return compiled;
  throw new Error(
    'This program was started by a daemon but was not built by weaverd. Deploy it with `weaverd deploy`.',
  );
}
