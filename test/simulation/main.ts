import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_HOSTS, historyOf, MAX_HOSTS } from './history.js';
import { describeAction, type Outcome, runHistory } from './run-history.js';
import { shrink } from './shrink.js';

interface Options {
  readonly seeds: number;
  readonly seed: number;
  readonly hosts: number;
  readonly keep?: readonly number[];
  readonly trace: boolean;
  readonly json: boolean;
}

const PROGRESS_MS = 2000;

const program = new Command('simulate')
  .description('Runs the control plane of a whole cluster in one process, with faults that a seed decides.')
  .option('--seeds <n>', 'how many', count, 1000)
  .option('--seed <s>', 'the first', count, 1)
  .option('--hosts <h>', `daemons, at most ${MAX_HOSTS}`, count, DEFAULT_HOSTS)
  .option('--keep <list>', 'of the history of --seed only these actions, such as 0,3,7; "" for none', indexes)
  .option('--trace', 'tell what happens', false)
  .option('--json', 'one JSON object at the end', false)
  .addHelpText(
    'after',
    '\nExamples:\n  npm run simulate -- --seeds 1000\n  npm run simulate -- --seed 17 --keep 0,3 --trace',
  )
  .action(async (options: Options) => {
    if (options.hosts < 1 || options.hosts > MAX_HOSTS)
      throw new RangeError(`--hosts ${options.hosts} is not within 1 and ${MAX_HOSTS}`);
    process.exitCode = options.keep === undefined ? await runSeeds(options) : await replay(options);
  });

async function runSeeds({ seeds, seed: first, hosts, json, trace }: Options): Promise<number> {
  const startedAt = performance.now();
  const converged: number[] = [];
  let [steps, messages, acknowledged, toldAt] = [0, 0, 0, startedAt];
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = await runHistory(historyOf(seed, hosts), { trace: trace ? say : undefined });
    steps += outcome.steps;
    messages += outcome.messages;
    acknowledged += outcome.acknowledged;
    if (outcome.violation !== undefined) return tellFailure(seed, hosts, outcome, json);
    if (outcome.convergedAfter !== undefined) converged.push(outcome.convergedAfter);
    if (json || performance.now() - toldAt < PROGRESS_MS) continue;
    toldAt = performance.now();
    say(`${seed - first + 1} of ${seeds} seeds, ${Math.round((toldAt - startedAt) / 1000)} s`);
  }
  converged.sort((a, b) => a - b);
  const totals = {
    seeds,
    first,
    hosts,
    steps,
    messages,
    acknowledged,
    msPerSeed: Math.round((performance.now() - startedAt) / seeds),
    convergedAfterMs: { p50: converged[seeds >> 1] ?? 0, max: converged.at(-1) ?? 0 },
  };
  if (json) say(JSON.stringify({ ok: true, ...totals }));
  else
    say(
      `${seeds} seeds from ${first} with ${hosts} hosts hold: ${steps} steps, ${messages} messages, ${acknowledged} changes acknowledged; converged within ${totals.convergedAfterMs.max} ms (half within ${totals.convergedAfterMs.p50} ms); ${totals.msPerSeed} ms a seed`,
    );
  return 0;
}

async function tellFailure(
  seed: number,
  hosts: number,
  { violation }: Outcome,
  json: boolean,
): Promise<number> {
  if (violation === undefined) return 0;
  if (!json) say(`seed ${seed}: ${violation.invariant}: ${violation.message}\nlooking for a shorter history`);
  const { history, kept, violation: found } = await shrink(historyOf(seed, hosts), violation);
  const command = `npm run simulate -- --seed ${seed} --hosts ${hosts} --keep "${kept.join(',')}"`;
  const actions = history.actions.map(describeAction);
  if (json) say(JSON.stringify({ ok: false, seed, hosts, ...found, actions, replay: command }));
  else
    say(
      [
        `${found.invariant} at ${found.at} ms: ${found.message}`,
        ...actions,
        `again: ${command} --trace`,
      ].join('\n'),
    );
  return 1;
}

async function replay({ seed, hosts, keep, json, trace }: Options): Promise<number> {
  const history = historyOf(seed, hosts);
  const actions = history.actions.filter((_, index) => keep?.includes(index));
  const { violation, ...outcome } = await runHistory(
    { ...history, actions },
    {
      trace: trace ? say : undefined,
    },
  );
  if (json) say(JSON.stringify({ ok: violation === undefined, seed, hosts, ...outcome, violation }));
  else if (violation === undefined) say(`seed ${seed} holds with the actions ${keep?.join(',') || 'none'}`);
  else say(`seed ${seed}: ${violation.invariant} at ${violation.at} ms: ${violation.message}`);
  return violation === undefined ? 0 : 1;
}

function count(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('it is not a whole number');
  return number;
}

function indexes(text: string): readonly number[] {
  return text === '' ? [] : text.split(',').map(count);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await program.parseAsync();
