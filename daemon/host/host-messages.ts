import type { Address } from '../../sdk/protocol/address.js';
import type { ComponentRouting } from '../../sdk/protocol/control.js';
import type { LeasedReplica, ObservedReplica, ReplicaSpec } from '../envelope/replica-host.js';
import type { IngressRoute, IngressStatus } from '../ingress/ingress-routes.js';
import { type Epoch, isEpoch } from '../leader/epoch.js';
import { type HostFacts, readHostFacts } from '../membership/host-facts.js';
import type { Refusal } from '../membership/member.js';
import {
  hasFields,
  isHostedVersion,
  isIngressStatus,
  isLeasedReplica,
  isObservedReplica,
  isPlacement,
  isPublishedRouting,
  isRoute,
  isTexts,
} from './message-shapes.js';

/**
 * The messages between the leader and the hosts. Each says all there is of its kind, so that a lost one is made good
 * by the next; a host tells in its report which epochs it has, and the leader sends again what it lacks. One of an
 * older incarnation than a host has seen, or a lower epoch of its kind, is refused.
 */

/** A replica to be kept on a host, which adds where it has the bundle. */
export type Placement = Omit<ReplicaSpec, 'bundle'>;

/** What every message of a leader has. */
export interface FromLeader {
  readonly epoch: Epoch;
  /** See {@link Leadership.leader}. */
  readonly leader: string;
}

export interface PlacementsMessage extends FromLeader {
  /** Of the host; another one ignores it. */
  readonly generation: number;
  /** How often the host is to report though nothing changes, ms. */
  readonly reportEveryMs: number;
  readonly placements: readonly Placement[];
}

/** The daemon that reported as that generation is not taken in, and why. */
export interface RefusalMessage extends FromLeader {
  readonly installation: string;
  readonly generation: number;
  readonly refusal: Refusal;
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
  /** Of owned components: when the leader wrote down who has which keys; hosts remember it for the next leader. */
  readonly decidedAt?: number | undefined;
}

/** Of one version, on the subject of that version. */
export interface RoutingMessage extends FromLeader {
  readonly routing: readonly PublishedRouting[];
}

export interface RoutesMessage extends FromLeader {
  readonly routes: readonly IngressRoute[];
}

/**
 * The keys that these replicas own are theirs until {@link LEASE_MS} after the host sent that heartbeat. Sent to the hosts of a
 * fleet, of which a silent one cannot be told anything else.
 */
export interface LeaseMessage extends FromLeader {
  /** Of the host; another one ignores it. */
  readonly generation: number;
  /** The sequence of the newest heartbeat that was heard of it. */
  readonly heard: number;
  readonly replicas: readonly LeasedReplica[];
}

/** Sent every {@link HEARTBEAT_MS}: the host is there. */
export interface Heartbeat {
  readonly facts: HostFacts;
  /** One count for heartbeats and reports. */
  readonly sequence: number;
  /** Its daemon stops in good order, and this is its last. */
  readonly leaving: boolean;
}

/** Sent at each change, and as often as the leader asked for. */
export interface HostReport extends Heartbeat {
  readonly host: string;
  /** The highest that this host has seen. */
  readonly highestEpoch: Epoch;
  /** Whose that is; undefined when it is not known. */
  readonly leader?: string | undefined;
  /** Digest of what this host remembers (daemon/memory); undefined on a host that is alone. */
  readonly memory?: string | undefined;
  /** 0: none received by this generation. */
  readonly placementsEpoch: number;
  readonly routesEpoch: number;
  readonly versions: readonly {
    readonly app: string;
    readonly version: string;
    readonly routingEpoch: number;
    /** Of its owned components, as the newest routing says it. */
    readonly decided?: readonly { readonly component: string; readonly at: number }[] | undefined;
  }[];
  readonly replicas: readonly ObservedReplica[];
  readonly ingress: IngressStatus;
  /** Its daemon is to stop: its replicas should move before. */
  readonly wantsToLeave: boolean;
  readonly problems: readonly string[];
}

export const HEARTBEAT_MS = 1000;
/**
 * Long enough for another leader to be elected (5 s), to wait for hosts that do not report (3 s), and to hear that the
 * replicas have its routing. Nobody else is given the keys of a silent host any earlier, and a little more for clocks that
 * differ ({@link LEASE_MARGIN_MS}).
 */
export const LEASE_MS = 15_000;
export const LEASE_MARGIN_MS = 1000;
/** Between reports of a host to which the leader has not said otherwise. */
export const REPORT_MS = 2000;

/** Undefined for what is no such message (message-shapes.ts). */
export function readPlacements(body: unknown): PlacementsMessage | undefined {
  const fields = { generation: 'number', reportEveryMs: 'number', placements: 'array' } as const;
  if (!isFromLeader(body) || !hasFields(body, fields)) return undefined;
  const message = body as PlacementsMessage;
  return message.placements.every(isPlacement) ? message : undefined;
}

export function readRefusal(body: unknown): RefusalMessage | undefined {
  const fields = { generation: 'number', installation: 'string', refusal: 'object' } as const;
  if (!isFromLeader(body) || !hasFields(body, fields)) return undefined;
  const message = body as RefusalMessage;
  return isRefusal(message.refusal) ? message : undefined;
}

export function readRouting(body: unknown): RoutingMessage | undefined {
  if (!isFromLeader(body) || !hasFields(body, { routing: 'array' })) return undefined;
  const message = body as RoutingMessage;
  return message.routing.every(isPublishedRouting) ? message : undefined;
}

export function readRoutes(body: unknown): RoutesMessage | undefined {
  if (!isFromLeader(body) || !hasFields(body, { routes: 'array' })) return undefined;
  const message = body as RoutesMessage;
  return message.routes.every(isRoute) ? message : undefined;
}

export function readLease(body: unknown): LeaseMessage | undefined {
  const fields = { generation: 'number', heard: 'number', replicas: 'array' } as const;
  if (!isFromLeader(body) || !hasFields(body, fields)) return undefined;
  const message = body as LeaseMessage;
  return message.replicas.every(isLeasedReplica) ? message : undefined;
}

/** The heartbeat, or why it is none. */
export function readHeartbeat(
  body: unknown,
): { readonly heartbeat: Heartbeat } | { readonly problem: string } {
  if (typeof body !== 'object' || body === null) return { problem: 'it is not an object' };
  const { facts, sequence, leaving } = body as Partial<Record<keyof Heartbeat, unknown>>;
  const read = readHostFacts(facts);
  if ('problem' in read) return read;
  if (typeof sequence !== 'number' || typeof leaving !== 'boolean')
    return { problem: `${read.facts.host}: sequence or leaving is missing` };
  return { heartbeat: { facts: read.facts, sequence, leaving } };
}

/** Of a body that is a heartbeat: the report, undefined when it is no more than a heartbeat, or why it is no report. */
export function readReport(
  body: unknown,
  { facts }: Heartbeat,
): { readonly report: HostReport | undefined } | { readonly problem: string } {
  if (!hasFields(body, { host: 'string' })) return { report: undefined };
  const report = body as HostReport;
  const isReport =
    report.host === facts.host &&
    isEpoch(report.highestEpoch) &&
    (report.leader === undefined || typeof report.leader === 'string') &&
    (report.memory === undefined || typeof report.memory === 'string') &&
    hasFields(body, { placementsEpoch: 'number', routesEpoch: 'number', wantsToLeave: 'boolean' }) &&
    hasFields(body, { versions: 'array', replicas: 'array' }) &&
    report.versions.every(isHostedVersion) &&
    report.replicas.every(isObservedReplica) &&
    isIngressStatus(report.ingress) &&
    isTexts(report.problems);
  return isReport ? { report } : { problem: `${facts.host}: what it reports is not as it should be` };
}

function isRefusal(refusal: Refusal): boolean {
  if (!hasFields(refusal, { reason: 'string', message: 'string' })) return false;
  return refusal.reason !== 'dead-generation' || Number.isSafeInteger(refusal.deadUpTo);
}

function isFromLeader(body: unknown): boolean {
  return hasFields(body, { leader: 'string' }) && isEpoch((body as FromLeader).epoch);
}
