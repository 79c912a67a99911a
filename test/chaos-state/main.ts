// `npm run test:chaos-state -- [round...] [--seed n] [--times n] [--only "name of a fault"]...`

import { parseArgs } from 'node:util';
import { describeReport } from './report.js';
import { ROUNDS } from './rounds.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    times: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
const options = {
  seed,
  ...(values.times === undefined ? {} : { times: Number(values.times) }),
  ...(values.only === undefined ? {} : { only: values.only }),
};

for (const name of positionals.length > 0 ? positionals : Object.keys(ROUNDS)) {
  const play = ROUNDS[name];
  if (play === undefined) throw new Error(`no round ${name}; there are: ${Object.keys(ROUNDS).join(', ')}`);
  console.log(`chaos-state: ${name}; again with: npm run test:chaos-state -- ${name} --seed ${seed}`);
  const report = await play(options);
  console.log(describeReport(report));
  for (const problem of report.problems) console.log(problem);
  if (report.problems.length > 0) process.exitCode = 1;
}
