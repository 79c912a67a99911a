import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Latencies, LoadReport } from './load/recorder.js';
import { type LoadOptions, runLoad } from './load/run-load.js';

export type { Latencies, LoadOptions, LoadReport };
export { runLoad };

const USAGE = `npx tsx examples/boutique/load.ts [options]
  --url <url>        where the shop is (http://127.0.0.1:8080)
  --rate <n>         open loop: n requests a second
  --users <n>        closed loop: n visitors, each waiting for the answer (10)
  --duration <s>     seconds to measure (10)
  --warm-up <s>      seconds before, not measured (0)
  --timeout <ms>     of a request (10000)
  --seed <n>         makes the same choices again (1)
  --json             prints the report as one line of JSON`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      rate: { type: 'string' },
      users: { type: 'string' },
      duration: { type: 'string' },
      'warm-up': { type: 'string' },
      timeout: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const number = (given: string | undefined) => (given === undefined ? undefined : Number(given));
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const report = await runLoad({
    url: values.url,
    rate: number(values.rate),
    users: number(values.users),
    duration: number(values.duration),
    warmUp: number(values['warm-up']),
    timeout: number(values.timeout),
    seed: number(values.seed),
    signal: interrupted.signal,
  });
  console.log(values.json ? JSON.stringify(report) : describeReport(report));
  if (report.failed > 0) process.exitCode = 1;
}

export function describeReport({
  actions,
  examples,
  failed,
  failures,
  latency,
  ...report
}: LoadReport): string {
  const row = (name: string, requests: number, { max, p50, p95, p99 }: Latencies) =>
    [
      name.padEnd(16),
      String(requests).padStart(9),
      ...[p50, p95, p99, max].map((ms) => ms.toFixed(1).padStart(9)),
    ].join(' ');
  return [
    `${report.requests} requests in ${report.seconds.toFixed(1)} s: ${report.requestsPerSecond.toFixed(0)} a second, ${failed} failed`,
    ...Object.entries(failures).map(([kind, count]) => `  ${count} × ${kind} (${examples[kind]})`),
    '',
    'ms                requests       p50       p95       p99       max',
    ...Object.entries(actions).map(([action, each]) => row(action, each.requests, each.latency)),
    row('all', report.requests, latency),
  ].join('\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(USAGE);
    process.exitCode = 2;
  }
}
