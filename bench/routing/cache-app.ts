import { component, run } from 'weaverd';
import { Zipf } from './zipf.js';

const QUICK = process.env.BENCH_QUICK === '1';
const KEYS = 100_000;
/** Of each replica; four of them hold 4 % of the keys when none is in two. */
const CACHED = 1000;
const SOURCE_MS = 5;
const IN_FLIGHT = 16;
const WARM_UP_CALLS = QUICK ? 20_000 : 60_000;
const CALLS = QUICK ? 20_000 : 60_000;
const ROUNDS = QUICK ? 3 : 5;

/** Least recently used goes first. */
class Cache {
  readonly #entries = new Map<string, string>();

  get(key: string): string | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: string, value: string): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= CACHED) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

/** A disk, or a database on another machine. */
async function fromSource(key: string): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, SOURCE_MS));
  return `page ${key}`;
}

export interface Page {
  readonly text: string;
  readonly hit: boolean;
}

async function readThrough(cache: Cache, key: string): Promise<Page> {
  const cached = cache.get(key);
  if (cached !== undefined) return { text: cached, hit: true };
  const text = await fromSource(key);
  cache.set(key, text);
  return { text, hit: false };
}

export class Routed {
  readonly #cache = new Cache();

  async page(key: string): Promise<Page> {
    return readThrough(this.#cache, key);
  }
}

export class Unrouted {
  readonly #cache = new Cache();

  async page(key: string): Promise<Page> {
    return readThrough(this.#cache, key);
  }
}

component(Routed, { routing: { page: (key) => key } });
component(Unrouted);

interface Pages {
  page(key: string): Promise<Page>;
}

/** Of one round and one component. */
export interface CacheReport {
  readonly hitRate: number;
  /** Milliseconds. */
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

await run(async (app) => {
  const zipf = new Zipf(KEYS, 0.99);
  const systems: readonly [string, Pages][] = [
    ['routed', app.get(Routed)],
    ['unrouted', app.get(Unrouted)],
  ];
  for (const [, pages] of systems) await measured(pages, zipf, WARM_UP_CALLS);
  const reports: Record<string, CacheReport>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const inTurn = round % 2 === 0 ? systems : [...systems].reverse();
    const report: Record<string, CacheReport> = {};
    for (const [name, pages] of inTurn) report[name] = await measured(pages, zipf, CALLS);
    reports.push(report);
  }
  process.stdout.write(`${JSON.stringify(reports)}\n`);
});

async function measured(pages: Pages, zipf: Zipf, calls: number): Promise<CacheReport> {
  const latencies: number[] = [];
  let hits = 0;
  let begun = 0;
  const caller = async () => {
    while (begun++ < calls) {
      const key = `page-${zipf.rankAt(Math.random())}`;
      const before = performance.now();
      const { hit } = await pages.page(key);
      latencies.push(performance.now() - before);
      if (hit) hits++;
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  latencies.sort((a, b) => a - b);
  const quantile = (q: number) => latencies[Math.floor(latencies.length * q)] ?? 0;
  return {
    hitRate: hits / latencies.length,
    mean: latencies.reduce((sum, each) => sum + each, 0) / latencies.length,
    p50: quantile(0.5),
    p99: quantile(0.99),
  };
}
