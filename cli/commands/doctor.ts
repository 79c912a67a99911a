import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { ReportedFailure } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { formatFindings } from '../output/findings.js';
import { writeJson } from '../output/json.js';
import { Progress } from '../output/progress.js';
import { withDaemon } from '../session/with-daemon.js';
import { addDaemonOptions, type DaemonOptions, examples } from './options.js';

export function addDoctor(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('doctor')
      .summary('look for what is wrong, on all hosts')
      .description(
        'Examines all hosts of the cluster: NATS and its streams, clocks, ports, open files, disks, secrets; and says how to mend what is wrong. The exit code is 1 when something is; notes are not counted.',
      ),
  )
    .addHelpText('after', examples('doctor', 'doctor --json'))
    .action((options: DaemonOptions) =>
      withDaemon(cli, options, async (client) => {
        const progress = new Progress(cli.stderr);
        if (cli.stderr.isTTY) progress.update('examining …');
        const report = await client.doctor().finally(() => progress.clear());
        if (options.json === true) writeJson(cli.stdout, report);
        else cli.stdout.write(`${formatFindings(report, coloursFor(cli.stdout, cli.env)).join('\n')}\n`);
        if (!report.ok) throw new ReportedFailure(EXIT.failure);
      }),
    );
}
