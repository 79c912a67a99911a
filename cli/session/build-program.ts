import { basename, join, relative } from 'node:path';
import type { BuiltApp } from '../../compiler/build.js';
import type { AppManifest } from '../../config/app-manifest.js';
import type { LoadedApp } from '../../config/load-app-manifest.js';
import { nearestName } from '../../config/nearest-name.js';
import type { ManifestOverrides } from '../../config/override-manifest.js';
import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type { CliEnvironment } from '../environment.js';
import { wantsColour } from '../output/colours.js';
import { CliError, ReportedFailure } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { writeJson } from '../output/json.js';
import type { Progress } from '../output/progress.js';
import { formatLatency, plural } from '../output/quantities.js';

export interface BuiltProgram {
  readonly app: LoadedApp;
  /** With the command line's overrides. */
  readonly manifest: AppManifest;
  readonly description: AppDescription;
  /** Of the artifact. */
  readonly folder: string;
  readonly tookMs: number;
  readonly result: BuiltApp;
}

export interface BuildRequest {
  readonly app: string | undefined;
  /** Relative to the working directory; `<app folder>/.weaver/build` by default. */
  readonly out?: string | undefined;
  readonly overrides?: ManifestOverrides | undefined;
  readonly json: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Loads, builds and checks an app. Warnings and errors of the program go to stderr, all of them; under `--json` the
 * failure is the result.
 */
export async function buildProgram(cli: CliEnvironment, request: BuildRequest): Promise<BuiltProgram> {
  const { loadApp } = await import('../../config/load-app-manifest.js');
  const app = await loadApp(request.app, cli.cwd);
  request.progress.update(`building ${app.name} …`);
  const startedAt = cli.now();
  const [{ buildApp }, { formatDiagnostic }] = await Promise.all([
    import('../../compiler/build.js'),
    import('../../compiler/diagnostic.js'),
  ]);
  const { tsconfig } = app.manifest.build;
  const outcome = await buildApp({
    entry: app.entry,
    app: app.name,
    folder: app.folder,
    outFolder: request.out === undefined ? join(app.folder, '.weaver', 'build') : join(cli.cwd, request.out),
    ...(tsconfig === undefined ? {} : { tsconfig: join(app.folder, tsconfig) }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  request.progress.clear();
  const diagnostics = outcome.kind === 'built' ? outcome.warnings : outcome.diagnostics;
  const colour = wantsColour(cli.stderr.isTTY, cli.env);
  if (!request.json || outcome.kind === 'built')
    for (const diagnostic of diagnostics) cli.stderr.write(`${formatDiagnostic(diagnostic, { colour })}\n`);
  if (outcome.kind === 'failed') {
    if (request.json) {
      writeJson(cli.stdout, outcome);
      throw new ReportedFailure(EXIT.buildFailed);
    }
    throw new CliError(
      EXIT.buildFailed,
      `${app.name} was not built: ${plural(diagnostics.length, 'problem')}`,
    );
  }
  const manifest = await checkedManifest(app, outcome.description, request.overrides);
  return {
    app,
    manifest,
    description: outcome.description,
    folder: outcome.folder,
    tookMs: cli.now() - startedAt,
    result: outcome,
  };
}

async function checkedManifest(
  app: LoadedApp,
  description: AppDescription,
  overrides: ManifestOverrides | undefined,
): Promise<AppManifest> {
  const [{ checkNames }, { overrideManifest }, { ConfigError }] = await Promise.all([
    import('../../config/check-names.js'),
    import('../../config/override-manifest.js'),
    import('../../config/config-problem.js'),
  ]);
  checkPorts(app.name, overrides?.ports ?? {}, description);
  const manifest = overrides === undefined ? app.manifest : overrideManifest(app.manifest, overrides);
  const problems = checkNames(manifest, description, app.source);
  if (problems.length > 0) throw new ConfigError(problems);
  return manifest;
}

/** A port of a listener that the app does not have is the command line's mistake, not the manifest's. */
export function checkPorts(
  app: string,
  ports: ManifestOverrides['ports'],
  description: Pick<AppDescription, 'listeners'>,
): void {
  const known = [...new Set(description.listeners.map(({ name }) => name))];
  const unknown = Object.entries(ports).find(([name]) => !known.includes(name));
  if (unknown === undefined) return;
  const [name, port] = unknown;
  const nearest = nearestName(name, known);
  const all = known.length === 0 ? `${app} has no listeners` : `the listeners of ${app}: ${known.join(', ')}`;
  throw new CliError(EXIT.usage, `--port ${name}=${port}: ${app} has no listener \`${name}\``, {
    mend: nearest === undefined ? all : `did you mean \`--port ${nearest}=${port}\`?`,
  });
}

/** `built boutique 0123456789abcdef: 11 components in 1.24s`. */
export function describeBuild({ app, description, tookMs }: BuiltProgram): string {
  const { version, components } = description;
  return `built ${app.name} ${version}: ${plural(components.length, 'component')} in ${formatLatency(tookMs)}`;
}

/** As a reader would type it. */
export function shortPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' ? basename(path) : short.startsWith('../..') ? path : short;
}
