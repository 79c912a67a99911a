import { realpathSync, statSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { AppShape } from '../sdk/codec/shape.js';
import { type AppDescription, artifactVersion, MAIN } from '../sdk/protocol/app-description.js';
import { type Analysis, analyze } from './analyze.js';
import { writeArtifact } from './artifact.js';
import { type BundleResult, type Bundler, openBundler } from './bundler.js';
import { bindClasses } from './class-bindings.js';
import { avroSchemas } from './codegen/avro-schema.js';
import { generateCompiledApp, generateModule } from './codegen/generate.js';
import { type Diagnostic, sortDiagnostics } from './diagnostic.js';
import { loadProgram, type SourceFileCache } from './program.js';
import { withoutRedundantNames } from './redundant-names.js';
import { BUILT_IN_ERRORS } from './types/built-ins.js';
import { weaverdVersion } from './weaverd-package.js';

export interface BuildOptions {
  /** Absolute path of the module that calls `run`. */
  readonly entry: string;
  /** The app's name. */
  readonly app: string;
  /** Absolute path of the app's folder: places are told relative to it. */
  readonly folder: string;
  /** Where the artifact's folder, named by its version, is written. */
  readonly outFolder: string;
  /** Absolute path; the nearest tsconfig.json above the entry by default. */
  readonly tsconfig?: string | undefined;
  /** Abandons the build between its steps: `buildApp` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Parsed libraries, for several builds in one process. */
  readonly cache?: SourceFileCache | undefined;
}

/** ms */
export interface BuildTimings {
  /** Reading and type-checking the program. */
  readonly check: number;
  /** Reading its components and types. */
  readonly analyze: number;
  readonly bundle: number;
  readonly total: number;
}

export interface BuiltApp {
  readonly kind: 'built';
  readonly description: AppDescription;
  /** The artifact's folder: `outFolder/<version>`. */
  readonly folder: string;
  readonly shape: AppShape;
  /** By component and method. */
  readonly schemas: ReturnType<typeof avroSchemas>;
  /** Components that the function given to `run` obtains; the others' are in the description. */
  readonly mainReferences: readonly string[];
  readonly warnings: readonly Diagnostic[];
  readonly timings: BuildTimings;
}

export type BuildResult = BuiltApp | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

/**
 * Checks the program, generates its codecs, bundles it and writes the artifact. Everything wrong with the program is in
 * the result; rejects only when the file system fails, or with the reason of `signal`.
 */
export async function buildApp(options: BuildOptions): Promise<BuildResult> {
  const missing = missingEntry(options);
  if (missing !== undefined) return { kind: 'failed', diagnostics: [missing] };
  const entry = realpathSync(options.entry);
  const folder = realpathSync(options.folder);
  const { tsconfig } = options;
  const bundler = await openBundler({ entry, folder, tsconfig });
  try {
    return await build({ ...options, entry, folder }, bundler);
  } finally {
    await bundler.close();
  }
}

async function build(options: BuildOptions, bundler: Bundler): Promise<BuildResult> {
  const { folder, app, signal } = options;
  const started = performance.now();
  // esbuild finds the modules in a process of its own while the type checker has this one.
  const draft = bundler.bundle({ codecs: '', sources: new Map() });
  // Lets the request leave before the type checker takes the thread.
  await setImmediate();
  signal?.throwIfAborted();
  const program = loadProgram(options);
  const checked = performance.now();
  const drafted = await draft;
  const analysis = analyze({
    program,
    folder,
    bundled: drafted.kind === 'bundled' ? drafted : undefined,
  });
  const analyzed = performance.now();
  signal?.throwIfAborted();
  const diagnostics = allDiagnostics(analysis, drafted);
  if (diagnostics.length > 0) return { kind: 'failed', diagnostics };

  const bundle = await bundler.bundle({
    codecs: codecsModule(analysis),
    sources: bindClasses(analysis.classes),
  });
  signal?.throwIfAborted();
  if (bundle.kind === 'failed') return { kind: 'failed', diagnostics: sortDiagnostics(bundle.diagnostics) };
  const code = withoutRedundantNames(bundle.code);
  const unversioned = describe(app, analysis);
  const version = artifactVersion(Buffer.from(code), unversioned);
  const description: AppDescription = { ...unversioned, version };
  const schemas = avroSchemas(analysis.shape);
  const written = await writeArtifact(options.outFolder, version, {
    bundle: code,
    sourceMap: bundle.map,
    description: json(description),
    schemas: json(schemas),
  });
  const done = performance.now();
  return {
    kind: 'built',
    description,
    folder: written,
    shape: analysis.shape,
    schemas,
    mainReferences: analysis.graph.references.get(MAIN) ?? [],
    warnings: sortDiagnostics([...analysis.warnings, ...bundle.warnings]),
    timings: {
      check: checked - started,
      analyze: analyzed - checked,
      bundle: done - analyzed,
      total: done - started,
    },
  };
}

function missingEntry({ entry, folder }: BuildOptions): Diagnostic | undefined {
  const complain = (message: string, mend: string): Diagnostic => ({
    code: 'ENTRY_NOT_FOUND',
    file: relative(folder, entry).split(sep).join('/'),
    line: 1,
    column: 1,
    message,
    path: '',
    mend,
  });
  if (statSync(entry, { throwIfNoEntry: false })?.isFile() !== true)
    return complain(
      'the entry of the app is not there',
      'create it, or name another in weaver.toml: entry = "src/main.ts"',
    );
  if (!/(?<!\.d)\.[cm]?[jt]sx?$/.test(entry))
    return complain(
      'the entry of the app is not a TypeScript module',
      'name a .ts file in weaver.toml: entry = "src/main.ts"',
    );
  return undefined;
}

/** What the bundler finds wrong on a line that the type checker complains of is the same thing in other words. */
function allDiagnostics({ diagnostics }: Analysis, draft: BundleResult): readonly Diagnostic[] {
  if (draft.kind === 'bundled') return diagnostics;
  const line = (diagnostic: Diagnostic): string => `${diagnostic.file}:${diagnostic.line}`;
  const known = new Set(diagnostics.map(line));
  return sortDiagnostics([
    ...diagnostics,
    ...draft.diagnostics.filter((diagnostic) => !known.has(line(diagnostic))),
  ]);
}

/** Registers the codecs, binds the errors of the language that travel as values, and tells what code does not do. */
function codecsModule({ shape, states, notReadingCall }: Analysis): string {
  const classIds = [...shape.definitions.values(), ...states.definitions.values()].map((definition) =>
    definition.kind === 'error' ? definition.classId : undefined,
  );
  const builtIns = BUILT_IN_ERRORS.filter((name) => classIds.includes(name));
  const bound = builtIns.map((name) => `runtime.bindClass(${JSON.stringify(name)}, ${name});\n`);
  const unread = `runtime.declareCallUnread(${JSON.stringify(notReadingCall)});\n`;
  return [generateModule(shape), ...registeredStates(states), ...bound, unread].join('');
}

/** Nothing for an app that stores nothing. */
function registeredStates(states: AppShape): readonly string[] {
  if (states.components.length === 0) return [];
  const app = generateCompiledApp(states, 'avro');
  return [`runtime.registerStates({ app: ${app}, schemas: ${JSON.stringify(stateSchemas(states))} });\n`];
}

/** Avro schemas as text, by component and state. */
function stateSchemas(states: AppShape): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return Object.fromEntries(
    Object.entries(avroSchemas(states)).map(([component, byState]) => [
      component,
      Object.fromEntries(
        Object.entries(byState).map(([state, { result }]) => [state, JSON.stringify(result)]),
      ),
    ]),
  );
}

function describe(
  app: string,
  { components, states, hasMain, graph }: Analysis,
): Omit<AppDescription, 'version'> {
  const schemas = stateSchemas(states);
  return {
    format: 1,
    app,
    builtWith: weaverdVersion,
    components: components.map((component) => {
      const own = schemas[component.name];
      return own === undefined ? component : { ...component, stateSchemas: own };
    }),
    hasMain,
    listeners: graph.listeners,
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
