import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildApp } from '../compiler/build.js';
import { appManifestSchema } from '../config/app-manifest.js';
import type { AppStatus, ReplicaStatus } from '../daemon/api/api-types.js';
import type { Address } from '../sdk/protocol/address.js';
import { type Daemon, type DaemonOptions, startDaemon, uploadArtifact } from './daemon.js';
import type { Load, LoadReport, LoadTarget } from './load.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRY = join(ROOT, 'bench/apps/echo/main.ts');
const APP = 'echo';
const STARTING_MS = 60_000;
/** Beyond the time of a load, which has bounds of its own. */
const LOAD_MARGIN_MS = 30_000;

export interface EchoOptions extends DaemonOptions {
  /** Laid over the default manifest. */
  readonly manifest?: object;
}

export interface DeployedEcho extends LoadTarget {
  /** What the calls go over. */
  readonly transport: Address['kind'];
  stop(): Promise<void>;
}

/** Builds the echo app into the folder; what it returns is for `deployEcho`. */
export async function buildEcho(folder: string): Promise<string> {
  const built = await buildApp({ entry: ENTRY, app: APP, folder: join(ROOT, 'bench'), outFolder: folder });
  if (built.kind === 'failed') {
    throw new Error(
      built.diagnostics.map(({ file, line, message }) => `${file}:${line} ${message}`).join('\n'),
    );
  }
  return built.folder;
}

/** A daemon on a state folder of its own that runs the built app: the echo in one proclet, its caller in another. */
export async function deployEcho(
  built: string,
  stateFolder: string,
  options: EchoOptions,
): Promise<DeployedEcho> {
  const daemon = await startDaemon(stateFolder, options);
  try {
    const version = await uploadArtifact(daemon.api, built);
    await daemon.api.deploy({
      version,
      manifest: appManifestSchema.parse({ name: APP, ...options.manifest }),
    });
    const { caller, callee } = await untilServing(daemon);
    const transport = callee.address?.kind ?? 'unix';
    return {
      name: transport === 'unix' ? 'weaverd, Unix socket' : 'weaverd, TCP',
      transport,
      stop: () => daemon.stop(),
      run: (load) => post(caller, { load, serverPids: [callee.pid ?? 0] }, load),
    };
  } catch (reason) {
    await daemon.stop();
    throw reason;
  }
}

/** The replicas, once they serve and the caller listens. */
async function untilServing({
  api,
}: Daemon): Promise<{ readonly caller: Address; readonly callee: ReplicaStatus }> {
  const deadline = performance.now() + STARTING_MS;
  for (;;) {
    const status = await api.app(APP);
    const callee = replicaOf(status, 'Echo');
    const caller = replicaOf(status, 'main')?.listeners.find(({ name }) => name === 'bench')?.address;
    if (status.state === 'serving' && callee !== undefined && caller !== undefined) return { caller, callee };
    if (performance.now() > deadline || status.state === 'failed')
      throw new Error(`the echo app is ${status.state}: ${status.reason ?? 'it does not serve'}`);
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
