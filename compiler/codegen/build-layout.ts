import type { AppShape, Definition, Field, MethodShape, Shape } from '../../sdk/codec/shape.js';
import { AvroNames, legalNames } from './avro-names.js';
import type {
  AppLayout,
  BranchLayout,
  DefinitionLayout,
  FieldLayout,
  Layout,
  MethodLayout,
  ThrownErrorLayout,
} from './layout.js';
import { leastBytes, leastBytesOfDefinitions } from './least-bytes.js';
import { branchesOf, definitionOf, orUndefined } from './shapes.js';

/** What travels with every error as a value, and is not among its fields. */
export const ERROR_BASE: readonly string[] = ['message', 'name', 'stack', 'cause'];
/** What travels with every thrown error: its class sets the name, unless it declares one that differs. */
const THROWN_BASE: readonly string[] = ['message', 'stack', 'cause'];

export function buildLayout(app: AppShape): AppLayout {
  return new LayoutBuilder(app).build();
}

class LayoutBuilder {
  readonly #app: AppShape;
  readonly #names: AvroNames;
  readonly #leastBytes: ReadonlyMap<string, number>;

  constructor(app: AppShape) {
    this.#app = app;
    this.#names = new AvroNames(app.definitions.keys());
    this.#leastBytes = leastBytesOfDefinitions(app.definitions);
  }

  build(): AppLayout {
    const { components, definitions, errors } = this.#app;
    return {
      causeName: this.#names.allocate('ErrorCause'),
      definitions: new Map(
        [...definitions].map(([name, definition]) => [name, this.#definition(name, definition)]),
      ),
      components: components.map(({ name, methods }) => ({
        name,
        methods: methods.map((method) => this.#method(name, method)),
      })),
      errors: errors.map((name) => this.#thrownError(name)),
    };
  }

  #method(component: string, method: MethodShape): MethodLayout {
    const place = `${component}_${method.name}`;
    const argumentsName = this.#names.allocate(`${place}_arguments`);
    const avroNames = legalNames(method.parameters.map(({ name }) => name));
    return {
      name: method.name,
      streaming: method.streaming,
      argumentsName,
      parameters: method.parameters.map((parameter, index) => ({
        ...this.#field(parameter.rest ? asArray(parameter) : parameter, avroNames[index], place),
        rest: parameter.rest,
      })),
      result: this.#layout(method.result, `${place}_result`),
    };
  }

  #thrownError(name: string): ThrownErrorLayout {
    const definition = definitionOf(name, this.#app.definitions);
    if (definition.kind !== 'error') throw new Error(`${name} is among the errors, but is none`);
    const fields = definition.fields
      .filter((field) => !THROWN_BASE.includes(field.name))
      .map((field) => ({ ...field, optional: true }));
    return { classId: definition.classId, fields: this.#fields(fields, `${name}_thrown`) };
  }

  #definition(name: string, definition: Definition): DefinitionLayout {
    switch (definition.kind) {
      case 'object':
        return {
          kind: 'object',
          name,
          fields: this.#fields(definition.fields, name),
          classId: definition.classId,
        };
      case 'error':
        return {
          kind: 'error',
          name,
          fields: this.#fields(
            definition.fields.filter((field) => !ERROR_BASE.includes(field.name)),
            name,
            ERROR_BASE,
          ),
          classId: definition.classId,
        };
      case 'alias':
        return { kind: 'alias', name, value: this.#layout(definition.shape, name) };
    }
  }

  #fields(fields: readonly Field[], place: string, others: readonly string[] = []): readonly FieldLayout[] {
    const avroNames = legalNames([...others, ...fields.map(({ name }) => name)]);
    return fields.map((field, index) => this.#field(field, avroNames[others.length + index], place));
  }

  #field(field: Field, avroName: string | undefined, place: string): FieldLayout {
    return {
      name: field.name,
      avroName: avroName ?? field.name,
      layout: this.#layout(field.optional ? orUndefined(field.shape) : field.shape, `${place}_${field.name}`),
      optional: field.optional,
    };
  }

  /** @param place where the shape stands, in words from which the names of its types are made */
  #layout(shape: Shape, place: string): Layout {
    switch (shape.kind) {
      case 'literal':
        return {
          kind: 'enum',
          name: this.#names.allocate(place),
          values: shape.values,
          symbols: legalNames(shape.values.map(String)),
        };
      case 'array':
      case 'set':
        return { kind: shape.kind, ...this.#items(shape.items, `${place}_items`) };
      case 'tuple':
        return {
          kind: 'tuple',
          name: this.#names.allocate(place),
          items: shape.items.map((item, index) => this.#layout(item, `${place}_${index}`)),
          rest: shape.rest === undefined ? undefined : this.#items(shape.rest, `${place}_rest`),
        };
      case 'record':
        return {
          kind: 'record',
          values: this.#layout(shape.values, `${place}_values`),
          entryBytes: 1 + leastBytes(shape.values, this.#leastBytes),
        };
      case 'map':
        return this.#map(shape.keys, shape.values, place);
      case 'union':
        return this.#union(shape, place);
      case 'reference':
        definitionOf(shape.name, this.#app.definitions);
        return shape;
      default:
        return shape;
    }
  }

  #map(keys: Shape, values: Shape, place: string): Layout {
    const entryBytes = leastBytes(keys, this.#leastBytes) + leastBytes(values, this.#leastBytes);
    const hasStringKeys = keys.kind === 'string';
    return {
      kind: 'map',
      // Without a byte of its own, an entry's key gets one.
      keys:
        entryBytes === 0
          ? { kind: 'tagged', value: this.#layout(keys, `${place}_keys`) }
          : this.#layout(keys, `${place}_keys`),
      values: this.#layout(values, `${place}_values`),
      entryBytes: Math.max(entryBytes, 1),
      entryName: hasStringKeys ? undefined : this.#names.allocate(`${place}_entry`),
    };
  }

  #items(shape: Shape, place: string): { readonly items: Layout; readonly itemBytes: number } {
    const items = this.#layout(shape, place);
    const itemBytes = leastBytes(shape, this.#leastBytes);
    return itemBytes === 0 ? { items: { kind: 'tagged', value: items }, itemBytes: 1 } : { items, itemBytes };
  }

  #union(shape: Shape, place: string): Layout {
    const branches = branchesOf(shape);
    const [first, ...others] = branches;
    if (first === undefined) throw new Error(`${place}: a union has no branches`);
    if (others.length === 0) return this.#layout(first, place);
    const hasNull = branches.some(({ kind }) => kind === 'null');
    const layouts = [...branches]
      .sort((left, right) => rank(left) - rank(right))
      .map(
        (branch, index): Layout =>
          branch.kind === 'undefined' && hasNull
            ? { kind: 'undefined-symbol', name: this.#names.allocate('Undefined') }
            : this.#layout(branch, `${place}_${branch.kind === 'literal' ? 'literal' : index}`),
      );
    return { kind: 'union', branches: layouts.map((layout) => this.#branch(layout, layouts, place)) };
  }

  #branch(layout: Layout, all: readonly Layout[], place: string): BranchLayout {
    const type = unnamedType(layout);
    const isAlone = type === undefined || all.filter((other) => unnamedType(other) === type).length === 1;
    return { layout, wrapper: isAlone ? undefined : this.#names.allocate(`${place}_${layout.kind}`) };
  }
}

function asArray(parameter: Field): Field {
  return { ...parameter, shape: { kind: 'array', items: parameter.shape }, optional: false };
}

/** `null` first, then `undefined`, as is the custom in Avro. */
function rank(shape: Shape): number {
  if (shape.kind === 'null') return 0;
  return shape.kind === 'undefined' ? 1 : 2;
}

/** The Avro type, of which a union has but one; undefined when it is a named one. */
function unnamedType(layout: Layout): string | undefined {
  switch (layout.kind) {
    case 'null':
    case 'undefined':
      return 'null';
    case 'bytes':
    case 'bigint':
      return 'bytes';
    case 'array':
    case 'set':
      return 'array';
    case 'map':
      return layout.entryName === undefined ? 'map' : 'array';
    case 'record':
      return 'map';
    case 'boolean':
    case 'number':
    case 'string':
    case 'date':
      return layout.kind;
    default:
      return undefined;
  }
}
