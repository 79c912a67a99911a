/**
 * A {@link Shape} with every decision made that its bytes depend on: the order of a union's branches, what is
 * wrapped, and the Avro names. The schema (avro-schema.ts) and the codec (generate.ts) are both written from it, so
 * they cannot disagree.
 */
export type Layout =
  | LeafLayout
  | { readonly kind: 'array'; readonly items: Layout; readonly itemBytes: number }
  | { readonly kind: 'set'; readonly items: Layout; readonly itemBytes: number }
  | TupleLayout
  | { readonly kind: 'record'; readonly values: Layout; readonly entryBytes: number }
  | MapLayout
  | UnionLayout
  /** A union of one branch: gives items of arrays that would take no bytes the one byte that bounds their number. */
  | { readonly kind: 'tagged'; readonly value: Layout }
  | { readonly kind: 'reference'; readonly name: string };

/** Told from any other by a look at the value itself. */
export type LeafLayout =
  | { readonly kind: 'null' }
  | { readonly kind: 'undefined' }
  /** `undefined` in a union with `null`: an enum of one symbol. */
  | { readonly kind: 'undefined-symbol'; readonly name: string }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'number' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'string' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'date' }
  | EnumLayout;

/** Whether values have no parts that are values themselves. */
export function isLeaf(layout: Layout): layout is LeafLayout {
  switch (layout.kind) {
    case 'array':
    case 'set':
    case 'tuple':
    case 'record':
    case 'map':
    case 'union':
    case 'tagged':
    case 'reference':
      return false;
    default:
      return true;
  }
}

export interface EnumLayout {
  readonly kind: 'enum';
  readonly name: string;
  readonly values: readonly (string | number | boolean)[];
  /** One for each value. */
  readonly symbols: readonly string[];
}

export interface TupleLayout {
  readonly kind: 'tuple';
  readonly name: string;
  readonly items: readonly Layout[];
  readonly rest: { readonly items: Layout; readonly itemBytes: number } | undefined;
}

export interface MapLayout {
  readonly kind: 'map';
  readonly keys: Layout;
  readonly values: Layout;
  readonly entryBytes: number;
  /** Name of the record that an entry is; undefined when all keys are strings, and it is an Avro map. */
  readonly entryName: string | undefined;
}

export interface UnionLayout {
  readonly kind: 'union';
  readonly branches: readonly BranchLayout[];
}

export interface BranchLayout {
  readonly layout: Layout;
  /** Name of the one-field record around it, where Avro would not tell it from another branch. */
  readonly wrapper: string | undefined;
}

export interface FieldLayout {
  readonly name: string;
  readonly avroName: string;
  /** Admits `undefined` when the field is optional. */
  readonly layout: Layout;
  readonly optional: boolean;
}

export type DefinitionLayout =
  | ObjectLayout
  | {
      readonly kind: 'error';
      readonly name: string;
      /** Without message, name, stack and cause. */
      readonly fields: readonly FieldLayout[];
      readonly classId: string;
    }
  | { readonly kind: 'alias'; readonly name: string; readonly value: Layout };

export interface ObjectLayout {
  readonly kind: 'object';
  readonly name: string;
  readonly fields: readonly FieldLayout[];
  readonly classId: string | undefined;
}

export interface ParameterLayout extends FieldLayout {
  /** Takes all arguments from its position on; its layout is that of their array. */
  readonly rest: boolean;
}

export interface MethodLayout {
  readonly name: string;
  readonly streaming: boolean;
  readonly argumentsName: string;
  readonly parameters: readonly ParameterLayout[];
  readonly result: Layout;
}

/** An error class as it is thrown. Every field is optional: one that cannot be written is left out. */
export interface ThrownErrorLayout {
  readonly classId: string;
  readonly fields: readonly FieldLayout[];
}

export interface AppLayout {
  readonly components: readonly { readonly name: string; readonly methods: readonly MethodLayout[] }[];
  readonly definitions: ReadonlyMap<string, DefinitionLayout>;
  readonly errors: readonly ThrownErrorLayout[];
  /** Name of the record that the cause of an error is. */
  readonly causeName: string;
}
