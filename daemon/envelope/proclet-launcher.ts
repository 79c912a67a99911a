import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTROL_PROTOCOL, type ProcletSpec } from '../../sdk/protocol/control.js';
import type { ProcessSpawner, SpawnedProcess } from '../processes/process-spawner.js';
import { procletEnvironment } from './proclet-environment.js';
import type { ReplicaSpec } from './replica-host.js';
import { replicaId } from './replica-record.js';
import type { ReplicaRecords } from './replica-records.js';

export interface LauncherOptions {
  readonly controlSocket: string;
  readonly procletFolder: string;
  /** What proclets serve each other over: Unix sockets of their own folders, or loopback TCP. */
  readonly transport: 'unix' | 'tcp';
  readonly records: ReplicaRecords;
  readonly spawner: ProcessSpawner;
  /** The daemon's own, of which a proclet has a little. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface LaunchRequest {
  readonly spec: ReplicaSpec;
  readonly restarts: number;
  /** Unix ms. */
  readonly startedAt: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Looked at last before the process is started: with true there will be none. */
  readonly isCancelled: () => boolean;
}

export interface Launched {
  readonly generation: number;
  readonly process: SpawnedProcess;
}

const SPEC_FILE = 'spec.json';

/**
 * Starts processes. Each generation has a folder of its own, `<proclet folder>/<replica id>-<generation>` (0700), with
 * its spec file and its sockets; it is the working folder too.
 */
export class ProcletLauncher {
  readonly #options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Rejects with the reason, such as ENOSPC; then nothing runs. */
  async launch(request: LaunchRequest): Promise<Launched> {
    const { spec } = request;
    const { records } = this.#options;
    const token = await records.token(spec.app, spec.version);
    const generation = await records.begin(spec, request.restarts, request.startedAt, (next) =>
      join(this.#folder(spec, next), SPEC_FILE),
    );
    const folder = this.#folder(spec, generation);
    try {
      return { generation, process: await this.#start(request, folder, generation, token) };
    } catch (reason) {
      // What failed is what the caller must hear of, not that its remains could not be deleted.
      await this.forget(spec, generation).catch(() => undefined);
      throw reason;
    }
  }

  async #start(
    request: LaunchRequest,
    folder: string,
    generation: number,
    token: string,
  ): Promise<SpawnedProcess> {
    const { spec } = request;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const specFile = join(folder, SPEC_FILE);
    const procletSpec: ProcletSpec = {
      protocol: CONTROL_PROTOCOL,
      app: spec.app,
      version: spec.version,
      group: spec.group,
      replica: spec.replica,
      generation,
      controlSocket: this.#options.controlSocket,
      token,
      serveAt:
        this.#options.transport === 'tcp'
          ? { kind: 'tcp', host: '127.0.0.1', port: 0 }
          : { kind: 'unix', path: join(folder, 'serve.sock') },
      socketFolder: folder,
    };
    await writeFile(specFile, JSON.stringify(procletSpec), { mode: 0o600 });
    if (request.isCancelled()) throw new Error('the daemon is stopping');
    const heap = spec.memoryMiB === undefined ? [] : [`--max-old-space-size=${spec.memoryMiB}`];
    return this.#options.spawner.spawn({
      file: process.execPath,
      args: [...heap, spec.bundle],
      cwd: folder,
      env: procletEnvironment(this.#options.environment, spec.env, specFile),
      stdout: request.stdout,
      stderr: request.stderr,
    });
  }

  /** Deletes what a generation that has ended left behind. */
  async forget(spec: ReplicaSpec, generation: number): Promise<void> {
    await rm(this.#folder(spec, generation), { recursive: true, force: true });
  }

  #folder(spec: ReplicaSpec, generation: number): string {
    return join(this.#options.procletFolder, `${replicaId(spec)}-${generation}`);
  }
}
