import type { AppManifest } from '../../config/app-manifest.js';
import { MAIN } from '../../sdk/protocol/app-description.js';
import type { IngressBackend, IngressListenerStatus, IngressRoute } from '../ingress/ingress-routes.js';
import type { AppRecord, Deployment } from './app-record.js';
import type { HostedReplica } from './hosted-replica.js';
import { formatReplica } from './replica-key.js';

/** A public listener of an app, before it has a port. */
export interface WantedListener
  extends Pick<IngressRoute, 'component' | 'host' | 'tls' | 'trustedProxies' | 'accessLog'> {
  readonly name: string;
  /** 0: any, which stays the same from then on. */
  readonly port: number;
}

/** A port that was chosen for a listener. */
export interface ChosenPort {
  readonly host: string;
  readonly port: number;
}

/** Those that the build knows, and those that replicas have opened under other names. Sorted by name. */
export function listenersOf(
  deployment: Deployment,
  observed: readonly HostedReplica[],
): readonly WantedListener[] {
  const components = new Map(
    deployment.description.listeners.map(({ name, component }) => [name, component]),
  );
  for (const replica of observed) {
    if (replica.version !== deployment.version) continue;
    for (const { name } of replica.listeners)
      if (!components.has(name)) components.set(name, replica.group.split('+')[0] ?? MAIN);
  }
  return [...components]
    .map(([name, component]) => ({ name, component, ...settingsOf(deployment.manifest, name) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function settingsOf(manifest: AppManifest, name: string): Omit<WantedListener, 'name' | 'component'> {
  const { host, port, tls, trustedProxies, accessLog } = manifest.listeners[name] ?? {
    host: '127.0.0.1',
    port: 0,
  };
  // Left out where they say nothing: an ingress or a host of an older version takes the rest.
  return {
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
    ...(accessLog === undefined ? {} : { accessLog }),
  };
}

/** Whether a port must be chosen: none was for that address, or another process has it by now. */
export function needsPort(
  listener: WantedListener,
  chosen: ChosenPort | undefined,
  status: IngressListenerStatus | undefined,
): boolean {
  if (listener.port !== 0) return false;
  if (chosen === undefined || chosen.host !== listener.host) return true;
  return status?.state === 'failed' && portOf(status.url) === chosen.port;
}

/** A listener's route over all hosts. */
export interface ClusterRoute extends Omit<IngressRoute, 'backends'> {
  readonly backends: readonly (IngressBackend & { readonly onHost: string })[];
}

/** Requests go to the replicas of the serving version that have opened the listener; none while nothing serves. */
export function routesOf(
  record: AppRecord,
  observed: readonly HostedReplica[],
  leaving: ReadonlySet<string>,
  portFor: (listener: WantedListener) => number,
): readonly ClusterRoute[] {
  const deployment = [record.current, ...record.older].find(({ version }) => version === record.serving);
  if (deployment === undefined || record.state !== 'running') return [];
  const serving = observed.filter(
    (replica) =>
      replica.version === deployment.version &&
      replica.state === 'serving' &&
      !leaving.has(formatReplica(replica)),
  );
  return listenersOf(deployment, observed).map((listener) => ({
    app: record.app,
    listener: listener.name,
    component: listener.component,
    host: listener.host,
    port: portFor(listener),
    ...(listener.tls === undefined ? {} : { tls: listener.tls }),
    ...(listener.trustedProxies === undefined ? {} : { trustedProxies: listener.trustedProxies }),
    ...(listener.accessLog === undefined ? {} : { accessLog: listener.accessLog }),
    backends: serving
      .flatMap(({ replica, version, generation, listeners, host }) =>
        listeners
          .filter(({ name }) => name === listener.name)
          .map(({ address }) => ({ replica, version, generation, address, onHost: host })),
      )
      .sort((a, b) => (a.replica < b.replica ? -1 : 1)),
  }));
}

/**
 * What the ingress of one host serves: listeners are Unix sockets, so that it leads to the replicas of its own host. Of
 * several hosts one without such a replica does not open the listener.
 */
export function routesOn(
  host: string,
  routes: readonly ClusterRoute[],
  isAlone: boolean,
): readonly IngressRoute[] {
  return routes.flatMap((route) => {
    const backends = route.backends
      .filter(({ onHost }) => onHost === host)
      .map(({ onHost: _, ...backend }) => backend);
    return isAlone || backends.length > 0 ? [{ ...route, backends }] : [];
  });
}

function portOf(url: string): number | undefined {
  return URL.canParse(url) ? Number(new URL(url).port || 80) : undefined;
}
