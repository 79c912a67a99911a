import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PROCLET_SPEC_VARIABLE } from '../../sdk/protocol/control.js';
import { WARM_CHANNEL_VARIABLE } from '../../sdk/protocol/warm-proclet.js';
import type { OutputFolder } from '../logs/output-folder.js';
import type { Clock } from '../processes/clock.js';
import { Deadline } from '../processes/deadline.js';
import { CHANNEL_DESCRIPTOR, type ProcessSpawner } from '../processes/process-spawner.js';
import { findSessionLeaders } from '../processes/process-watch.js';
import { signalProcessGroup } from '../processes/signal-process.js';
import { procletCommand } from './proclet-command.js';
import type { ReplicaSpec } from './replica-host.js';
import type { ReplicaRecord } from './replica-record.js';
import { type WarmSpec, warmKey, warmPlan } from './warm-plan.js';
import { type WarmFiles, WarmProclet } from './warm-proclet.js';

export interface WarmPoolOptions {
  /** Processes that wait, per version; 0 for none. */
  readonly size: number;
  readonly procletFolder: string;
  readonly output: Pick<OutputFolder, 'path'>;
  readonly spawner: ProcessSpawner;
  readonly clock: Clock;
  /** The daemon's own. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A process that was to wait failed; the replicas are not touched by it. */
  readonly onFailure: (spec: WarmSpec, message: string) => void;
  /** So long after the last start of a replica is the pool filled: no start is slowed by it. Default 2000. */
  readonly quietMs?: number | undefined;
  /** Default 30000. */
  readonly readyWithinMs?: number | undefined;
}

const QUIET_MS = 2000;
const READY_WITHIN_MS = 30_000;
/** A version whose processes failed so often in a row has no more. */
const MAX_FAILURES = 3;
const OUTPUT_LOOK_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const FOLDER_PREFIX = 'warm-';

/**
 * Processes started ahead: each has imported its version's bundle and waits, with a folder and output files of its own,
 * which become those of the replica it will be. They are nobody's replicas: with their daemon they end.
 */
export class WarmPool {
  readonly #options: WarmPoolOptions;
  readonly #waiting = new Map<WarmProclet, { readonly spec: WarmSpec; readonly key: string }>();
  readonly #failures = new Map<string, number>();
  readonly #quiet: Deadline;
  #plan: ReadonlyMap<string, WarmSpec> = new Map();
  #filling = false;
  #closed = false;
  #cancelLook: (() => void) | undefined;

  constructor(options: WarmPoolOptions) {
    this.#options = options;
    this.#quiet = new Deadline(options.clock, () => void this.#fill());
  }

  /** All that is to run on this host. What waits for another version is ended. */
  want(replicas: readonly ReplicaSpec[]): void {
    if (this.#options.size === 0 || this.#closed) return;
    const before = this.#plan;
    this.#plan = warmPlan(replicas);
    for (const [warm, { key }] of this.#waiting) if (!this.#plan.has(key)) this.#end(warm);
    for (const key of this.#failures.keys()) if (!this.#plan.has(key)) this.#failures.delete(key);
    if ([...this.#plan.keys()].some((key) => !before.has(key))) this.postpone();
  }

  /** A replica is being started: the pool is filled later. */
  postpone(): void {
    if (this.#closed || this.#plan.size === 0) return;
    this.#quiet.set(this.#options.clock.monotonic() + (this.#options.quietMs ?? QUIET_MS));
  }

  /** One that is ready, no longer the pool's; undefined when none is. */
  take(spec: ReplicaSpec): WarmProclet | undefined {
    const key = warmKey(spec);
    for (const [warm, { key: its }] of this.#waiting) {
      if (its !== key || !warm.isReady) continue;
      this.#waiting.delete(warm);
      return warm;
    }
    return undefined;
  }

  /** One that was taken has become a replica. */
  used(spec: WarmSpec): void {
    this.#failures.delete(warmKey(spec));
  }

  /** Ends one that was taken but could not become a replica. */
  discard(warm: WarmProclet, spec: WarmSpec, why: string): void {
    this.#end(warm);
    this.#failed(warmKey(spec), spec, `a warm process could not become a replica: ${why}`);
  }

  close(): void {
    this.#closed = true;
    this.#quiet.set(undefined);
    this.#cancelLook?.();
    for (const warm of this.#waiting.keys()) this.#end(warm);
  }

  async #fill(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    try {
      for (let next = this.#lacking(); next !== undefined; next = this.#lacking()) {
        await this.#start(...next);
      }
    } finally {
      this.#filling = false;
    }
  }

  #lacking(): [string, WarmSpec] | undefined {
    if (this.#closed) return undefined;
    const waiting = [...this.#waiting.values()];
    return [...this.#plan].find(
      ([key]) =>
        waiting.filter((one) => one.key === key).length < this.#options.size &&
        (this.#failures.get(key) ?? 0) < MAX_FAILURES,
    );
  }

  async #start(key: string, spec: WarmSpec): Promise<void> {
    let warm: WarmProclet;
    try {
      warm = await this.#spawn(spec);
    } catch (reason) {
      return this.#failed(key, spec, reason instanceof Error ? reason.message : String(reason));
    }
    if (this.#closed || !this.#plan.has(key)) return this.#end(warm);
    this.#waiting.set(warm, { spec, key });
    void warm.process.exited.then(({ code, signal }) => {
      if (!this.#waiting.has(warm)) return; // claimed, or ended by us
      this.#end(warm);
      this.#failed(key, spec, `a warm process ended with ${signal ?? `code ${code}`} before it was used`);
      this.postpone();
    });
    this.#lookAtOutput();
    const withinMs = this.#options.readyWithinMs ?? READY_WITHIN_MS;
    if ((await warm.untilReady(withinMs)) || !this.#waiting.has(warm)) return;
    this.#end(warm);
    this.#failed(key, spec, `a warm process did not reach run() within ${withinMs / 1000} s`);
  }

  async #spawn(spec: WarmSpec): Promise<WarmProclet> {
    const { procletFolder, output, spawner, clock, environment } = this.#options;
    const name = `${FOLDER_PREFIX}${randomBytes(6).toString('hex')}`;
    const files: WarmFiles = {
      folder: join(procletFolder, name),
      stdout: `${name}.out`,
      stderr: `${name}.err`,
    };
    await mkdir(files.folder, { mode: 0o700 });
    const place = {
      folder: files.folder,
      specFile: warmSpecFile(files.folder),
      stdout: output.path(files.stdout),
      stderr: output.path(files.stderr),
    };
    const command = procletCommand(spec, place, environment);
    const env = { ...command.env, [WARM_CHANNEL_VARIABLE]: String(CHANNEL_DESCRIPTOR) };
    try {
      return new WarmProclet(await spawner.spawn({ ...command, env, channel: true }), files, clock);
    } catch (reason) {
      this.#forget(files);
      throw reason;
    }
  }

  #failed(key: string, spec: WarmSpec, why: string): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const last = failures < MAX_FAILURES ? '' : `; no more are started for ${spec.version}`;
    this.#options.onFailure(spec, `${why}${last}`);
  }

  #end(warm: WarmProclet): void {
    this.#waiting.delete(warm);
    warm.end();
    this.#forget(warm.files);
  }

  #forget({ folder, stdout, stderr }: WarmFiles): void {
    const { output } = this.#options;
    for (const path of [folder, output.path(stdout), output.path(stderr)]) {
      // What stays is deleted by the next daemon.
      rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  /** Nobody reads what they write while they wait: an app that writes on and on must not fill the disk. */
  #lookAtOutput(): void {
    this.#cancelLook ??= this.#options.clock.after(OUTPUT_LOOK_MS, () => {
      this.#cancelLook = undefined;
      for (const [warm, { key, spec }] of this.#waiting) {
        const { stdout, stderr } = warm.files;
        const bytes = this.#size(stdout) + this.#size(stderr);
        if (bytes <= MAX_OUTPUT_BYTES) continue;
        this.#end(warm);
        this.#failures.set(key, MAX_FAILURES);
        this.#failed(key, spec, `a warm process wrote ${bytes} bytes of output while it waited`);
      }
      if (this.#waiting.size > 0) this.#lookAtOutput();
    });
  }

  #size(name: string): number {
    return statSync(this.#options.output.path(name), { throwIfNoEntry: false })?.size ?? 0;
  }
}

/**
 * Ends what a killed daemon left waiting and has not ended by itself, such as an app that never came to `run()`, and what
 * it had told but not recorded as a replica.
 */
export async function endLeftWarmProclets(
  procletFolder: string,
  records: readonly Pick<ReplicaRecord, 'process'>[],
): Promise<void> {
  const replicas = new Set(records.map(({ process }) => process?.pid));
  const prefix = join(procletFolder, FOLDER_PREFIX);
  for (const leader of findSessionLeaders(PROCLET_SPEC_VARIABLE, (value) => value.startsWith(prefix))) {
    if (!replicas.has(leader.pid)) signalProcessGroup(leader, 'SIGKILL');
  }
  for (const name of await readdir(procletFolder)) {
    if (name.startsWith(FOLDER_PREFIX)) await rm(join(procletFolder, name), { recursive: true, force: true });
  }
}

/** Never there: an app whose SDK does not know how to wait fails at once, rather than run as a whole program. */
function warmSpecFile(folder: string): string {
  return join(folder, 'spec.json');
}
