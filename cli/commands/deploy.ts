import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { coloursFor } from '../output/colours.js';
import { CliError, isDaemonGone } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import { Progress } from '../output/progress.js';
import { formatListeners } from '../output/replica-table.js';
import { awaitDeployment, describeWaiting } from '../session/await-deployment.js';
import { buildProgram, describeBuild } from '../session/build-program.js';
import { deployArtifact } from '../session/deploy-artifact.js';
import { withDaemon } from '../session/with-daemon.js';
import {
  ALLOW_INCOMPATIBLE_STATE,
  APP_ARGUMENT,
  addDaemonOptions,
  type DaemonOptions,
  durationOption,
  examples,
} from './options.js';

/** As many as the daemon takes for a crash loop: it goes on trying, so this command may be patient. */
const START_ATTEMPTS = 5;

interface DeployOptions extends DaemonOptions {
  readonly wait: boolean;
  readonly timeout: number;
  readonly allowIncompatibleState?: true;
}

export function addDeploy(program: Command, cli: CliEnvironment): void {
  addDaemonOptions(
    program
      .command('deploy')
      .summary('build an app and deploy it to the daemon')
      .description(
        'Builds an app, uploads it unless the daemon has that version already, makes it the one that is wanted, and waits until it serves.',
      )
      .argument('[app]', APP_ARGUMENT),
  )
    .option('--no-wait', 'do not wait until it serves')
    .option('--timeout <duration>', 'how long to wait', durationOption, 120_000)
    .option('--allow-incompatible-state', ALLOW_INCOMPATIBLE_STATE)
    .addHelpText(
      'after',
      examples('deploy', 'deploy examples/boutique --timeout 5m', 'deploy staging.toml --no-wait'),
    )
    .action(async (app: string | undefined, options: DeployOptions) => {
      const progress = new Progress(cli.stderr);
      const json = options.json === true;
      await withDaemon(cli, options, async (client) => {
        await client.status(); // says at once that there is none, not after a build
        const built = await buildProgram(cli, { app, json, progress });
        const { name } = built.app;
        const { version } = built.description;
        if (!json) cli.stderr.write(`${describeBuild(built)}\n`);
        const reply = await deployArtifact(
          client,
          {
            version,
            folder: built.folder,
            manifest: built.manifest,
            stateCheck: options.allowIncompatibleState === true ? 'none' : 'both-ways',
          },
          (file) => progress.update(`uploading ${file} …`),
        );
        progress.clear();
        for (const warning of reply.warnings ?? []) if (!json) cli.stderr.write(`warning: ${warning}\n`);
        if (!options.wait) {
          if (json) writeJson(cli.stdout, { ...reply, outcome: 'not awaited' });
          else cli.stdout.write(`deployed ${name} ${version}\n`);
          return;
        }
        const outcome = await awaitDeployment(client, cli, {
          app: name,
          version,
          timeoutMs: options.timeout,
          policy: { startAttempts: START_ATTEMPTS },
          observe: (_status, seen) => {
            if (seen.kind === 'waiting') progress.update(describeWaiting(name, seen));
          },
        }).catch((reason: unknown) => {
          if (!isDaemonGone(reason)) throw reason;
          throw new CliError(
            EXIT.noDaemon,
            `the daemon on ${client.stateFolder} went away while ${name} ${version} was starting`,
            {
              mend: `it has accepted the deployment and goes on with it: \`weaverd start\`, then see \`weaverd status ${name}\``,
              cause: reason,
            },
          );
        });
        progress.clear();
        if (outcome.kind === 'failed') {
          const { replica, reason } = outcome;
          throw new CliError(
            EXIT.unhealthy,
            `${name} ${version} failed${replica === undefined ? '' : ` in ${replica}`}: ${reason}`,
            // Without a replica it is nothing that the app could have logged, and the reason has its mend.
            replica === undefined
              ? {}
              : { mend: `see \`weaverd logs ${name} --level error\` and \`weaverd status ${name}\`` },
          );
        }
        if (outcome.kind === 'timed-out')
          throw new CliError(
            EXIT.unhealthy,
            `${name} ${version} did not serve in time; still waiting for ${outcome.for.join(', ')}`,
            { mend: `it may yet: see \`weaverd status ${name}\`, or wait longer with --timeout` },
          );
        const status = await client.app(name);
        if (json)
          return writeJson(cli.stdout, { ...reply, outcome: outcome.kind, listeners: status.listeners });
        const same = reply.unchanged ? ' (it was deployed already)' : '';
        cli.stdout.write(`${name} ${version} is ${outcome.kind}${same}\n`);
        if (status.listeners.length > 0)
          cli.stdout.write(`${formatListeners(status, coloursFor(cli.stdout, cli.env)).join('\n')}\n`);
      });
    });
}
