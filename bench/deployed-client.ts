import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../compiler/build.js';
import { appManifestSchema } from '../config/app-manifest.js';
import type { AppStatus, ReplicaStatus } from '../daemon/api/api-types.js';
import type { Address } from '../sdk/protocol/address.js';
import { type Daemon, type DaemonOptions, startDaemon, uploadArtifact } from './daemon.js';
import type { Load, LoadReport } from './load.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STARTING_MS = 120_000;
/** Beyond the time of a load, which has bounds of its own. */
const LOAD_MARGIN_MS = 30_000;

/** An app of bench/apps, whose `main` serves loads and calls the component. */
export interface BenchApp {
  readonly name: string;
  readonly component: string;
}

export interface ClientOptions extends DaemonOptions {
  /** Laid over the default manifest. */
  readonly manifest?: object;
  /** Processes whose CPU time counts beside those of the two proclets. */
  readonly helperPids?: readonly number[];
}

export interface DeployedClient {
  /** What the calls go over. */
  readonly transport: Address['kind'];
  run(load: Load): Promise<LoadReport>;
  stop(): Promise<void>;
}

/** Builds the app into the folder; what it returns is for `deployClient`. */
export async function buildBenchApp({ name }: BenchApp, folder: string): Promise<string> {
  const entry = join(ROOT, 'bench/apps', name, 'main.ts');
  const built = await buildApp({ entry, app: name, folder: ROOT, outFolder: folder });
  if (built.kind === 'failed') {
    throw new Error(
      built.diagnostics.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'),
    );
  }
  return built.folder;
}

/** A daemon on a state folder of its own that runs the built app: the component in one proclet, its caller in another. */
export async function deployClient(
  app: BenchApp,
  built: string,
  stateFolder: string,
  { manifest, helperPids = [], ...options }: ClientOptions,
): Promise<DeployedClient> {
  const daemon = await startDaemon(stateFolder, options);
  try {
    const version = await uploadArtifact(daemon.api, built);
    await daemon.api.deploy({
      version,
      manifest: appManifestSchema.parse({ name: app.name, ...manifest }),
    });
    const { caller, callee } = await untilServing(daemon, app);
    return {
      transport: callee.address?.kind ?? 'unix',
      stop: () => daemon.stop(),
      run: (load) => post(caller, { load, serverPids: [callee.pid ?? 0, ...helperPids] }, load),
    };
  } catch (reason) {
    await daemon.stop();
    throw reason;
  }
}

/** The replicas, once they serve and the caller listens. */
async function untilServing(
  { api }: Daemon,
  { name, component }: BenchApp,
): Promise<{ readonly caller: Address; readonly callee: ReplicaStatus }> {
  const deadline = performance.now() + STARTING_MS;
  for (;;) {
    const status = await api.app(name);
    const callee = replicaOf(status, component);
    const caller = replicaOf(status, 'main')?.listeners.find(
      (listener) => listener.name === 'bench',
    )?.address;
    if (status.state === 'serving' && callee !== undefined && caller !== undefined) return { caller, callee };
    if (performance.now() > deadline || status.state === 'failed')
      throw new Error(`the ${name} app is ${status.state}: ${status.reason ?? 'it does not serve'}`);
    await setTimeout(50);
  }
}

function replicaOf(status: AppStatus, name: string): ReplicaStatus | undefined {
  return status.groups.find(({ group }) => group === name)?.replicas[0];
}

/** To the caller's own socket: the ingress is not part of what is measured. */
function post(caller: Address, body: object, load: Load): Promise<LoadReport> {
  const limitMs = load.warmUpMs + load.measuredMs + LOAD_MARGIN_MS;
  return new Promise((resolve, reject) => {
    const where =
      caller.kind === 'unix' ? { socketPath: caller.path } : { host: caller.host, port: caller.port };
    const sent = request({ ...where, method: 'POST', agent: false, timeout: limitMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as LoadReport);
        else reject(new Error(`weaverd: ${text}`));
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`the caller did not report within ${limitMs} ms`)));
    sent.once('error', reject);
    sent.end(JSON.stringify(body));
  });
}
