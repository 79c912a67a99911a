import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../compiler/build.js';
import { type LoadedApp, loadApp } from '../config/load-app-manifest.js';
import type { AppStatus } from '../daemon/api/api-types.js';
import type { ApiClient } from '../daemon/api/client.js';
import { startDaemon, uploadArtifact } from './daemon.js';
import { freePort } from './peers/loopback.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STARTING_MS = 60_000;

export interface BuiltBoutique {
  readonly app: LoadedApp;
  /** Of the artifact. */
  readonly folder: string;
}

export async function buildBoutique(outFolder: string): Promise<BuiltBoutique> {
  const app = await loadApp(join(ROOT, 'examples/boutique'), ROOT);
  const built = await buildApp({ entry: app.entry, app: app.name, folder: app.folder, outFolder });
  if (built.kind === 'failed') throw new Error(built.diagnostics.map(({ message }) => message).join('\n'));
  return { app, folder: built.folder };
}

export interface Placement {
  readonly colocate: 'all' | [];
  /** Of the daemon, and of every proclet. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One replica of each group. */
export interface DeployedBoutique {
  /** Of the frontend's own listener. */
  readonly socketPath: string;
  /** The public listener, behind the ingress. */
  readonly url: string;
  readonly proclets: readonly { readonly group: string; readonly pid: number }[];
  readonly daemonPid: number;
  readonly ingressPid: number;
  stop(): Promise<void>;
}

/** The boutique, serving, on a daemon of its own. */
export async function deployBoutique(
  built: BuiltBoutique,
  stateFolder: string,
  { colocate, env = {} }: Placement,
): Promise<DeployedBoutique> {
  const { api, stop } = await startDaemon(stateFolder, { env });
  try {
    const { name, manifest } = built.app;
    const version = await uploadArtifact(api, built.folder);
    const listeners = { shop: { host: '127.0.0.1', port: await freePort() } };
    await api.deploy({ version, manifest: { ...manifest, colocate, env, listeners } });
    const app = await untilServing(api, name);
    const { ingress, pid: daemonPid } = await api.status();
    const replicas = app.groups.flatMap(({ group, replicas }) =>
      replicas.map((replica) => ({ group, ...replica })),
    );
    const shop = replicas.flatMap(({ listeners }) => listeners).find((listener) => listener.name === 'shop');
    const url = app.listeners.find((listener) => listener.name === 'shop')?.url;
    if (shop?.address.kind !== 'unix' || url === undefined || ingress.pid === undefined)
      throw new Error('the boutique serves, and its listener is not known');
    return {
      socketPath: shop.address.path,
      url,
      proclets: replicas.map(({ group, pid = 0 }) => ({ group, pid })),
      daemonPid,
      ingressPid: ingress.pid,
      stop,
    };
  } catch (reason) {
    await stop();
    throw reason;
  }
}

async function untilServing(api: ApiClient, name: string): Promise<AppStatus> {
  const deadline = performance.now() + STARTING_MS;
  for (;;) {
    const app = await api.app(name);
    const open = app.listeners.every(({ state }) => state === 'open');
    if (app.state === 'serving' && open) return app;
    if (performance.now() > deadline || app.state === 'failed')
      throw new Error(`the boutique is ${app.state}: ${app.reason ?? 'it does not serve'}`);
    await setTimeout(50);
  }
}
