import type { Command } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { writeJson } from '../output/json.js';
import { Progress } from '../output/progress.js';
import { buildProgram, describeBuild, shortPath } from '../session/build-program.js';
import { APP_ARGUMENT, examples, type JsonOption } from './options.js';

export function addBuild(program: Command, cli: CliEnvironment): void {
  program
    .command('build')
    .summary('check an app and build its artifact')
    .description(
      'Checks an app with the TypeScript compiler, generates its codecs, bundles it, and writes the artifact into a folder that is named by its version. All that is wrong with the program is reported.',
    )
    .argument('[app]', APP_ARGUMENT)
    .option('--out <folder>', 'where the artifact goes (default: <app folder>/.weaver/build)')
    .option('--explain', 'print the interfaces, schemas and the reference graph')
    .option('--json', 'print JSON')
    .addHelpText('after', examples('build', 'build examples/boutique --explain', 'build --out dist --json'))
    .action(async (app: string | undefined, options: JsonOption & { out?: string; explain?: true }) => {
      const json = options.json === true;
      const progress = new Progress(cli.stderr);
      const built = await buildProgram(cli, { app, out: options.out, json, progress });
      if (json) {
        const { description, folder, result } = built;
        const explained =
          options.explain === true
            ? { explanation: (await import('../../compiler/explain.js')).explainJson(result) }
            : {};
        writeJson(cli.stdout, {
          kind: 'built',
          description,
          folder,
          warnings: result.warnings,
          ...explained,
        });
        return;
      }
      if (options.explain === true) {
        const { explain } = await import('../../compiler/explain.js');
        cli.stdout.write(`${explain(built.result).trimEnd()}\n`);
        cli.stderr.write(`${describeBuild(built)}\n`);
        return;
      }
      cli.stdout.write(`${describeBuild(built)}\n  ${shortPath(built.folder, cli.cwd)}\n`);
    });
}
