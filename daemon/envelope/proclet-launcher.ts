import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CONTROL_PROTOCOL, type ProcletSpec } from '../../sdk/protocol/control.js';
import type { StateStoreSpec } from '../../sdk/protocol/state-store.js';
import type { OutputFolder } from '../logs/output-folder.js';
import type { ProcessSpawner, SpawnedProcess } from '../processes/process-spawner.js';
import { procletCommand } from './proclet-command.js';
import type { ReplicaSpec } from './replica-host.js';
import { replicaId } from './replica-record.js';
import type { BegunReplica, ReplicaRecords } from './replica-records.js';
import type { WarmPool } from './warm-pool.js';
import type { WarmFiles, WarmProclet } from './warm-proclet.js';

export interface LauncherOptions {
  readonly controlSocket: string;
  readonly procletFolder: string;
  /** What proclets serve each other over: Unix sockets of their own folders, or loopback TCP. */
  readonly transport: 'unix' | 'tcp';
  readonly compression: 'auto' | 'off';
  /** Where the apps' state is kept, a folder for each. */
  readonly stateFolder: string;
  /** Where it is kept instead, when that is configured. */
  readonly stateStore: StateStoreSpec | undefined;
  /** The address of this host at which they serve those of other hosts; undefined on a single host. */
  readonly remoteHost: string | undefined;
  readonly records: ReplicaRecords;
  readonly spawner: ProcessSpawner;
  readonly warm: WarmPool;
  readonly output: Pick<OutputFolder, 'replace'>;
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
/** For a waiting process to answer that it has heard. */
const CLAIM_WITHIN_MS = 2000;

/**
 * Starts processes, or tells those that wait what to run. Each generation has a folder of its own, `<proclet folder>/<replica id>-<generation>` (0700), with
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
    const { records, warm } = this.#options;
    warm.postpone();
    const token = await records.token(spec.app, spec.version);
    const waiting = warm.take(spec);
    const claimed = waiting && (await this.#claim(request, waiting, token));
    if (claimed !== undefined) return claimed;
    const generation = records.nextGeneration(spec);
    await records.begin({ ...this.#begun(request, generation), process: undefined });
    const folder = this.#folder(spec, generation);
    try {
      return { generation, process: await this.#start(request, folder, generation, token) };
    } catch (reason) {
      // What failed is what the caller must hear of, not that its remains could not be deleted.
      await this.forget(spec, generation).catch(() => undefined);
      throw reason;
    }
  }

  /**
   * Undefined when the process could not be had: then it is ended, and its generation over.
   *
   * It is told while its record is being written, since until this resolves its registration is not answered, and before
   * that it hosts nothing. Of a daemon that is killed in between, the next one finds a record of a process that waits still,
   * and so ends by itself, or a process that has no record: {@link endLeftWarmProclets} ends it.
   */
  async #claim(request: LaunchRequest, waiting: WarmProclet, token: string): Promise<Launched | undefined> {
    const { spec } = request;
    const { records, warm } = this.#options;
    const { process, files } = waiting;
    const generation = records.nextGeneration(spec);
    const folder = this.#folder(spec, generation);
    const recorded = records.begin({ ...this.#begun(request, generation), process: process.identity });
    try {
      await rm(folder, { recursive: true, force: true });
      await rename(files.folder, folder);
      const specFile = await this.#writeSpec(spec, folder, generation, token);
      if (request.isCancelled()) throw new Error('the daemon is stopping');
      const claimed = waiting.claim(specFile, CLAIM_WITHIN_MS);
      this.#takeOutput(request, files);
      const [heard] = await Promise.all([claimed, recorded]);
      if (!heard) throw new Error('it ended or did not answer');
      warm.used(spec);
      return { generation, process };
    } catch (reason) {
      warm.discard(waiting, spec, reason instanceof Error ? reason.message : String(reason));
      await Promise.allSettled([recorded]);
      await this.forget(spec, generation).catch(() => undefined); // as in launch
      return undefined;
    }
  }

  #takeOutput({ stdout, stderr }: LaunchRequest, files: WarmFiles): void {
    this.#options.output.replace({ [basename(stdout)]: files.stdout, [basename(stderr)]: files.stderr });
  }

  #begun({ spec, restarts, startedAt }: LaunchRequest, generation: number): Omit<BegunReplica, 'process'> {
    const specFile = join(this.#folder(spec, generation), SPEC_FILE);
    return { spec, generation, restarts, startedAt, specFile };
  }

  async #start(
    request: LaunchRequest,
    folder: string,
    generation: number,
    token: string,
  ): Promise<SpawnedProcess> {
    const { spec, stdout, stderr } = request;
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const specFile = await this.#writeSpec(spec, folder, generation, token);
    if (request.isCancelled()) throw new Error('the daemon is stopping');
    const place = { folder, specFile, stdout, stderr };
    return this.#options.spawner.spawn(procletCommand(spec, place, this.#options.environment));
  }

  async #writeSpec(spec: ReplicaSpec, folder: string, generation: number, token: string): Promise<string> {
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
      serveRemotelyAt:
        this.#options.remoteHost === undefined
          ? undefined
          : { kind: 'tcp', host: this.#options.remoteHost, port: 0 },
      socketFolder: folder,
      // What is on the disk of one host of a cluster would be missed when the component runs on another.
      stateFolder:
        this.#options.remoteHost === undefined ? join(this.#options.stateFolder, spec.app) : undefined,
      stateStore: this.#options.stateStore,
      compression: this.#options.compression,
    };
    await writeFile(specFile, JSON.stringify(procletSpec), { mode: 0o600 });
    return specFile;
  }

  /** Deletes what a generation that has ended left behind. */
  async forget(spec: ReplicaSpec, generation: number): Promise<void> {
    await rm(this.#folder(spec, generation), { recursive: true, force: true });
  }

  #folder(spec: ReplicaSpec, generation: number): string {
    return join(this.#options.procletFolder, `${replicaId(spec)}-${generation}`);
  }
}
