import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { identifyProcess, type ProcessIdentity } from '../../../sdk/protocol/process-identity.js';
import type { DaemonEvent, LogLine } from '../../api/api-types.js';
import { signalProcessGroup } from '../../processes/signal-process.js';
import { createReplicaHost, type ReplicaHostOptions } from '../create-replica-host.js';
import type { ObservedReplica, ReplicaHost, ReplicaSpec } from '../replica-host.js';

export const FAKE_PROCLET = fileURLToPath(new URL('../fixtures/fake-proclet.mjs', import.meta.url));

/** What `FAKE` of fake-proclet.mjs may be. */
export type FakeMode = 'serve' | 'crash' | 'fail' | 'complete' | 'silent' | 'deaf';

export function fakeReplica(replica: string, mode: FakeMode = 'serve', version = 'v1'): ReplicaSpec {
  return {
    app: 'shop',
    version,
    group: 'Cart',
    replica,
    bundle: FAKE_PROCLET,
    hosting: {
      components: [{ name: 'Cart', config: {}, implementation: undefined }],
      main: false,
      mainConfig: {},
      defaultTimeoutMs: 1000,
    },
    env: { FAKE: mode },
    memoryMiB: undefined,
    graceMs: 2000,
  };
}

/**
 * A daemon of its own, which keeps Cart-0, and with `warm` Cart-1 and a process that waits; resolves when the replicas
 * serve.
 */
export async function startHostProcess(folder: string, { warm = false } = {}): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./host-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, ...(warm ? ['warm'] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  if (String(said).trim() !== 'serving') throw new Error(`the host process said ${said}`);
  return child;
}

/** Replica hosts one after another on the same folders, as the daemons of one machine are. */
export class HostHarness {
  readonly logs: Omit<LogLine, 'sequence'>[] = [];
  readonly events: DaemonEvent[] = [];
  readonly problems = new Map<string, string>();
  readonly folder: string;
  readonly #seen = new Map<number, ProcessIdentity>();
  readonly #waiting = new Set<() => void>();
  #host: ReplicaHost | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder?: string): Promise<HostHarness> {
    return new HostHarness(folder ?? (await mkdtemp(join(tmpdir(), 'wd-'))));
  }

  get host(): ReplicaHost {
    if (this.#host === undefined) throw new Error('no host is open');
    return this.#host;
  }

  get controlSocket(): string {
    return join(this.folder, 'control.sock');
  }

  async open(options: Partial<ReplicaHostOptions> = {}): Promise<ReplicaHost> {
    const look = () => this.look();
    this.#host = await createReplicaHost({
      controlSocket: this.controlSocket,
      procletFolder: join(this.folder, 'p'),
      recordFolder: join(this.folder, 'records'),
      outputFolder: join(this.folder, 'output'),
      appStateFolder: join(this.folder, 'app-state'),
      healthIntervalMs: 100,
      ...options,
      policy: {
        backoff: { baseMs: 4, capMs: 40, forgiveAfterMs: 30_000, crashLoopAfter: 3 },
        ...options.policy,
      },
      sinks: {
        onLog: (line) => {
          this.logs.push(line);
          look();
        },
        onLoad: look,
        onSpans: look,
        onEvent: (event) => {
          this.events.push(event);
          look();
        },
        onProblem: (source, problem) => {
          if (problem === undefined) this.problems.delete(source);
          else this.problems.set(source, problem);
          look();
        },
      },
    });
    this.#host.onChange(look);
    return this.#host;
  }

  /** The daemon dies: whatever it kept runs on. */
  async drop(): Promise<void> {
    await this.#host?.close({ stopProclets: false });
    this.#host = undefined;
  }

  /** Resolves with the first value that is not undefined or false, looked for at each change. */
  until<T>(look: () => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = () => {
        try {
          const found = look();
          if (found === undefined || found === false) return;
          this.#waiting.delete(attempt);
          resolve(found);
        } catch (reason) {
          this.#waiting.delete(attempt);
          reject(reason);
        }
      };
      this.#waiting.add(attempt);
      attempt();
    });
  }

  replica(name: string): ObservedReplica | undefined {
    return this.host.observed().find(({ replica }) => replica === name);
  }

  identity(replica: ObservedReplica): ProcessIdentity {
    const identity = replica.pid === undefined ? undefined : identifyProcess(replica.pid);
    if (identity === undefined) throw new Error(`${replica.replica} does not run`);
    return identity;
  }

  /** Changes the only record. */
  editRecord(change: (record: Record<string, unknown>) => Record<string, unknown>): void {
    const folder = join(this.folder, 'records', 'replicas');
    const [name] = readdirSync(folder);
    if (name === undefined) throw new Error('there is no record');
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
  }

  /** Resolves when the replica is in the state, and in that generation if one is given. */
  untilState(name: string, state: ObservedReplica['state'], generation?: number): Promise<ObservedReplica> {
    return this.until(() => {
      const replica = this.replica(name);
      if (replica?.state !== state) return undefined;
      return generation === undefined || replica.generation === generation ? replica : undefined;
    });
  }

  untilLog(message: RegExp): Promise<Omit<LogLine, 'sequence'>> {
    return this.until(() => this.logs.find((line) => message.test(line.message)));
  }

  untilEvent(kind: string): Promise<DaemonEvent> {
    return this.until(() => this.events.find((event) => event.kind === kind));
  }

  async dispose(): Promise<void> {
    await this.drop();
    for (const identity of this.#seen.values()) signalProcessGroup(identity, 'SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Something has changed. */
  look(): void {
    for (const { pid } of this.#host?.observed() ?? []) {
      const identity = pid === undefined || this.#seen.has(pid) ? undefined : identifyProcess(pid);
      if (identity !== undefined) this.#seen.set(identity.pid, identity);
    }
    for (const attempt of [...this.#waiting]) attempt();
  }
}
