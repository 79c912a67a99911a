import { isOwned, MAIN } from '../sdk/protocol/app-description.js';
import type { BuiltApp } from './build.js';
import { definitionText, methodText } from './shape-text.js';

/** What {@link explainJson} gives: everything the build found out about an app. */
export interface Explanation {
  readonly app: string;
  readonly version: string;
  readonly components: readonly {
    readonly name: string;
    readonly declaredAt: string;
    /** Its keys have one owner at a time. */
    readonly owned: boolean;
    readonly methods: readonly {
      readonly name: string;
      readonly signature: string;
      readonly routed: boolean;
    }[];
  }[];
  /** By name, as one would write them in TypeScript. */
  readonly types: Readonly<Record<string, string>>;
  /** Components obtained with `get`, by the component that obtains them, and by `main`. */
  readonly references: Readonly<Record<string, readonly string[]>>;
  readonly listeners: BuiltApp['description']['listeners'];
  readonly schemas: BuiltApp['schemas'];
}

export function explainJson({ description, shape, schemas, mainReferences }: BuiltApp): Explanation {
  return {
    app: description.app,
    version: description.version,
    components: description.components.map((component) => ({
      name: component.name,
      declaredAt: component.declaredAt,
      owned: isOwned(component),
      methods: component.methods.map((method) => ({
        name: method.name,
        signature: signatureOf(shape, component.name, method.name),
        routed: method.routed,
      })),
    })),
    types: Object.fromEntries(
      [...shape.definitions].map(([name, definition]) => [name, definitionText(name, definition)]),
    ),
    references: Object.fromEntries([
      ...(description.hasMain ? [[MAIN, mainReferences] as const] : []),
      ...description.components.map(({ name, references }) => [name, references] as const),
    ]),
    listeners: description.listeners,
    schemas,
  };
}

/** Interfaces, types, reference graph, listeners and Avro schemas as text; ends with a line break. */
export function explain(result: BuiltApp): string {
  const { app, version, components, types, references, listeners, schemas } = explainJson(result);
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
  return [
    `${app} ${version}`,
    ...components.flatMap(({ name, declaredAt, owned, methods }) =>
      section(
        `component ${name}  (${declaredAt})${owned ? '  one owner per key' : ''}`,
        methods.length === 0
          ? ['no methods']
          : methods.map(({ signature, routed }) => `${signature}${routed ? '  routed' : ''}`),
      ),
    ),
    ...section('types', Object.values(types)),
    ...section(
      'references',
      Object.entries(references).map(([from, to]) => `${from} -> ${to.join(', ') || 'none'}`),
    ),
    ...section(
      'listeners',
      listeners.map(({ name, component }) => `${name}: opened by ${component}`),
    ),
    ...section(
      'Avro schemas',
      Object.entries(schemas).flatMap(([component, methods]) =>
        Object.entries(methods).flatMap(([method, schema]) => [
          `${component}.${method} arguments ${JSON.stringify(schema.arguments)}`,
          `${component}.${method} result ${JSON.stringify(schema.result)}`,
        ]),
      ),
    ),
    '',
  ].join('\n');
}

function signatureOf(shape: BuiltApp['shape'], component: string, method: string): string {
  const found = shape.components
    .find(({ name }) => name === component)
    ?.methods.find(({ name }) => name === method);
  return found === undefined ? method : methodText(found);
}
