import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { isOfWeaverd, ownModule, weaverdPackageFolder } from './weaverd-package.js';

/** Parsed files that do not change while this process lives (libraries): makes further programs cheap. */
export type SourceFileCache = Map<string, ts.SourceFile>;

export interface ProgramOptions {
  /** Absolute path of the module that calls `run`. It exists. */
  readonly entry: string;
  /** Absolute path; the nearest tsconfig.json above the entry by default. */
  readonly tsconfig?: string | undefined;
  /** Files of libraries are kept in it and taken from it. */
  readonly cache?: SourceFileCache | undefined;
}

export interface AppProgram {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  readonly entry: ts.SourceFile;
  /** Path of the tsconfig in use. */
  readonly tsconfig: string | undefined;
  /** The app's modules: no library, no declaration file, nothing of weaverd. */
  readonly sources: readonly ts.SourceFile[];
  /** TypeScript's own errors in the app's modules and its tsconfig. */
  readonly errors: readonly ts.Diagnostic[];
  /** Of the module `weaverd`, by the names it exports. Empty when nothing imports it. */
  readonly sdk: ReadonlyMap<string, ts.Symbol>;
}

/** What the compiler decides itself: nothing is emitted, and unused names are a linter's business. */
const IMPOSED: ts.CompilerOptions = {
  noEmit: true,
  composite: false,
  incremental: false,
  declaration: false,
  skipLibCheck: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowImportingTsExtensions: true,
  ignoreDeprecations: '6.0',
};

/**
 * Errors that hold only where TypeScript's own output would be CommonJS: ES module syntax, top-level await, import.meta, and
 * imports of ES modules. The bundle is an ES module always.
 */
const OF_COMMONJS = new Set([1286, 1287, 1293, 1295, 1309, 1343, 1378, 1432, 1470, 1479, 1541, 1542]);

const DEFAULTS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
};

/** The type-checked program of the entry and all it imports. The one place where a program is made. */
export function loadProgram({ entry: given, tsconfig, cache }: ProgramOptions): AppProgram {
  const entryPath = realpathSync(given);
  const configPath = tsconfig ?? ts.findConfigFile(dirname(entryPath), ts.sys.fileExists);
  const { options, errors } = compilerOptions(entryPath, configPath);
  const host = compilerHost(options, cache);
  const program = ts.createProgram({
    rootNames: [entryPath],
    options,
    host,
    configFileParsingDiagnostics: errors,
  });
  const entry = program.getSourceFile(entryPath);
  if (entry === undefined)
    throw new Error(`TypeScript does not read ${entryPath}: it must be a .ts, .tsx, .mts or .cts file`);
  const checker = program.getTypeChecker();
  const weaverdFile = resolvedWeaverd(entryPath, options, host);
  const sources = program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && !program.isSourceFileFromExternalLibrary(file))
    .filter((file) => weaverdFile === undefined || !isOfWeaverd(file.fileName, weaverdFile))
    .sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  return {
    program,
    checker,
    entry,
    tsconfig: configPath,
    sources,
    errors: [
      ...errors,
      ...program.getGlobalDiagnostics(),
      ...sources.flatMap((file) => errorsOf(program, file)),
    ],
    sdk: sdkSymbols(program, weaverdFile),
  };
}

function errorsOf(program: ts.Program, file: ts.SourceFile): readonly ts.Diagnostic[] {
  const syntactic = program.getSyntacticDiagnostics(file).filter(({ code }) => !OF_COMMONJS.has(code));
  if (syntactic.length > 0) return syntactic;
  return program
    .getSemanticDiagnostics(file)
    .filter(({ category, code }) => category === ts.DiagnosticCategory.Error && !OF_COMMONJS.has(code));
}

function compilerOptions(entry: string, configPath: string | undefined) {
  if (configPath === undefined) {
    const options = { ...DEFAULTS, ...IMPOSED, allowJs: isJavaScript(entry) };
    return { options: { ...options, ...nodeTypes(entry, options) }, errors: [] };
  }
  const read = ts.readConfigFile(configPath, ts.sys.readFile);
  if (read.error !== undefined) return { options: { ...DEFAULTS, ...IMPOSED }, errors: [read.error] };
  const config = { ...(read.config as object), files: [entry], include: [], exclude: [], references: [] };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, dirname(configPath), undefined, configPath);
  const { outDir: _out, rootDir: _root, outFile: _file, ...kept } = parsed.options;
  const options: ts.CompilerOptions = { ...kept, ...IMPOSED };
  // As before TypeScript 6: without `types`, all of @types is there. Apps written for 5 rely on it.
  if (options.types === undefined) options.types = ['*'];
  if (isJavaScript(entry)) options.allowJs = true;
  return { options, errors: parsed.errors };
}

/** The types of Node.js: the app's, else those beside weaverd, else the DOM's for `console` and its like. */
function nodeTypes(entry: string, options: ts.CompilerOptions): ts.CompilerOptions {
  const resolvable = (extra: ts.CompilerOptions): boolean =>
    ts.resolveTypeReferenceDirective('node', entry, { ...options, ...extra }, ts.sys)
      .resolvedTypeReferenceDirective !== undefined;
  const own = [weaverdPackageFolder, dirname(weaverdPackageFolder)].flatMap((folder) => [
    join(folder, 'node_modules/@types'),
    join(folder, '@types'),
  ]);
  for (const extra of [{}, { typeRoots: own.filter((folder) => existsSync(folder)) }])
    if (resolvable(extra)) return { ...extra, types: ['node'] };
  return { types: [], lib: [...(options.lib ?? []), 'lib.dom.d.ts'] };
}

function compilerHost(options: ts.CompilerOptions, cache: SourceFileCache | undefined): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const modules = ts.createModuleResolutionCache(
    host.getCurrentDirectory(),
    host.getCanonicalFileName,
    options,
  );
  const resolve = (specifier: ts.StringLiteralLike, from: string, file: ts.SourceFile) => {
    const mode = ts.getModeForUsageLocation(file, specifier, options);
    const resolved = ts.resolveModuleName(specifier.text, from, options, host, modules, undefined, mode);
    if (resolved.resolvedModule !== undefined) return resolved;
    const own = ownModule(specifier.text, 'types');
    return own === undefined ? resolved : { resolvedModule: asResolved(own) };
  };
  host.resolveModuleNameLiterals = (specifiers, from, _redirect, _options, file) =>
    specifiers.map((specifier) => resolve(specifier, from, file));
  if (cache !== undefined) cacheLibraries(host, cache);
  return host;
}

function cacheLibraries(host: ts.CompilerHost, cache: SourceFileCache): void {
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (path, ...rest) => {
    if (!path.endsWith('.d.ts')) return read(path, ...rest);
    const file = cache.get(path) ?? read(path, ...rest);
    if (file !== undefined) cache.set(path, file);
    return file;
  };
}

function asResolved(path: string): ts.ResolvedModuleFull {
  const extension = path.endsWith('.d.ts') ? ts.Extension.Dts : ts.Extension.Ts;
  return {
    resolvedFileName: realpathSync(path),
    extension,
    isExternalLibraryImport: extension === ts.Extension.Dts,
  };
}

function resolvedWeaverd(
  entry: string,
  options: ts.CompilerOptions,
  host: ts.CompilerHost,
): string | undefined {
  const found = ts.resolveModuleName(
    'weaverd',
    entry,
    options,
    host,
    undefined,
    undefined,
    ts.ModuleKind.ESNext,
  );
  return found.resolvedModule?.resolvedFileName ?? ownModule('weaverd', 'types');
}

function sdkSymbols(program: ts.Program, weaverdFile: string | undefined): ReadonlyMap<string, ts.Symbol> {
  const file = weaverdFile === undefined ? undefined : program.getSourceFile(weaverdFile);
  const checker = program.getTypeChecker();
  const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
  if (module === undefined) return new Map();
  return new Map(
    checker.getExportsOfModule(module).map((exported) => {
      const isAlias = (exported.flags & ts.SymbolFlags.Alias) !== 0;
      return [exported.name, isAlias ? checker.getAliasedSymbol(exported) : exported];
    }),
  );
}

function isJavaScript(path: string): boolean {
  return /\.[cm]?jsx?$/.test(basename(path));
}
