/**
 * The shape of a value that travels: what the compiler reads from a TypeScript type, and what a codec is
 * generated from. Each shape has one Avro schema (avro-schema.ts) and one generated encoder and decoder
 * (generate.ts).
 */
export type Shape =
  | { readonly kind: 'null' }
  /** `void` and `undefined`. */
  | { readonly kind: 'undefined' }
  | { readonly kind: 'boolean' }
  /** An IEEE double. */
  | { readonly kind: 'number' }
  | { readonly kind: 'bigint' }
  | { readonly kind: 'string' }
  /** `Uint8Array` (a `Buffer` is accepted when encoding). */
  | { readonly kind: 'bytes' }
  | { readonly kind: 'date' }
  /** Literal types and enums, alone or united. At least one value; no duplicates. */
  | { readonly kind: 'literal'; readonly values: readonly (string | number | boolean)[] }
  | { readonly kind: 'array'; readonly items: Shape }
  /** Optional elements have a shape that admits `undefined`; `rest` is the shape of `...T[]` at the end. */
  | { readonly kind: 'tuple'; readonly items: readonly Shape[]; readonly rest?: Shape }
  /** `Record<string, V>`: a plain object with any string keys. */
  | { readonly kind: 'record'; readonly values: Shape }
  | { readonly kind: 'map'; readonly keys: Shape; readonly values: Shape }
  | { readonly kind: 'set'; readonly items: Shape }
  /** Branches are not unions themselves. */
  | { readonly kind: 'union'; readonly branches: readonly Shape[] }
  /** Refers to a definition by its name; the only way to an object, and the only way to recur. */
  | { readonly kind: 'reference'; readonly name: string };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
  /** Declared with `?`: may be absent, and arrives absent when absent or undefined. */
  readonly optional: boolean;
}

/** What a name stands for. Names are legal Avro names and unique in the app. */
export type Definition =
  /** An interface, an object literal type, or, with `classId`, a class that is plain data. */
  | { readonly kind: 'object'; readonly fields: readonly Field[]; readonly classId?: string }
  /**
   * A class that extends Error, used as a value or thrown. `message`, `stack` and `cause` travel always;
   * `fields` are its own declared ones.
   */
  | { readonly kind: 'error'; readonly fields: readonly Field[]; readonly classId: string }
  /** A recursive type that is not an object, such as `type Json = string | Json[]`. */
  | { readonly kind: 'alias'; readonly shape: Shape };

export type Definitions = ReadonlyMap<string, Definition>;

export interface MethodShape {
  readonly name: string;
  readonly parameters: readonly ParameterShape[];
  /** Shape of the resolved result, or of one item when `streaming`. */
  readonly result: Shape;
  /** The method returns an `AsyncIterable`. */
  readonly streaming: boolean;
}

export interface ParameterShape {
  readonly name: string;
  readonly shape: Shape;
  /** Declared with `?` or a default; trailing absent arguments arrive absent. */
  readonly optional: boolean;
  /** `...rest: T[]`; `shape` is that of one item. Only the last parameter. */
  readonly rest: boolean;
}

export interface ComponentShape {
  /** The component's registered name. */
  readonly name: string;
  /** Sorted by name. */
  readonly methods: readonly MethodShape[];
}

/** Everything of an app that travels. Components are sorted by name. */
export interface AppShape {
  readonly components: readonly ComponentShape[];
  readonly definitions: Definitions;
  /** Names of the definitions of kind `error`: the classes a thrown error is revived as. */
  readonly errors: readonly string[];
}
