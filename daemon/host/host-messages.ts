import type { Address } from '../../sdk/protocol/address.js';
import type { ComponentRouting } from '../../sdk/protocol/control.js';
import type { ObservedReplica, ReplicaSpec } from '../envelope/replica-host.js';
import type { IngressRoute, IngressStatus } from '../ingress/ingress-routes.js';

/**
 * The messages between the manager and the hosts. Each says all there is of its kind, so that a lost one is made good
 * by the next; a host tells in its report which epochs it has, and the manager sends again what it lacks. A lower
 * epoch than one seen is refused.
 */

/** A replica to be kept on a host, which adds where it has the bundle. */
export type Placement = Omit<ReplicaSpec, 'bundle'>;

export interface PlacementsMessage {
  readonly epoch: number;
  readonly placements: readonly Placement[];
}

/** A replica as the hosts hear of it: each tells its own proclets the address that is theirs. */
export interface PublishedReplica {
  readonly replica: string;
  readonly group: string;
  readonly generation: number;
  readonly host: string;
  /** For the proclets of its own host. */
  readonly address: Address;
  /** For those of other hosts; absent on a host that is alone. */
  readonly remoteAddress: Address | undefined;
}

/** A component's routing as the hosts hear of it. */
export interface PublishedRouting extends Omit<ComponentRouting, 'replicas'> {
  readonly replicas: readonly PublishedReplica[];
}

/** Of one version, on the subject of that version. */
export interface RoutingMessage {
  readonly epoch: number;
  readonly routing: readonly PublishedRouting[];
}

export interface RoutesMessage {
  readonly epoch: number;
  readonly routes: readonly IngressRoute[];
}

/** Sent at each change and every {@link HEARTBEAT_MS}. */
export interface HostReport {
  readonly host: string;
  /** Unix ms at which this daemon started: a restarted daemon is a new generation of its host. */
  readonly generation: number;
  readonly sequence: number;
  /** 0: none received by this generation. */
  readonly placementsEpoch: number;
  readonly routesEpoch: number;
  readonly versions: readonly {
    readonly app: string;
    readonly version: string;
    readonly routingEpoch: number;
  }[];
  readonly replicas: readonly ObservedReplica[];
  readonly ingress: IngressStatus;
  readonly problems: readonly string[];
}

export const HEARTBEAT_MS = 2000;

/** Undefined for what is no such message; the fields within are trusted, as only daemons can publish. */
export function readPlacements(body: unknown): PlacementsMessage | undefined {
  return hasFields(body, { epoch: 'number', placements: 'array' }) ? (body as PlacementsMessage) : undefined;
}

export function readRouting(body: unknown): RoutingMessage | undefined {
  return hasFields(body, { epoch: 'number', routing: 'array' }) ? (body as RoutingMessage) : undefined;
}

export function readRoutes(body: unknown): RoutesMessage | undefined {
  return hasFields(body, { epoch: 'number', routes: 'array' }) ? (body as RoutesMessage) : undefined;
}

export function readReport(body: unknown): HostReport | undefined {
  const isReport = hasFields(body, {
    host: 'string',
    generation: 'number',
    sequence: 'number',
    placementsEpoch: 'number',
    routesEpoch: 'number',
    versions: 'array',
    replicas: 'array',
    ingress: 'object',
    problems: 'array',
  });
  return isReport ? (body as HostReport) : undefined;
}

function hasFields(
  body: unknown,
  fields: Readonly<Record<string, 'number' | 'string' | 'array' | 'object'>>,
): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return Object.entries(fields).every(([name, type]) => {
    const value: unknown = (body as Record<string, unknown>)[name];
    if (type === 'array') return Array.isArray(value);
    return typeof value === type && value !== null;
  });
}
