import { type ChildProcess, spawn } from 'node:child_process';
import { callsPerSecond, type Load, type LoadReport, type LoadTarget } from './load.js';
import type { ResultLine } from './report.js';
import { inRounds, lines, ratio } from './rounds.js';
import { heat, type TestBed } from './test-bed.js';

/** 50 µs of polling after each write, in both proclets. */
const LATENCY_MODE = { env: { WEAVERD_BUSY_POLL_MICROS: '50' } };
/** Ends by itself when nobody ends it. */
const BURNING_MS = 120_000;

const p50 = ({ p50Us }: LoadReport) => p50Us;

/** One call in flight with the product's latency mode on: on its own, and beside a process that wants the processor too. */
export async function* latencyMode(
  bed: TestBed,
  { off, raw }: { readonly off: LoadTarget; readonly raw: LoadTarget },
  timed: { readonly warmUpMs: number; readonly measuredMs: number },
  rounds: number,
): AsyncGenerator<ResultLine, Readonly<Record<string, number>>> {
  const echo = await bed.echo({ transport: 'unix', manifest: LATENCY_MODE });
  const on: LoadTarget = { name: `${echo.name}, latency mode`, run: (load) => echo.run(load) };
  await heat([on]);
  const load: Load = { kind: 'closed', operation: 'echo-30', inFlight: 1, ...timed };

  const calm = await inRounds([on, raw], load, rounds);
  yield* lines('rpc', '30 B, 1 in flight, latency mode, p50', 'µs', calm, p50);
  const burner = burn();
  try {
    const contended = await inRounds([on, off], load, rounds);
    yield* lines('rpc', '30 B, 1 in flight, beside a busy process', 'calls/s', contended, callsPerSecond);
    return {
      'busypoll.rpc.30.c1.p50_vs_raw': ratio(calm[0], calm[1], p50),
      'busypoll.contended_vs_off': ratio(contended[0], contended[1], callsPerSecond),
    };
  } finally {
    burner.kill('SIGKILL');
  }
}

function burn(): ChildProcess {
  const script = `const end = Date.now() + ${BURNING_MS}; while (Date.now() < end);`;
  return spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
}
