import { Command } from 'commander';
import { boutique } from './boutique.js';
import { codec } from './codec.js';
import { compression } from './compression.js';
import { dispersed } from './dispersed.js';
import { failover } from './failover.js';
import { kv } from './kv.js';
import { local } from './local.js';
import { overload } from './overload.js';
import type { Bench, BenchOptions } from './report.js';
import { verdict } from './results/aims.js';
import { routing } from './routing.js';
import { rpc } from './rpc.js';
import { scale } from './scale.js';
import { slowReplica } from './slow-replica.js';
import { soak } from './soak.js';
import { start } from './start.js';
import { stream } from './stream.js';

const BENCHES: readonly Bench[] = [
  codec,
  rpc,
  dispersed,
  local,
  stream,
  compression,
  overload,
  slowReplica,
  scale,
  routing,
  failover,
  start,
  boutique,
  kv,
  soak,
];

const program = new Command('bench')
  .description('Measures weaverd beside what a user would pick instead. Without a name: lists the benches.')
  .argument('[name]', 'a bench, or "all" (without those that are run apart)')
  .option('--json', 'one JSON object per result line, the ratios last', false)
  .option('--quick', 'fewer and shorter rounds', false)
  .addHelpText('after', '\nExamples:\n  npm run bench\n  npm run bench -- start --json --quick')
  .action(async (name: string | undefined, options: BenchOptions) => {
    if (name === undefined) {
      for (const bench of BENCHES)
        process.stdout.write(
          `${bench.name.padEnd(12)} ${bench.summary}${bench.isApart === true ? ' (apart from "all")' : ''}\n`,
        );
      return;
    }
    const chosen = BENCHES.filter(
      (bench) => bench.name === name || (name === 'all' && bench.isApart !== true),
    );
    if (chosen.length === 0) {
      throw new Error(
        `There is no bench ${name}. There are: ${BENCHES.map((bench) => bench.name).join(', ')}, all.`,
      );
    }
    for (const bench of chosen) await print(bench, options);
  });

async function print(bench: Bench, options: BenchOptions): Promise<void> {
  const results = bench.run(options);
  for (;;) {
    const next = await results.next();
    if (next.done === true) {
      if (options.json)
        process.stdout.write(`${JSON.stringify({ bench: bench.name, ratios: next.value })}\n`);
      else
        for (const [ratio, value] of Object.entries(next.value))
          process.stdout.write(`${ratio.padEnd(40)} ${String(value).padEnd(10)} ${verdict(ratio, value)}\n`);
      return;
    }
    const line = next.value;
    process.stdout.write(
      options.json
        ? `${JSON.stringify(line)}\n`
        : `${line.bench.padEnd(10)} ${line.case.padEnd(28)} ${line.system.padEnd(24)} ${String(line.value).padStart(10)} ${line.unit.padEnd(8)} ±${Math.round(line.spread * 100)} % of ${line.rounds}\n`,
    );
  }
}

program.parseAsync().catch((reason: unknown) => {
  process.stderr.write(`${reason instanceof Error ? reason.message : String(reason)}\n`);
  process.exitCode = 1;
});
