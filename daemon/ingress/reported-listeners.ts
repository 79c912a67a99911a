import { formatAddress } from '../../sdk/protocol/address.js';
import type { IngressListenerStatus, IngressRoute } from './ingress-routes.js';

/**
 * The status of every route's listener: as reported, or as `opening` when the process has not said anything of it yet; then
 * those that are closing.
 */
export function listenersOf(
  routes: readonly IngressRoute[] | undefined,
  reported: readonly IngressListenerStatus[],
  ports: Readonly<Record<string, number>>,
): readonly IngressListenerStatus[] {
  if (routes === undefined) return reported;
  const closing = reported.filter(({ state }) => state === 'closing');
  const byKey = new Map(
    reported.filter(({ state }) => state !== 'closing').map((status) => [routeKey(status), status]),
  );
  return [
    ...routes.map((route) => byKey.get(routeKey(route)) ?? opening(route, ports[routeKey(route)])),
    ...closing,
  ];
}

/** The ports of open listeners, by route key. */
export function openPorts(reported: readonly IngressListenerStatus[]): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const status of reported)
    if (status.state === 'open') ports[routeKey(status)] = Number(new URL(status.url).port || 80);
  return ports;
}

export function routeKey({ app, listener }: { readonly app: string; readonly listener: string }): string {
  return `${app}/${listener}`;
}

function opening(route: IngressRoute, preferredPort: number | undefined): IngressListenerStatus {
  const port = route.port === 0 ? (preferredPort ?? 0) : route.port;
  return {
    app: route.app,
    listener: route.listener,
    url: `http://${formatAddress({ kind: 'tcp', host: route.host, port })}`,
    state: 'opening',
    requestsPerSecond: 0,
    errorsPerSecond: 0,
    p50Ms: 0,
    p99Ms: 0,
    answers: {},
    inFlight: 0,
    backends: [],
  };
}
