import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadReport, runLoad } from '../examples/boutique/load.js';
import { buildBoutique, type DeployedBoutique, deployBoutique } from './deployed-boutique.js';
import { onceInterrupted, type Running } from './interruption.js';
import { type Point, slope } from './least-squares.js';
import { residentBytes } from './process-usage.js';
import { type Bench, median, type ResultLine, resultLine, rounded } from './report.js';

const SATURATING_USERS = 48;
const SHARE_OF_SATURATION = 0.7;
/** Below the backlog of a listening socket, 511: each may open a connection at once. */
const MAX_IN_FLIGHT = 400;
/** An event loop that is late by more than this has stalled, ms. */
const STALL_MS = 100;
const SAMPLE_EVERY_MS = 1000;
/** Of the time: the memory of its beginning does not count, as heaps grow to their size. */
const WARM_UP_SHARE = 1 / 4;
const PROBE = new URL('./event-loop-probe.mjs', import.meta.url);

/** Mixed load on the boutique, nothing co-located: what drifts. */
export const soak: Bench = {
  name: 'soak',
  summary: 'ten minutes of mixed load at 70 % of saturation: memory slope, p99 drift, event-loop stalls',
  async *run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), 'wq-'));
    const running: Running[] = [];
    const forgetSignals = onceInterrupted(running);
    try {
      const delays = join(folder, 'delays');
      await mkdir(delays);
      const shop = await deployBoutique(await buildBoutique(join(folder, 'built')), join(folder, 's'), {
        colocate: [],
        env: { NODE_OPTIONS: `--import ${PROBE.href}`, EVENT_LOOP_FOLDER: delays },
      });
      running.push(shop);
      const saturation = await saturationOf(shop, quick ? 4 : 20);
      const line = (what: string, unit: string, values: readonly number[]) =>
        resultLine({ bench: 'soak', case: what, system: 'boutique, split', unit }, values);
      yield line('saturation', 'req/s', [saturation]);
      const watched = processesOf(shop);
      const memory = new Memory(watched.map(({ pid }) => pid));
      running.push(memory);
      const before = await stallsOf(delays, watched);
      const windows = await windowsOf(
        shop,
        saturation * SHARE_OF_SATURATION,
        quick ? 12 : 30,
        quick ? 5 : 20,
      );
      await memory.stop();
      yield* latencyLines(windows, line);
      const slopes = yield* memoryLines(watched, memory);
      const after = await stallsOf(delays, watched);
      for (const [name, stalls] of after) {
        const fresh = stalls.slice(before.get(name)?.length ?? 0);
        yield resultLine(
          { bench: 'soak', case: 'event loop late at most', system: name, unit: 'ms' },
          fresh.length === 0 ? [0] : [Math.max(...fresh)],
        );
        yield resultLine(
          { bench: 'soak', case: `stalls above ${STALL_MS} ms`, system: name, unit: 'seconds' },
          [fresh.filter((late) => late > STALL_MS).length],
        );
      }
      return {
        'soak.rss_slope_mb_per_min': rounded(Math.max(...slopes)),
        'soak.p99_drift': rounded(drift(windows.map(({ latency }) => latency.p99))),
      };
    } finally {
      forgetSignals();
      await Promise.all(running.map((each) => each.stop()));
      await rm(folder, { recursive: true, force: true });
    }
  },
};

type Line = (what: string, unit: string, values: readonly number[]) => ResultLine;

interface Watched {
  readonly name: string;
  readonly pid: number;
}

function processesOf({ daemonPid, ingressPid, proclets }: DeployedBoutique): readonly Watched[] {
  return [
    ...proclets.map(({ group, pid }) => ({ name: group, pid })),
    { name: 'daemon', pid: daemonPid },
    { name: 'ingress', pid: ingressPid },
  ];
}

/** Requests a second that it answers to visitors who do not pause. */
async function saturationOf({ socketPath }: DeployedBoutique, seconds: number): Promise<number> {
  const report = await runLoad({ socketPath, users: SATURATING_USERS, warmUp: seconds, duration: seconds });
  return report.requestsPerSecond;
}

async function windowsOf(
  { socketPath }: DeployedBoutique,
  rate: number,
  count: number,
  seconds: number,
): Promise<readonly LoadReport[]> {
  const windows: LoadReport[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const report = await runLoad({ socketPath, rate, duration: seconds, seed, maxInFlight: MAX_IN_FLIGHT });
    windows.push(report);
    if (report.failed > 0)
      process.stderr.write(
        `soak: ${report.failed} of ${report.requests} requests failed: ${JSON.stringify(report.examples)}\n`,
      );
  }
  return windows;
}

function* latencyLines(windows: readonly LoadReport[], line: Line): Generator<ResultLine> {
  const of = (pick: (report: LoadReport) => number) => windows.map(pick);
  yield line(
    'rate',
    'req/s',
    of(({ requestsPerSecond }) => requestsPerSecond),
  );
  yield line(
    'p50',
    'ms',
    of(({ latency }) => latency.p50),
  );
  yield line(
    'p99',
    'ms',
    of(({ latency }) => latency.p99),
  );
  yield line('failed', 'requests', [of(({ failed }) => failed).reduce((sum, each) => sum + each, 0)]);
}

/** Returns the slopes, MB a minute. */
function* memoryLines(watched: readonly Watched[], memory: Memory): Generator<ResultLine, readonly number[]> {
  const slopes: number[] = [];
  for (const { name, pid } of watched) {
    const points = memory.pointsOf(pid);
    const perMinute = slope(points);
    slopes.push(perMinute);
    const where = { bench: 'soak', system: name };
    yield resultLine(
      { ...where, case: 'memory', unit: 'MB' },
      points.map(({ y }) => y),
    );
    yield resultLine({ ...where, case: 'memory slope', unit: 'MB/min' }, [perMinute]);
  }
  return slopes;
}

/** Samples the resident memory of processes. */
class Memory implements Running {
  readonly #points: ReadonlyMap<number, Point[]>;
  readonly #timer: NodeJS.Timeout;

  constructor(pids: readonly number[]) {
    this.#points = new Map(pids.map((pid) => [pid, []]));
    const startedAt = performance.now();
    this.#timer = setInterval(() => {
      const x = (performance.now() - startedAt) / 60_000;
      for (const [pid, points] of this.#points) points.push({ x, y: residentBytes(pid) / 1e6 });
    }, SAMPLE_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  /** After the warm-up: minutes and MB. */
  pointsOf(pid: number): readonly Point[] {
    const points = this.#points.get(pid) ?? [];
    return points.slice(Math.floor(points.length * WARM_UP_SHARE));
  }
}

/** For each process with a probe, by how much its event loop was late in each second so far, ms. */
async function stallsOf(
  folder: string,
  watched: readonly Watched[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const stalls = new Map<string, readonly number[]>();
  for (const { name, pid } of watched) {
    if (name === 'daemon' || name === 'ingress') continue;
    const lines = await readFile(join(folder, `${pid}.log`), 'utf8');
    stalls.set(name, lines.split('\n').filter(Boolean).map(Number));
  }
  return stalls;
}

/** The median of the last third through that of the first. */
function drift(values: readonly number[]): number {
  const third = Math.floor(values.length / 3);
  return median(values.slice(-third)) / median(values.slice(0, third));
}
