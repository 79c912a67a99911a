import type { RoutingView } from '../api/api-types.js';
import type { Deployment } from './app-record.js';
import type { HostedReplica } from './hosted-replica.js';
import { keyLoads, type VersionRouting } from './routing.js';
import { measuredSlices } from './slicer/measured-slices.js';
import { shareOf } from './slicer/slices.js';

/** Where the keys of a component are; undefined when it is not routed yet, or is none of the app's. */
export function routingView(
  { description, version }: Deployment,
  component: string,
  routing: VersionRouting,
  observed: readonly HostedReplica[],
): RoutingView | undefined {
  const published = routing.components.get(component);
  if (published === undefined) return undefined;
  const assignment = published.assignment === undefined ? undefined : routing.assignments.get(component);
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
    measured: reports.length > 0,
    replicas: published.replicas.map(({ replica, host }) => {
      const own = slices.filter(({ owner }) => owner === replica);
      return {
        replica,
        host,
        slices: own.length,
        share: own.reduce((sum, slice) => sum + shareOf(slice), 0),
        load: own.reduce((sum, { load }) => sum + load, 0),
      };
    }),
    slices: slices.map(({ start, owner, load }) => ({ start, replica: owner, load })),
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
