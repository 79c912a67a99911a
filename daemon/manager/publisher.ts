import type { Bus } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import { type HostReport, REPORT_MS } from '../host/host-messages.js';
import type { Clock } from '../processes/clock.js';
import type { AppRecord } from './app-record.js';
import type { EventLog } from './event-log.js';
import type { FleetHost } from './fleet.js';
import type { HostedReplica } from './hosted-replica.js';
import { LevelSender } from './level-sender.js';
import { type ClusterRoute, listenersOf, needsPort, routesOf, routesOn } from './listeners.js';
import type { ObservedHost } from './observed-host.js';
import type { Ownerships } from './ownership/ownerships.js';
import type { AppPlan, Plan } from './plan.js';
import type { PortTable } from './port-table.js';
import { formatReplica } from './replica-key.js';
import type { RoutingTable } from './routing-table.js';

export interface PublisherOptions {
  /** Throws when the term is over. */
  readonly bus: Pick<Bus, 'publish'>;
  readonly subjects: Subjects;
  readonly clock: Clock;
  readonly events: EventLog;
  readonly ports: PortTable;
  readonly routing: RoutingTable;
  readonly ownerships: Ownerships;
  readonly nextEpoch: () => number;
}

const NOTHING: ReadonlySet<string> = new Set();

/** A full report a second from all hosts together, per 500 of them; rounded up, so that few changes of it are sent. */
export function reportIntervalMs(hosts: number): number {
  return Math.max(REPORT_MS, 2 ** Math.ceil(Math.log2(hosts * 2)));
}

/** Tells the hosts what a plan means for them, until each has it. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #sender: LevelSender;
  #records: readonly AppRecord[] = [];
  /** By app, as last sent. */
  #routes: ReadonlyMap<string, readonly ClusterRoute[]> = new Map();

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#sender = new LevelSender(options.bus, options.clock);
  }

  observe(hosts: readonly FleetHost[]): readonly ObservedHost[] {
    return hosts.map(({ member, status, draining, labels, zone, report }) => {
      const { host, capacity } = member.facts;
      return {
        host,
        status,
        draining,
        labels,
        zone,
        capacity,
        reported: report !== undefined,
        replicas: report?.replicas.map((replica) => ({ ...replica, host })) ?? [],
        routesApplied: report === undefined || this.#routesApplied(report),
        answering:
          report === undefined
            ? NOTHING
            : new Set([...answering(report), ...this.#options.ownerships.givingUp(host)]),
      };
    });
  }

  #routesApplied({ host, ingress, routesEpoch }: HostReport): boolean {
    if (ingress.state === 'stopped') return true;
    return (
      ingress.routesApplied && routesEpoch === this.#sender.epochOf(this.#options.subjects.ingress(host))
    );
  }

  /**
   * Who has which keys, decided and in the store, before routing that says so; routing and ingress before placements: what is to go is
   * out of both before it hears of it. What the store does not take holds nothing else up; the reason is returned.
   */
  async publish({ apps, placements }: Plan, fleet: readonly FleetHost[]): Promise<unknown> {
    const { subjects, ownerships, nextEpoch } = this.#options;
    const unwritten = await ownerships.advance(apps, fleet);
    const reports = fleet.flatMap(({ status, report }) =>
      report !== undefined && (status === 'alive' || status === 'suspect') ? [report] : [],
    );
    const reportEveryMs = reportIntervalMs(reports.length);
    const sent = new Set<string>();
    this.#sendRouting(apps, reports, sent);
    await this.#sendRoutes(apps, reports, sent);
    for (const { host, facts, placementsEpoch } of reports) {
      const placed = placements.get(host);
      if (placed === undefined) continue; // it is dead: nothing is asked of it
      const subject = subjects.placements(host);
      const content = { generation: facts.generation, reportEveryMs, placements: placed };
      this.#sender.send(subject, content, nextEpoch, (epoch) => placementsEpoch === epoch);
      sent.add(subject);
    }
    this.#sender.retain(sent);
    this.#records = apps.map(({ record }) => record);
    this.lease(fleet);
    return unwritten;
  }

  /** What replicas own is theirs for a while longer. To be called often; it is sent when it is due. */
  lease(fleet: readonly FleetHost[]): void {
    const { routing, ownerships } = this.#options;
    ownerships.sendLeases(this.#records, fleet, (app, version, component) =>
      routing.firstEpochOf(app, version, component),
    );
  }

  #sendRouting(apps: readonly AppPlan[], reports: readonly HostReport[], sent: Set<string>): void {
    const { subjects, routing, ownerships, nextEpoch, clock } = this.#options;
    const now = clock.now();
    const deployments = apps.flatMap(({ record, leaving, observed }) =>
      [record.current, ...record.older].map((deployment) => ({
        deployment,
        leaving,
        observed,
        app: record.app,
      })),
    );
    for (const { deployment, leaving, observed, app } of deployments) {
      const { version } = deployment;
      const next = routing.route(deployment, observed, leaving, nextEpoch, now, (component) =>
        ownerships.grantsOf(app, version, component),
      );
      if (next.epoch === 0) continue;
      const subject = subjects.routing(app, version);
      const followers = reports
        .flatMap(({ versions }) => versions)
        .filter((hosted) => hosted.app === app && hosted.version === version);
      this.#sender.send(
        subject,
        { routing: [...next.components.values()] },
        () => next.epoch,
        (epoch) => followers.every(({ routingEpoch }) => routingEpoch >= epoch),
      );
      sent.add(subject);
    }
    routing.retain(deployments.map(({ deployment }) => deployment));
  }

  /**
   * While a replica of the version that an app's listeners lead to is being adopted, its routes stay as they were; after
   * a daemon's restart that is what the ingress has, so that nothing is sent.
   */
  async #sendRoutes(
    apps: readonly AppPlan[],
    reports: readonly HostReport[],
    sent: Set<string>,
  ): Promise<void> {
    const { subjects, nextEpoch } = this.#options;
    const routes = new Map<string, readonly ClusterRoute[]>();
    let isKnown = true;
    for (const { record, leaving, observed } of apps) {
      const { app, serving } = record;
      const before = this.#routes.get(app);
      if (observed.some(({ version, state }) => version === serving && state === 'adopting')) {
        if (before === undefined) isKnown = false;
        else routes.set(app, before);
        continue;
      }
      const ports = await this.#portsFor(record, observed, reports);
      routes.set(
        app,
        routesOf(record, observed, leaving, ({ name, port }) => (port !== 0 ? port : (ports.get(name) ?? 0))),
      );
    }
    const all = [...routes.values()].flat();
    for (const { host, routesEpoch } of reports) {
      const subject = subjects.ingress(host);
      sent.add(subject);
      if (isKnown)
        this.#sender.send(
          subject,
          { routes: routesOn(host, all, reports.length === 1) },
          nextEpoch,
          (epoch) => routesEpoch === epoch,
        );
    }
    if (isKnown) this.#routes = routes;
  }

  /** Of the listeners that leave it open; a listener for which none is found has none, and the ingress tries. */
  async #portsFor(
    record: AppRecord,
    observed: readonly HostedReplica[],
    reports: readonly HostReport[],
  ): Promise<ReadonlyMap<string, number>> {
    const { ports, events } = this.#options;
    const { app, serving, current, older } = record;
    const deployment = [current, ...older].find(({ version }) => version === serving);
    const found = new Map<string, number>();
    for (const listener of deployment === undefined ? [] : listenersOf(deployment, observed)) {
      const status = reports
        .flatMap(({ ingress }) => ingress.listeners)
        .find((each) => each.app === app && each.listener === listener.name);
      const before = ports.get(app, listener.name);
      if (!needsPort(listener, before, status)) {
        if (before !== undefined) found.set(listener.name, before.port);
        continue;
      }
      try {
        const { port } = await ports.choose(app, listener.name, listener.host);
        found.set(listener.name, port);
        if (before !== undefined)
          events.tell(
            'listener-moved',
            `listener ${listener.name} moved from ${before.host}:${before.port}, which could not be had, to port ${port}`,
            app,
          );
      } catch {
        // No such address here: the ingress tries it too, and its status says why it cannot be had.
      }
    }
    return found;
  }
}

/** Replicas that left the routes of a host's ingress and still answer its requests, by key. */
function answering({ ingress }: HostReport): ReadonlySet<string> {
  return new Set(
    ingress.listeners.flatMap(({ app, state, backends }) =>
      backends
        .filter(({ draining, inFlight }) => (draining || state === 'closing') && inFlight > 0)
        .map(({ replica, version }) => formatReplica({ app, version, replica })),
    ),
  );
}
