import { type Command, Option } from 'commander';
import type { CliEnvironment } from '../environment.js';
import { writeJson } from '../output/json.js';
import { Progress } from '../output/progress.js';
import { examples, type JsonOption } from './options.js';

export function addConfig(program: Command, cli: CliEnvironment): void {
  const config = program
    .command('config')
    .summary('check configuration files')
    .description(
      'Checks weaver.toml (of an app) and weaverd.toml (of the daemon), and prints their JSON Schemas.',
    );
  config
    .command('check')
    .summary('check weaver.toml and weaverd.toml')
    .description(
      "Checks an app's manifest and the daemon's configuration: syntax, keys and values, then, by building the app, the names of components and listeners. Reports all that is wrong.",
    )
    .argument('[app]', "the app's folder, its weaver.toml or its entry file; the current folder by default")
    .option(
      '--config <file>',
      'a weaverd.toml, checked alone unless an app is named (default: the one that `weaverd start` reads)',
    )
    .option('--no-build', 'do not build the app, and leave its names unchecked')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'config check',
        'config check examples/boutique',
        'config check --config weaverd.toml --no-build',
      ),
    )
    .action((app: string | undefined, options: JsonOption & { config?: string; build: boolean }) =>
      checkConfig(cli, app, options),
    );
  config
    .command('schema')
    .summary('print a JSON Schema, for editors')
    .description('Prints the JSON Schema of weaver.toml or weaverd.toml.')
    .addOption(
      new Option('--of <file>', 'which file').choices(['weaver.toml', 'weaverd.toml']).default('weaver.toml'),
    )
    .addHelpText('after', examples('config schema > weaver.schema.json', 'config schema --of weaverd.toml'))
    .action(async ({ of }: { of: 'weaver.toml' | 'weaverd.toml' }) => {
      const { jsonSchemas } = await import('../../config/json-schemas.js');
      const wanted = of.replace('.toml', '.schema.json');
      cli.stdout.write(jsonSchemas().find(({ file }) => file === wanted)?.text ?? '');
    });
}

async function checkConfig(
  cli: CliEnvironment,
  app: string | undefined,
  options: JsonOption & { readonly config?: string; readonly build: boolean },
): Promise<void> {
  const [{ loadDaemonConfig }, { loadApp }, { ConfigError, isConfigError }] = await Promise.all([
    import('../../config/daemon-config.js'),
    import('../../config/load-app-manifest.js'),
    import('../../config/config-problem.js'),
  ]);
  const { cwd, env, userId } = cli;
  const daemon = loadDaemonConfig({ file: options.config, stateFolder: undefined, env, cwd, userId });
  // With `--config` alone it is the daemon that is asked about, as on a host without any app's source.
  const wantsApp = app !== undefined || options.config === undefined;
  const settled = await Promise.allSettled([daemon, wantsApp ? loadApp(app, cwd) : undefined] as const);
  const problems = settled.flatMap((each) => {
    if (each.status === 'fulfilled') return [];
    if (isConfigError(each.reason)) return each.reason.problems;
    throw each.reason;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  const checked = [{ kind: 'daemon', file: (await daemon).file }];
  if (wantsApp) {
    const { source } = await loadApp(app, cwd);
    checked.unshift({ kind: 'app', file: source?.file });
    if (options.build) {
      const { buildProgram } = await import('../session/build-program.js');
      await buildProgram(cli, { app, json: options.json === true, progress: new Progress(cli.stderr) });
    }
  }
  if (options.json === true) return writeJson(cli.stdout, { valid: true, files: checked });
  for (const { kind, file } of checked) {
    const name = kind === 'app' ? 'weaver.toml' : 'weaverd.toml';
    cli.stdout.write(file === undefined ? `no ${name}: the defaults hold\n` : `${file}: valid\n`);
  }
}
