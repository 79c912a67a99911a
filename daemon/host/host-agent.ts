import { type Bus, publishBestEffort, type Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { ReplicaHost } from '../envelope/replica-host.js';
import type { Ingress } from '../ingress/ingress-routes.js';
import { type HostFacts, nextGeneration } from '../membership/host-facts.js';
import type { Refusal } from '../membership/member.js';
import { type Memory, serveMemory } from '../memory/memory-service.js';
import type { Clock } from '../processes/clock.js';
import { Bundles } from './bundles.js';
import { EpochFence, type EpochMemory } from './epoch-fence.js';
import { HeartbeatTimes } from './heartbeat-times.js';
import {
  HEARTBEAT_MS,
  type Heartbeat,
  type HostReport,
  type Placement,
  REPORT_MS,
  type RoutingMessage,
  readLease,
  readPlacements,
  readRefusal,
  readRoutes,
  readRouting,
} from './host-messages.js';
import { routingOn } from './routing-on.js';

/** Between two reports, at least. */
const REPORT_SPACING_MS = 20;
/** Messages that cannot be read are told of so often at most. */
const MAX_MALFORMED = 100;
/** For the replicas of a host that is to stop to move elsewhere. */
const MAX_REPORT_MS = 60_000;

export interface HostAgentOptions {
  /** What holds for every generation of this daemon. */
  readonly facts: Omit<HostFacts, 'generation'>;
  /** The first; a later one is taken when the cluster has declared it dead. */
  readonly generation: number;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly replicaHost: ReplicaHost;
  readonly ingress: Ingress;
  readonly bundles: {
    /** Where this host has the bundle of a version. */
    readonly path: (version: string) => string;
    /** Brings it here. Rejects with the reason. */
    readonly fetch: (version: string) => Promise<void>;
  };
  readonly epochs: EpochMemory;
  /** Of the cluster; undefined on a host that is alone. */
  readonly memory?: Memory | undefined;
  readonly problems: () => readonly string[];
  readonly onEvent: (kind: string, message: string) => void;
  readonly clock: Clock;
  /** In [0, 1), for jitter. */
  readonly random: () => number;
}

/**
 * The host's side of the control plane: gives the replica host and the ingress what the leader sends, and reports what
 * is there. Before the first message of this generation nothing is touched, so that adopted proclets go on; without a
 * leader all goes on as it was.
 */
export class HostAgent {
  readonly #options: HostAgentOptions;
  readonly #subscriptions: Subscription[] = [];
  readonly #versions = new Map<string, HostedVersion>();
  readonly #bundles: Bundles;
  readonly #fence: EpochFence;
  readonly #heartbeats = new HeartbeatTimes();
  #generation: number;
  #placed: readonly Placement[] | undefined;
  #isApplied = false;
  #reportEveryMs = REPORT_MS;
  #reportedAt = Number.NEGATIVE_INFINITY;
  #sequence = 0;
  #refusal: Refusal | undefined;
  #wantsToLeave = false;
  #cancelReport: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;
  #stopped = false;
  #malformed = 0;
  #onEmpty: (() => void) | undefined;

  constructor(options: HostAgentOptions) {
    const { clock, random, bundles, epochs, onEvent } = options;
    this.#options = options;
    this.#generation = options.generation;
    this.#bundles = new Bundles({
      fetch: bundles.fetch,
      clock,
      random,
      onChange: () => this.#apply(),
    });
    this.#fence = new EpochFence(epochs, (why) => {
      onEvent('stale-leader', why);
      this.#reportSoon(); // so that it learns of the other
    });
  }

  get generation(): number {
    return this.#generation;
  }

  start(): void {
    const { bus, subjects, facts, replicaHost, ingress, memory } = this.#options;
    const { host } = facts;
    if (memory !== undefined) this.#subscriptions.push(serveMemory(bus, subjects, host, memory));
    this.#subscriptions.push(
      bus.subscribe(subjects.placements(host), (body) => this.#onPlacements(body)),
      bus.subscribe(subjects.ingress(host), (body) => this.#onRoutes(body)),
      bus.subscribe(subjects.refusal(host), (body) => this.#onRefusal(body)),
      bus.subscribe(subjects.lease(host), (body) => this.#onLease(body)),
      bus.subscribe(subjects.callForReports, () => this.#reportSoon()),
    );
    replicaHost.onChange(() => {
      if (replicaHost.observed().length === 0) this.#onEmpty?.();
      this.#reportSoon();
    });
    ingress.onChange(() => this.#reportSoon());
    this.#heartbeat();
  }

  /** Resolves when the leader has moved every replica elsewhere, or after `timeoutMs`. */
  async emptied(timeoutMs: number): Promise<void> {
    this.#wantsToLeave = true;
    this.#reportSoon();
    if (this.#options.replicaHost.observed().length === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(timeoutMs, resolve);
      this.#onEmpty = () => {
        cancel();
        resolve();
      };
    });
  }

  /** `leaving`: what ran here is to run elsewhere, and the cluster need not wait to see whether it is dead. */
  stop({ leaving }: { readonly leaving: boolean }): void {
    if (leaving) this.#publishHeartbeat(true);
    this.#stopped = true;
    this.#cancelReport?.();
    this.#cancelHeartbeat?.();
    this.#bundles.close();
    for (const subscription of this.#subscriptions) subscription.close();
    for (const { subscription } of this.#versions.values()) subscription.close();
  }

  problems(): readonly string[] {
    const refused = this.#refusal === undefined ? [] : [this.#refusal.message];
    return [...refused, ...this.#bundles.problems()];
  }

  #onPlacements(body: unknown): void {
    const message = readPlacements(body);
    if (message === undefined) return this.#tellMalformed('placements');
    if (message.generation !== this.#generation) return;
    if (!this.#fence.admit('placements', message.epoch, message.leader)) return;
    this.#refusal = undefined;
    this.#reportEveryMs = Math.min(MAX_REPORT_MS, Math.max(HEARTBEAT_MS, message.reportEveryMs));
    this.#placed = message.placements;
    this.#followVersions();
    this.#bundles.want(new Set(message.placements.map(({ version }) => version)));
    this.#apply();
  }

  /** What is placed here, as far as its bundle is; what runs stays in any case. */
  #apply(): void {
    const placed = this.#placed;
    const { replicaHost, bundles } = this.#options;
    if (placed === undefined || this.#stopped) return;
    // A first message that left something out would end what an earlier daemon has left completed.
    if (!this.#isApplied && this.#bundles.isFetching) return;
    this.#isApplied = true;
    const running = new Set(replicaHost.observed().map(({ version }) => version));
    replicaHost.setDesired(
      placed
        .filter(({ version }) => this.#bundles.isHere(version) || running.has(version))
        .map((placement) => ({ ...placement, bundle: bundles.path(placement.version) })),
    );
    this.#reportSoon();
  }

  #onRoutes(body: unknown): void {
    const message = readRoutes(body);
    if (message === undefined) return this.#tellMalformed('routes');
    if (!this.#fence.admit('routes', message.epoch, message.leader)) return;
    this.#options.ingress.setRoutes(message.routes);
    this.#reportSoon();
  }

  #onRefusal(body: unknown): void {
    const message = readRefusal(body);
    const { facts, clock, onEvent } = this.#options;
    if (message === undefined) return this.#tellMalformed('refusal');
    if (message.installation !== facts.installation || message.generation !== this.#generation) return;
    if (!this.#fence.admit('refusal', message.epoch, message.leader)) return;
    const { refusal } = message;
    if (this.#refusal?.reason !== refusal.reason) onEvent('refused', refusal.message);
    this.#refusal = refusal;
    switch (refusal.reason) {
      case 'dead-generation':
        this.#generation = nextGeneration(clock.now(), Math.max(refusal.deadUpTo, this.#generation));
        this.#fence.forget('placements');
        this.#refusal = undefined;
        this.#reportSoon();
        break;
      case 'removed':
        this.#placed = [];
        this.#apply();
        break;
      case 'duplicate-name':
      case 'too-many-hosts':
        break; // a problem until it is mended; what runs goes on
    }
  }

  #onLease(body: unknown): void {
    const message = readLease(body);
    if (message === undefined) return this.#tellMalformed('lease');
    if (message.generation !== this.#generation) return;
    if (!this.#fence.admit('lease', message.epoch, message.leader)) return;
    const until = this.#heartbeats.leaseUntil(message.heard);
    if (until !== undefined) this.#options.replicaHost.lease(message.replicas, until);
  }

  #tellMalformed(kind: string): void {
    if (++this.#malformed > MAX_MALFORMED) return;
    const more = this.#malformed === MAX_MALFORMED ? '; no more of them are told' : '';
    this.#options.onEvent(
      'malformed-message',
      `a message to this host (${kind}) cannot be read and is left out: is there a daemon of another version, or something else that publishes here?${more}`,
    );
  }

  /** Subscribes to the routing of the versions that are placed or still run here, and to no other. */
  #followVersions(): void {
    const { bus, subjects, replicaHost, facts } = this.#options;
    const hosted = new Map<string, { readonly app: string; readonly version: string }>();
    for (const { app, version } of [...(this.#placed ?? []), ...replicaHost.observed()])
      hosted.set(subjects.routing(app, version), { app, version });
    for (const [subject, { subscription }] of this.#versions) {
      if (hosted.has(subject)) continue;
      subscription.close();
      this.#fence.forget(subject);
      this.#versions.delete(subject);
    }
    for (const [subject, { app, version }] of hosted) {
      if (this.#versions.has(subject)) continue;
      const subscription = bus.subscribe(subject, (body) => {
        const message = readRouting(body);
        if (message === undefined) return this.#tellMalformed('routing');
        if (message.epoch === this.#fence.newest(subject)) return;
        if (!this.#fence.admit(subject, message.epoch, message.leader)) return;
        const known = this.#versions.get(subject);
        if (known !== undefined) known.decided = decidedIn(message);
        const routing = message.routing.map((each) => routingOn(facts.host, each));
        replicaHost.setRouting(app, version, routing);
        this.#reportSoon();
      });
      this.#versions.set(subject, { app, version, subscription, decided: [] });
    }
  }

  #heartbeat(): void {
    const { clock } = this.#options;
    this.#cancelHeartbeat = clock.after(HEARTBEAT_MS, () => this.#heartbeat());
    // A little early is better than a heartbeat late.
    if (clock.monotonic() - this.#reportedAt >= this.#reportEveryMs - HEARTBEAT_MS / 2) this.#reportSoon();
    else this.#publishHeartbeat(false);
  }

  #publishHeartbeat(leaving: boolean): void {
    const { bus, subjects, facts } = this.#options;
    publishBestEffort(bus, subjects.report(facts.host), this.#nextHeartbeat(leaving));
  }

  #nextHeartbeat(leaving: boolean): Heartbeat {
    const facts = { ...this.#options.facts, generation: this.#generation };
    const sequence = ++this.#sequence;
    this.#heartbeats.sending(sequence, this.#options.clock.monotonic());
    return { facts, sequence, leaving };
  }

  #reportSoon(): void {
    if (this.#stopped) return;
    this.#cancelReport ??= this.#options.clock.after(REPORT_SPACING_MS, () => {
      this.#cancelReport = undefined;
      this.#report();
    });
  }

  #report(): void {
    const { bus, subjects, facts, replicaHost, ingress, problems, epochs, memory, clock } = this.#options;
    this.#followVersions();
    this.#reportedAt = clock.monotonic();
    const report: HostReport = {
      ...this.#nextHeartbeat(false),
      host: facts.host,
      highestEpoch: epochs.highestEpoch(),
      leader: epochs.leader(),
      memory: memory?.summary().digest,
      placementsEpoch: this.#fence.newest('placements'),
      routesEpoch: this.#fence.newest('routes'),
      versions: [...this.#versions].map(([subject, { app, version, decided }]) => ({
        app,
        version,
        routingEpoch: this.#fence.newest(subject),
        ...(decided.length === 0 ? {} : { decided }),
      })),
      replicas: replicaHost.observed(),
      ingress: ingress.status(),
      wantsToLeave: this.#wantsToLeave,
      problems: [...problems(), ...this.problems()],
    };
    publishBestEffort(bus, subjects.report(facts.host), report);
  }
}

interface HostedVersion {
  readonly app: string;
  readonly version: string;
  readonly subscription: Subscription;
  decided: NonNullable<HostReport['versions'][number]['decided']>;
}

function decidedIn({ routing }: RoutingMessage): HostedVersion['decided'] {
  return routing.flatMap(({ component, decidedAt: at }) => (at === undefined ? [] : [{ component, at }]));
}
