import { type Bus, publishBestEffort, type Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { ReplicaHost } from '../envelope/replica-host.js';
import type { Ingress } from '../ingress/ingress-routes.js';
import type { Clock } from '../processes/clock.js';
import {
  HEARTBEAT_MS,
  type HostReport,
  type Placement,
  readPlacements,
  readRoutes,
  readRouting,
} from './host-messages.js';
import { routingOn } from './routing-on.js';

/** Between two reports, at least. */
const REPORT_SPACING_MS = 20;

export interface HostAgentOptions {
  readonly host: string;
  /** Rises with each start of the daemon. */
  readonly generation: number;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly replicaHost: ReplicaHost;
  readonly ingress: Ingress;
  /** Where this host has the bundle of a version. */
  readonly bundlePath: (version: string) => string;
  readonly problems: () => readonly string[];
  readonly clock: Clock;
}

/**
 * The host's side of the control plane: gives the replica host and the ingress what the manager sends, and reports what
 * is there. Before the first message of this generation nothing is touched, so that adopted proclets go on.
 */
export class HostAgent {
  readonly #options: HostAgentOptions;
  readonly #generation: number;
  readonly #subscriptions: Subscription[] = [];
  readonly #versions = new Map<string, HostedVersion>();
  #placed: readonly Placement[] = [];
  #placementsEpoch = 0;
  #routesEpoch = 0;
  #sequence = 0;
  #cancelReport: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;
  #stopped = false;

  constructor(options: HostAgentOptions) {
    this.#options = options;
    this.#generation = options.generation;
  }

  start(): void {
    const { bus, subjects, host, replicaHost, ingress } = this.#options;
    this.#subscriptions.push(
      bus.subscribe(subjects.placements(host), (body) => this.#onPlacements(body)),
      bus.subscribe(subjects.ingress(host), (body) => this.#onRoutes(body)),
      bus.subscribe(subjects.callForReports, () => this.#reportSoon()),
    );
    replicaHost.onChange(() => this.#reportSoon());
    ingress.onChange(() => this.#reportSoon());
    this.#heartbeat();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelReport?.();
    this.#cancelHeartbeat?.();
    for (const subscription of this.#subscriptions) subscription.close();
    for (const { subscription } of this.#versions.values()) subscription.close();
  }

  #onPlacements(body: unknown): void {
    const message = readPlacements(body);
    if (message === undefined || message.epoch < this.#placementsEpoch) return;
    this.#placementsEpoch = message.epoch;
    this.#placed = message.placements;
    this.#followVersions();
    const { replicaHost, bundlePath } = this.#options;
    replicaHost.setDesired(
      message.placements.map((placement) => ({ ...placement, bundle: bundlePath(placement.version) })),
    );
    this.#reportSoon();
  }

  #onRoutes(body: unknown): void {
    const message = readRoutes(body);
    if (message === undefined || message.epoch < this.#routesEpoch) return;
    this.#routesEpoch = message.epoch;
    this.#options.ingress.setRoutes(message.routes);
    this.#reportSoon();
  }

  /** Subscribes to the routing of the versions that are placed or still run here, and to no other. */
  #followVersions(): void {
    const { bus, subjects, replicaHost, host } = this.#options;
    const hosted = new Map<string, { readonly app: string; readonly version: string }>();
    for (const { app, version } of [...this.#placed, ...replicaHost.observed()])
      hosted.set(subjects.routing(app, version), { app, version });
    for (const [subject, { subscription }] of this.#versions) {
      if (hosted.has(subject)) continue;
      subscription.close();
      this.#versions.delete(subject);
    }
    for (const [subject, { app, version }] of hosted) {
      if (this.#versions.has(subject)) continue;
      const followed: HostedVersion = {
        app,
        version,
        routingEpoch: 0,
        subscription: bus.subscribe(subject, (body) => {
          const message = readRouting(body);
          if (message === undefined || message.epoch <= followed.routingEpoch) return;
          followed.routingEpoch = message.epoch;
          replicaHost.setRouting(
            app,
            version,
            message.routing.map((routing) => routingOn(host, routing)),
          );
          this.#reportSoon();
        }),
      };
      this.#versions.set(subject, followed);
    }
  }

  #heartbeat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(HEARTBEAT_MS, () => this.#heartbeat());
    this.#reportSoon();
  }

  #reportSoon(): void {
    if (this.#stopped) return;
    this.#cancelReport ??= this.#options.clock.after(REPORT_SPACING_MS, () => {
      this.#cancelReport = undefined;
      this.#report();
    });
  }

  #report(): void {
    const { bus, subjects, host, replicaHost, ingress, problems } = this.#options;
    this.#followVersions();
    const report: HostReport = {
      host,
      generation: this.#generation,
      sequence: ++this.#sequence,
      placementsEpoch: this.#placementsEpoch,
      routesEpoch: this.#routesEpoch,
      versions: [...this.#versions.values()].map(({ app, version, routingEpoch }) => ({
        app,
        version,
        routingEpoch,
      })),
      replicas: replicaHost.observed(),
      ingress: ingress.status(),
      problems: problems(),
    };
    publishBestEffort(bus, subjects.report(host), report); // the next heartbeat brings a newer one
  }
}

interface HostedVersion {
  readonly app: string;
  readonly version: string;
  routingEpoch: number;
  readonly subscription: Subscription;
}
