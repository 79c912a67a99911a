import { relative, resolve, sep } from 'node:path';
import * as esbuild from 'esbuild';
import { ARTIFACT_FILES } from '../sdk/protocol/app-description.js';
import { type BundlerPluginState, CODECS, weaverdPlugin } from './bundler-plugin.js';
import type { Diagnostic } from './diagnostic.js';
import { stablePath, withStablePaths } from './stable-paths.js';

export interface BundlerOptions {
  /** Absolute path, without symbolic links. */
  readonly entry: string;
  /** Absolute path of the app's folder, without symbolic links. */
  readonly folder: string;
  readonly tsconfig?: string | undefined;
}

export interface BundleInput {
  /** Source of the module that registers the codecs; evaluated before the app's own. */
  readonly codecs: string;
  /** Sources to take instead of files, by absolute path. */
  readonly sources: ReadonlyMap<string, string>;
}

export interface ModuleImport {
  /** As it stands in the source. */
  readonly specifier: string;
  /** Absolute. */
  readonly path: string;
  /** By an import or export statement; not by `require` or `import()`. */
  readonly static: boolean;
}

/** What each module imports when it runs, by its absolute path. */
export type ModuleImports = ReadonlyMap<string, readonly ModuleImport[]>;

export type BundleResult =
  | {
      readonly kind: 'bundled';
      readonly code: string;
      readonly map: string;
      /** Absolute paths of the modules that are part of it. */
      readonly modules: ReadonlySet<string>;
      readonly imports: ModuleImports;
      readonly warnings: readonly Diagnostic[];
    }
  | { readonly kind: 'failed'; readonly diagnostics: readonly Diagnostic[] };

export interface Bundler {
  bundle(input: BundleInput): Promise<BundleResult>;
  close(): Promise<void>;
}

/** For CommonJS inside of an ES module. The names cannot clash: esbuild renames what the app calls `require`. */
const BANNER = [
  "import { createRequire as __weaverdCreateRequire } from 'node:module';",
  'const require = __weaverdCreateRequire(import.meta.url);',
  'const __weaverdFilename = import.meta.filename;',
  'const __weaverdDirname = import.meta.dirname;',
].join(' ');

/** Bundles an app into one file; again and again, each time faster than the first. */
export async function openBundler({ entry, folder, tsconfig }: BundlerOptions): Promise<Bundler> {
  const state: BundlerPluginState = { codecs: '', sources: new Map() };
  const context = await esbuild.context({
    stdin: {
      contents: `import ${JSON.stringify(CODECS)};\nimport ${JSON.stringify(importPath(folder, entry))};\n`,
      resolveDir: folder,
      sourcefile: 'weaverd-entry.mjs',
    },
    absWorkingDir: folder,
    outfile: ARTIFACT_FILES.bundle,
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    charset: 'utf8',
    sourcemap: 'linked',
    metafile: true,
    logLevel: 'silent',
    banner: { js: BANNER },
    define: { __filename: '__weaverdFilename', __dirname: '__weaverdDirname' },
    plugins: [weaverdPlugin(entry, state)],
    ...(tsconfig === undefined ? {} : { tsconfig }),
  });
  return {
    async bundle({ codecs, sources }) {
      state.codecs = codecs;
      state.sources = sources;
      try {
        return bundled(await context.rebuild(), folder);
      } catch (reason) {
        if (!isBuildFailure(reason)) throw reason;
        return {
          kind: 'failed',
          diagnostics: reason.errors.map((error) => asDiagnostic(error, entry, folder)),
        };
      }
    },
    close: () => context.dispose(),
  };
}

type Output = esbuild.BuildResult<{ write: false; metafile: true }>;

function bundled(result: Output, folder: string): BundleResult {
  const paths = Object.keys(result.metafile.inputs);
  const output = (name: string): string => {
    const file = result.outputFiles.find(({ path }) => path.endsWith(name));
    if (file === undefined) throw new Error(`esbuild made no ${name}`);
    return file.text;
  };
  const map = JSON.parse(output(ARTIFACT_FILES.sourceMap)) as { readonly sources: readonly string[] };
  const included = Object.values(result.metafile.outputs).flatMap(({ inputs }) => Object.keys(inputs));
  return {
    kind: 'bundled',
    code: withStablePaths(output(ARTIFACT_FILES.bundle), paths, folder),
    map: JSON.stringify({ ...map, sources: map.sources.map((path) => stablePath(path, folder)) }),
    modules: new Set(included.map((path) => resolve(folder, path))),
    imports: importsOf(result.metafile, folder),
    warnings: result.warnings
      .filter(({ location }) => location !== null && !location.file.includes('node_modules/'))
      .map((warning) => asDiagnostic(warning, folder, folder)),
  };
}

function importsOf({ inputs }: esbuild.Metafile, folder: string): ModuleImports {
  return new Map(
    Object.entries(inputs).map(([path, { imports }]) => [
      resolve(folder, path),
      imports.map((each) => ({
        specifier: each.original ?? '',
        path: resolve(folder, each.path),
        static: each.kind === 'import-statement',
      })),
    ]),
  );
}

function asDiagnostic(
  { text, location, notes, pluginName }: esbuild.Message,
  entry: string,
  folder: string,
): Diagnostic {
  return {
    code: pluginName === 'weaverd-native' ? 'NATIVE_MODULE' : 'BUNDLE',
    file:
      location === null ? importPath(folder, entry).replace(/^\.\//, '') : stablePath(location.file, folder),
    line: location?.line ?? 1,
    column: (location?.column ?? 0) + 1,
    message: text,
    path: '',
    mend: notes.map((note) => note.text).join(' '),
  };
}

function isBuildFailure(reason: unknown): reason is esbuild.BuildFailure {
  return reason instanceof Error && 'errors' in reason && Array.isArray(reason.errors);
}

function importPath(folder: string, path: string): string {
  const fromFolder = relative(folder, path).split(sep).join('/');
  return fromFolder.startsWith('.') ? fromFolder : `./${fromFolder}`;
}
