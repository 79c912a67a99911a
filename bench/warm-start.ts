import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createReplicaHost } from '../daemon/envelope/create-replica-host.js';
import type { ObservedReplica, ReplicaHost, ReplicaSpec } from '../daemon/envelope/replica-host.js';
import { type BenchOptions, median, type ResultLine, resultLine, rounded } from './report.js';

/** The boutique's component that needs no other to serve. */
const COMPONENT = 'Currency';
/** For the pool to be filled after each use, ms. */
const REFILL_MS = 1500;

/**
 * A new replica, and the replacement of one killed with SIGKILL, to its first "serving": of the daemon's replica host with
 * a warm proclet waiting, against one without. The wait that a crashed replica has before its restart (0 to 200 ms, at
 * random) is left out: it is the same for both. Yields the lines; returns warm / cold of the new replica.
 */
export async function* warmAgainstCold(
  folder: string,
  bundle: string,
  { quick }: BenchOptions,
): AsyncGenerator<ResultLine, number> {
  const warm = await ReplicaBench.open(join(folder, 'w'), bundle, 1);
  const cold = await ReplicaBench.open(join(folder, 'c'), bundle, 0);
  try {
    const cases = {
      'new replica to serving': 'started',
      'killed replica to serving again': 'replaced',
    } as const;
    const times = { started: { warm: [], cold: [] }, replaced: { warm: [], cold: [] } } as Times;
    for (let round = 0; round < (quick ? 5 : 15); round++) {
      for (const [system, bench] of [
        ['warm', warm],
        ['cold', cold],
      ] as const) {
        times.started[system].push(await bench.start());
        await sleep(REFILL_MS);
        times.replaced[system].push(await bench.replace());
        await bench.stop();
        await sleep(REFILL_MS);
      }
    }
    for (const [name, which] of Object.entries(cases)) {
      for (const system of ['warm', 'cold'] as const) {
        yield resultLine(
          { bench: 'start', case: name, system: `${system} proclet`, unit: 'ms' },
          times[which][system],
        );
      }
    }
    return rounded(median(times.started.warm) / median(times.started.cold));
  } finally {
    await warm.close();
    await cold.close();
  }
}

type Times = Record<'started' | 'replaced', Record<'warm' | 'cold', number[]>>;

/** One replica host with two replicas, and a third that comes and goes. */
class ReplicaBench {
  readonly #host: ReplicaHost;
  readonly #bundle: string;
  readonly #waiting = new Set<() => void>();

  private constructor(host: ReplicaHost, bundle: string) {
    this.#host = host;
    this.#bundle = bundle;
    host.onChange(() => {
      for (const look of this.#waiting) look();
    });
  }

  static async open(folder: string, bundle: string, warmProclets: number): Promise<ReplicaBench> {
    await mkdir(folder);
    const host = await createReplicaHost({
      controlSocket: join(folder, 'control.sock'),
      procletFolder: join(folder, 'p'),
      recordFolder: join(folder, 'records'),
      outputFolder: join(folder, 'output'),
      appStateFolder: join(folder, 'app-state'),
      warmProclets,
      warmQuietMs: 100,
      random: () => 0,
      sinks: {
        onLog: () => undefined,
        onLoad: () => undefined,
        onSpans: () => undefined,
        onProblem: () => undefined,
        onEvent: ({ kind, message }) => {
          if (kind === 'warm-proclet-failed') throw new Error(message);
        },
      },
    });
    const bench = new ReplicaBench(host, bundle);
    const serving = [0, 1].map((index) => bench.#until(index, ({ state }) => state === 'serving'));
    host.setDesired(bench.#replicas(2));
    for (const one of serving) await one;
    await sleep(REFILL_MS);
    return bench;
  }

  async start(): Promise<number> {
    const before = performance.now();
    this.#host.setDesired(this.#replicas(3));
    await this.#until(2, ({ state }) => state === 'serving');
    return performance.now() - before;
  }

  async replace(): Promise<number> {
    const { pid, generation } = await this.#until(2, ({ state }) => state === 'serving');
    const before = performance.now();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await this.#until(2, (replica) => replica.generation > generation && replica.state === 'serving');
    return performance.now() - before;
  }

  async stop(): Promise<void> {
    this.#host.setDesired(this.#replicas(2));
    while (this.#host.observed().length > 2) await sleep(10);
  }

  close(): Promise<void> {
    return this.#host.close({ stopProclets: true });
  }

  #until(index: number, holds: (replica: ObservedReplica) => boolean): Promise<ObservedReplica> {
    return new Promise((resolve) => {
      const look = () => {
        const found = this.#host.observed().find(({ replica }) => replica === `${COMPONENT}-${index}`);
        if (found === undefined || !holds(found)) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  #replicas(count: number): ReplicaSpec[] {
    return Array.from({ length: count }, (_, index) => ({
      app: 'boutique',
      version: 'bench',
      group: COMPONENT,
      replica: `${COMPONENT}-${index}`,
      bundle: this.#bundle,
      hosting: {
        components: [{ name: COMPONENT, config: {}, implementation: undefined }],
        main: false,
        mainConfig: {},
        defaultTimeoutMs: 10_000,
      },
      env: {},
      memoryMiB: undefined,
      graceMs: 1000,
    }));
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
