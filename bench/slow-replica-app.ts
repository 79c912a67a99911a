import { component, run } from 'weaverd';

const WORK_MS = 2;
const SLOWER = 20;
const RATE_PER_SECOND = 400;
const SETTLE_MS = 2000;
const QUICK = process.env.BENCH_QUICK === '1';
const MEASURE_MS = QUICK ? 2000 : 10_000;

/** What takes a while and little CPU: a query to somewhere else. */
export class Lookup {
  readonly #ms = process.env.BENCH_SLOW === '1' ? WORK_MS * SLOWER : WORK_MS;

  async find(key: string): Promise<string> {
    await new Promise((resolve) => setTimeout(resolve, this.#ms));
    return key;
  }
}

component(Lookup);

/** Open loop: calls begin at their times, whatever became of those before. Latency counts from then. */
await run(async (app) => {
  const lookup = app.get(Lookup);
  const latencies: number[] = [];
  const begin = performance.now();
  const running: Promise<void>[] = [];
  const call = async (due: number) => {
    await lookup.find('ann');
    if (due - begin >= SETTLE_MS) latencies.push(performance.now() - due);
  };
  for (let due = begin; due - begin < SETTLE_MS + MEASURE_MS; due += 1000 / RATE_PER_SECOND) {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    running.push(call(due));
  }
  await Promise.all(running);
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(latencies.length * q)];
  process.stdout.write(
    `${JSON.stringify({ p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) })}\n`,
  );
});
