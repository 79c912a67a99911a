import type { AppShape } from '../../sdk/codec/shape.js';
import { buildLayout } from './build-layout.js';
import type { AppLayout, BranchLayout, DefinitionLayout, EnumLayout, FieldLayout, Layout } from './layout.js';

/** An Avro schema in its JSON form. */
export type AvroSchema = string | readonly AvroSchema[] | AvroType;

export type AvroType = { readonly type: string } & { readonly [attribute: string]: unknown };

export interface MethodSchemas {
  /** A record with a field for each parameter. */
  readonly arguments: AvroSchema;
  /** The result, or one item of the stream. */
  readonly result: AvroSchema;
  readonly streaming: boolean;
}

/**
 * The Avro schemas of every method, by component and method, as `schemas.json` has them. Each schema stands by itself:
 * it defines the types it names at their first use. What TypeScript has and Avro has not is kept in attributes
 * that readers ignore: `originalName` of a field, `values` of an enum.
 */
export function avroSchemas(
  app: AppShape,
): Readonly<Record<string, Readonly<Record<string, MethodSchemas>>>> {
  const layout = buildLayout(app);
  return Object.fromEntries(
    layout.components.map((component) => [
      component.name,
      Object.fromEntries(
        component.methods.map((method) => [
          method.name,
          {
            arguments: new SchemaDocument(layout).arguments(method.argumentsName, method.parameters),
            result: new SchemaDocument(layout).schema(method.result),
            streaming: method.streaming,
          },
        ]),
      ),
    ]),
  );
}

class SchemaDocument {
  readonly #app: AppLayout;
  readonly #defined = new Set<string>();

  constructor(app: AppLayout) {
    this.#app = app;
  }

  arguments(name: string, fields: readonly FieldLayout[]): AvroSchema {
    return this.#record(name, () => fields.map((field) => this.#field(field)));
  }

  schema(layout: Layout): AvroSchema {
    switch (layout.kind) {
      case 'null':
      case 'undefined':
        return 'null';
      case 'undefined-symbol':
        return this.#named(layout.name, () => ({ type: 'enum', name: layout.name, symbols: ['Undefined'] }));
      case 'number':
        return 'double';
      case 'boolean':
      case 'string':
      case 'bytes':
        return layout.kind;
      case 'bigint':
        return { type: 'bytes', logicalType: 'bigint' };
      case 'date':
        return { type: 'long', logicalType: 'timestamp-millis' };
      case 'enum':
        return this.#enum(layout);
      case 'array':
      case 'set':
        return { type: 'array', items: this.schema(layout.items) };
      case 'record':
        return { type: 'map', values: this.schema(layout.values) };
      case 'map':
        return this.#map(layout);
      case 'tuple':
        return this.#record(layout.name, () => [
          ...layout.items.map((item, index) => ({ name: `_${index}`, type: this.schema(item) })),
          ...(layout.rest === undefined
            ? []
            : [{ name: 'rest', type: { type: 'array', items: this.schema(layout.rest.items) } }]),
        ]);
      case 'union':
        return layout.branches.map((branch) => this.#branch(branch));
      case 'tagged':
        return [this.schema(layout.value)];
      case 'reference':
        return this.#definition(layout.name);
    }
  }

  #definition(name: string): AvroSchema {
    const definition = this.#app.definitions.get(name);
    if (definition === undefined) throw new Error(`${name} is not defined`);
    return this.#record(name, () => this.#definitionFields(definition));
  }

  #definitionFields(definition: DefinitionLayout): readonly object[] {
    switch (definition.kind) {
      case 'alias':
        return [{ name: 'value', type: this.schema(definition.value) }];
      case 'object':
        return definition.fields.map((field) => this.#field(field));
      case 'error':
        return [
          ...this.#errorFields(),
          { name: 'cause', type: ['null', 'string', this.#cause()] },
          ...definition.fields.map((field) => this.#field(field)),
        ];
    }
  }

  #errorFields(): readonly object[] {
    return [
      { name: 'message', type: 'string' },
      { name: 'name', type: 'string' },
      { name: 'stack', type: ['null', 'string'] },
    ];
  }

  #cause(): AvroSchema {
    const { causeName } = this.#app;
    return this.#record(causeName, () => [
      ...this.#errorFields(),
      { name: 'cause', type: ['null', 'string', causeName] },
    ]);
  }

  #field(field: FieldLayout): object {
    return {
      name: field.avroName,
      type: this.schema(field.layout),
      ...(field.optional ? { default: null } : {}),
      ...(field.avroName === field.name ? {} : { originalName: field.name }),
    };
  }

  #map(layout: Layout & { readonly kind: 'map' }): AvroSchema {
    if (layout.entryName === undefined) return { type: 'map', values: this.schema(layout.values) };
    const entry = this.#record(layout.entryName, () => [
      { name: 'key', type: this.schema(layout.keys) },
      { name: 'value', type: this.schema(layout.values) },
    ]);
    return { type: 'array', items: entry };
  }

  #branch({ layout, wrapper }: BranchLayout): AvroSchema {
    if (wrapper === undefined) return this.schema(layout);
    return this.#record(wrapper, () => [{ name: 'value', type: this.schema(layout) }]);
  }

  #enum({ name, symbols, values }: EnumLayout): AvroSchema {
    const areValues = values.every((value, index) => value === symbols[index]);
    return this.#named(name, () => ({ type: 'enum', name, symbols, ...(areValues ? {} : { values }) }));
  }

  #record(name: string, fields: () => readonly object[]): AvroSchema {
    return this.#named(name, () => ({ type: 'record', name, fields: fields() }));
  }

  /** Defines the type where it is met first, and refers to it from then on, from within itself too. */
  #named(name: string, define: () => AvroType): AvroSchema {
    if (this.#defined.has(name)) return name;
    this.#defined.add(name);
    return define();
  }
}
