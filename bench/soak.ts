import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadReport, runLoad } from '../examples/boutique/load.js';
import { buildBoutique, type DeployedBoutique, deployBoutique } from './deployed-boutique.js';
import { MemoryGrowth, type WatchedProcess } from './memory-growth.js';
import { ProcessProbe } from './process-probe.js';
import { type Bench, median, type ResultLine, resultLine, rounded } from './report.js';

const SATURATING_USERS = 48;
const SHARE_OF_SATURATION = 0.7;
/** Below the backlog of a listening socket, 511: each may open a connection at once. */
const MAX_IN_FLIGHT = 400;
/** An event loop that is late by more than this has stalled, ms. */
const STALL_MS = 100;

/** Mixed load on the boutique, nothing co-located: what drifts. */
export const soak: Bench = {
  name: 'soak',
  summary: 'ten minutes of mixed load at 70 % of saturation: memory slope, p99 drift, event-loop stalls',
  async *run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), 'wq-'));
    const probeFolder = join(folder, 'probe');
    await mkdir(probeFolder);
    const probe = new ProcessProbe(probeFolder);
    const built = await buildBoutique(join(folder, 'built'));
    const shop = await deployBoutique(built, join(folder, 's'), { colocate: [], env: probe.env });
    try {
      const saturation = await saturationOf(shop, quick ? 4 : 20);
      const line = (what: string, unit: string, values: readonly number[]) =>
        resultLine({ bench: 'soak', case: what, system: 'boutique, split', unit }, values);
      yield line('saturation', 'req/s', [saturation]);
      const watched = processesOf(shop);
      const memory = new MemoryGrowth(watched, probe);
      const before = await stallsOf(probe, watched);
      const windows = await windowsOf(
        shop,
        saturation * SHARE_OF_SATURATION,
        quick ? 12 : 30,
        quick ? 5 : 20,
        memory,
      );
      yield* latencyLines(windows, line);
      const growth = yield* memory.lines('soak');
      const after = await stallsOf(probe, watched);
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
      return { ...growth, 'soak.p99_drift': rounded(drift(windows.map(({ latency }) => latency.p99))) };
    } finally {
      await shop.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

type Line = (what: string, unit: string, values: readonly number[]) => ResultLine;

function processesOf({ daemonPid, ingressPid, proclets }: DeployedBoutique): readonly WatchedProcess[] {
  return [
    ...proclets.map(({ group, pid }) => ({ name: group, pid, probed: true })),
    { name: 'daemon', pid: daemonPid, probed: true },
    { name: 'ingress', pid: ingressPid, probed: false },
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
  memory: MemoryGrowth,
): Promise<readonly LoadReport[]> {
  const windows: LoadReport[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const report = await memory.during(() =>
      runLoad({ socketPath, rate, duration: seconds, seed, maxInFlight: MAX_IN_FLIGHT }),
    );
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

/** For each process with a probe, by how much its event loop was late in each second so far, ms. */
async function stallsOf(
  probe: ProcessProbe,
  watched: readonly WatchedProcess[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const stalls = new Map<string, readonly number[]>();
  for (const { name, pid, probed } of watched) if (probed) stalls.set(name, await probe.lateMs(pid));
  return stalls;
}

/** The median of the last third through that of the first. */
function drift(values: readonly number[]): number {
  const third = Math.floor(values.length / 3);
  return median(values.slice(-third)) / median(values.slice(0, third));
}
