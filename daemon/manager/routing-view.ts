import type { RoutingView } from '../api/api-types.js';
import type { Deployment } from './app-record.js';
import type { Assignment } from './assignment.js';
import { keyLoads } from './component-balancing.js';
import type { HostedReplica } from './hosted-replica.js';
import type { ComponentOwnership } from './ownership/component-ownership.js';
import type { VersionRouting } from './routing.js';
import { measuredSlices } from './slicer/measured-slices.js';
import { ownersOf, partOf, shareOf } from './slicer/slices.js';

/** Where the keys of a component are; undefined when it is not routed yet, or is none of the app's. */
export function routingView(
  { description, version }: Deployment,
  component: string,
  routing: VersionRouting,
  observed: readonly HostedReplica[],
  ownership: ComponentOwnership | undefined,
): RoutingView | undefined {
  const published = routing.components.get(component);
  if (published === undefined) return undefined;
  const owned = ownership === undefined ? undefined : ownedView(ownership, version);
  const assignment =
    owned ?? (published.assignment === undefined ? undefined : routing.assignments.get(component));
  const reports = keyLoads(
    component,
    observed.filter((replica) => replica.version === version),
  );
  const slices = assignment === undefined ? [] : measuredSlices(assignment, reports);
  return {
    app: description.app,
    version,
    component,
    epoch: published.epoch,
    routed: description.components.some(
      ({ name, methods }) => name === component && methods.some((method) => method.routed),
    ),
    owned: owned !== undefined,
    measured: reports.length > 0,
    replicas: published.replicas.map(({ replica, host }) => {
      const own = slices.filter((slice) => ownersOf(slice).includes(replica));
      return {
        replica,
        host,
        slices: own.length,
        share: own.reduce((sum, slice) => sum + shareOf(slice), 0),
        load: own.reduce((sum, slice) => sum + partOf(slice), 0),
      };
    }),
    slices: slices.map(({ start, owner, others, load }, index) => ({
      start,
      replica: owner,
      load,
      ...(others.length === 0 ? {} : { others }),
      ...(owned === undefined ? {} : owned.details[index]),
    })),
  };
}

type OwnedDetails = Pick<RoutingView['slices'][number], 'epoch' | 'heldBy'>;

/** By grants: who acts, and where nobody does who is to let go first. */
function ownedView(
  { grants }: ComponentOwnership,
  version: string,
): Assignment & { readonly details: readonly OwnedDetails[] } {
  const acts = grants.map(
    ({ holder, takenAt }) => holder !== undefined && takenAt === undefined && holder.version === version,
  );
  return {
    starts: grants.map(({ start }) => start),
    owners: grants.map(({ holder }, index) => (acts[index] === true ? (holder?.replica ?? '') : '')),
    details: grants.map(({ epoch, holder }, index) =>
      holder === undefined || acts[index] === true
        ? { epoch }
        : { epoch, heldBy: `${holder.replica} of ${holder.version} on ${holder.host}` },
    ),
  };
}

/** Asks for a component's routing, in one app or in all. */
export interface RoutingQuery {
  readonly component: string;
  readonly app?: string | undefined;
}

export function readRoutingQuery(body: unknown): RoutingQuery | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { component, app } = body as Partial<Record<keyof RoutingQuery, unknown>>;
  if (typeof component !== 'string' || (app !== undefined && typeof app !== 'string')) return undefined;
  return { component, app };
}

/** Undefined for what is none; the fields within are trusted, as only daemons can publish. */
export function readRoutingViews(body: unknown): readonly RoutingView[] | undefined {
  if (typeof body !== 'object' || body === null || !('routing' in body)) return undefined;
  return Array.isArray(body.routing) ? (body.routing as readonly RoutingView[]) : undefined;
}
