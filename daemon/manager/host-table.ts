import type { HostReport } from '../host/host-messages.js';
import { sameJson } from './routing.js';

const MAX_HOSTS = 20_000;

/** The newest report of each host. */
export class HostTable {
  readonly #reports = new Map<string, HostReport>();

  /** Whether it says anything that decisions rest on, beside the load. Older reports are left out. */
  accept(report: HostReport): boolean {
    const known = this.#reports.get(report.host);
    if (known === undefined && this.#reports.size >= MAX_HOSTS) return false;
    if (known !== undefined && !isNewer(report, known)) return false;
    this.#reports.set(report.host, report);
    return known === undefined || !sameJson(decisive(known), decisive(report));
  }

  /** Sorted by host. */
  reports(): readonly HostReport[] {
    return [...this.#reports.values()].sort((a, b) => (a.host < b.host ? -1 : 1));
  }
}

function isNewer(a: HostReport, b: HostReport): boolean {
  return a.generation > b.generation || (a.generation === b.generation && a.sequence > b.sequence);
}

function decisive({ generation, placementsEpoch, routesEpoch, versions, replicas, ingress }: HostReport) {
  return [
    generation,
    placementsEpoch,
    routesEpoch,
    versions,
    replicas.map(({ load: _, ...replica }) => replica),
    ingress.routesApplied,
    ingress.listeners.map(({ app, listener, url, state, backends }) => [
      app,
      listener,
      url,
      state,
      backends.length,
    ]),
  ];
}
