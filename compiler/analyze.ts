import type ts from 'typescript';
import type { AppShape, Definition, MethodShape } from '../sdk/codec/shape.js';
import type { ComponentDescription } from '../sdk/protocol/app-description.js';
import type { ModuleImports } from './bundler.js';
import { componentsNotReadingCall } from './call-readers.js';
import { type Diagnostic, sortDiagnostics } from './diagnostic.js';
import { type DeclaredComponent, discoverComponents } from './discover-components.js';
import { interfaceOfClass } from './interface-of-class.js';
import type { AppProgram } from './program.js';
import { type ReferenceGraph, referenceGraph } from './reference-graph.js';
import { type SdkCall, sdkCalls } from './sdk-calls.js';
import { SourcePlaces } from './source-place.js';
import { readStates } from './states.js';
import { BUILT_IN_ERRORS } from './types/built-ins.js';
import { DefinitionNames } from './types/definition-names.js';
import { readErrorClasses } from './types/error-classes.js';
import { shapeOfType } from './types/shape-of-type.js';
import type { NamedClass, TypeScope } from './types/type-scope.js';

export interface AnalyzeOptions {
  readonly program: AppProgram;
  /** Absolute path of the app's folder, without symbolic links. */
  readonly folder: string;
  /** What the bundle contains; undefined when it is not known: then all modules. */
  readonly bundled: { readonly modules: ReadonlySet<string>; readonly imports: ModuleImports } | undefined;
}

/** All that the type checker tells of an app. */
export interface Analysis {
  readonly shape: AppShape;
  readonly components: readonly ComponentDescription[];
  readonly graph: ReferenceGraph;
  readonly hasMain: boolean;
  /** What is stored: a component for each that has states, or `main`, with a method for each state, whose result is a value. */
  readonly states: AppShape;
  /** Components whose code cannot ask for the call that it serves, sorted. */
  readonly notReadingCall: readonly string[];
  /** Classes that are revived on the other side, by class id. */
  readonly classes: ReadonlyMap<string, NamedClass>;
  /** Sorted. The program is sound when there are none. */
  readonly diagnostics: readonly Diagnostic[];
  /** Sorted. */
  readonly warnings: readonly Diagnostic[];
}

/** Reads components, interfaces, references and error classes. What is wrong is reported, all of it. */
export function analyze({ program, folder, bundled }: AnalyzeOptions): Analysis {
  const places = new SourcePlaces(folder, program.sources);
  const fallback = program.tsconfig ?? program.entry.fileName;
  const typeErrors = program.errors.map((error) => places.fromTypeScript(error, fallback));
  const files = program.sources.filter((file) => bundled === undefined || bundled.modules.has(file.fileName));
  const calls = files.flatMap((file) => sdkCalls(program, file));
  const { components, diagnostics } = discoverComponents(program.checker, places, calls);
  const scope = typeScope(program, places, typeErrors.length > 0);
  const interfaces = components.map((component) => interfaceOfClass(scope, component));
  for (const file of files) readErrorClasses(scope, file);
  const graph = referenceGraph({ app: program, places, components, files, calls });
  // With names of its own: those of a state's schema must not depend on what methods take.
  const stored = typeScope(program, places, typeErrors.length > 0, scope.travelling);
  const states = readStates(stored, graph.stateOwners);
  return {
    shape: {
      components: interfaces,
      definitions: new Map([...scope.definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
      errors: thrownClasses(scope.definitions),
    },
    components: components.map((component, index) =>
      describe(places, component, interfaces[index]?.methods ?? [], graph, states),
    ),
    states,
    graph,
    hasMain: calls.some(({ kind, node }) => kind === 'run' && node.arguments.length > 0),
    notReadingCall: componentsNotReadingCall({
      app: program,
      components,
      imports: bundled?.imports ?? new Map(),
    }),
    classes: scope.travelling,
    diagnostics: sortDiagnostics([
      ...typeErrors,
      ...missingRun(program, places, calls),
      ...diagnostics,
      ...scope.obstacles,
      ...stored.obstacles,
      ...graph.diagnostics,
    ]),
    warnings: sortDiagnostics([
      ...scope.warnings,
      ...stored.warnings,
      ...graph.warnings,
      ...notImported(program, places, files),
      ...nullChecks(program, places),
    ]),
  };
}

function typeScope(
  program: AppProgram,
  places: SourcePlaces,
  hasTypeErrors: boolean,
  travelling: TypeScope['travelling'] = new Map(),
): TypeScope {
  const scope: TypeScope = {
    program: program.program,
    checker: program.checker,
    places,
    names: new DefinitionNames(program.checker),
    definitions: new Map(),
    named: new Map(),
    open: new Map(),
    travelling,
    hasTypeErrors,
    obstacles: [],
    warnings: [],
    read: (type, place) => shapeOfType(scope, type, place),
  };
  return scope;
}

function describe(
  places: SourcePlaces,
  { name, routed, exclusive, call }: DeclaredComponent,
  methods: readonly MethodShape[],
  graph: ReferenceGraph,
  stored: AppShape,
): ComponentDescription {
  const states = stored.components.find((each) => each.name === name)?.methods ?? [];
  return {
    name,
    methods: methods.map((method) => ({
      name: method.name,
      streaming: method.streaming,
      routed: routed.has(method.name),
    })),
    ...(exclusive ? { exclusive } : {}),
    references: graph.references.get(name) ?? [],
    ...(states.length === 0 ? {} : { states: states.map((state) => state.name) }),
    declaredAt: places.fileAndLine(call),
  };
}

/** Built-in errors need no class of the app to be revived when they are thrown. */
function thrownClasses(definitions: ReadonlyMap<string, Definition>): readonly string[] {
  return [...definitions]
    .filter(([, definition]) => definition.kind === 'error' && !BUILT_IN_ERRORS.includes(definition.classId))
    .map(([name]) => name)
    .sort();
}

function missingRun(
  program: AppProgram,
  places: SourcePlaces,
  calls: readonly SdkCall[],
): readonly Diagnostic[] {
  if (calls.some(({ kind }) => kind === 'run')) return [];
  return [
    {
      code: 'RUN_NOT_CALLED',
      file: places.file(program.entry.fileName),
      line: 1,
      column: 1,
      message: 'the program never calls run() of weaverd, so nothing would ever start',
      path: '',
      mend: "end this module with: import { run } from 'weaverd'; await run(async (app) => { … });",
    },
  ];
}

function notImported(
  program: AppProgram,
  places: SourcePlaces,
  files: readonly ts.SourceFile[],
): readonly Diagnostic[] {
  const bundled = new Set(files);
  return program.sources
    .filter((file) => !bundled.has(file))
    .flatMap((file) => sdkCalls(program, file).filter(({ kind }) => kind === 'component'))
    .map(({ node }) =>
      places.diagnostic(node, {
        code: 'COMPONENT_NOT_IMPORTED',
        message: 'this component is not part of the program: its module is imported for its types alone',
        mend: `if it should be, import the module where run() is called: import './x.js'`,
      }),
    );
}

function nullChecks(program: AppProgram, places: SourcePlaces): readonly Diagnostic[] {
  const { strict, strictNullChecks } = program.program.getCompilerOptions();
  if (strictNullChecks ?? strict ?? true) return [];
  return [
    {
      code: 'NULL_CHECKS_OFF',
      file: places.file(program.tsconfig ?? program.entry.fileName),
      line: 1,
      column: 1,
      message:
        'strictNullChecks is off: types do not say what may be null or undefined, and such values are refused',
      path: '',
      mend: 'set "strict": true, or "strictNullChecks": true',
    },
  ];
}
