import type ts from 'typescript';
import type { Shape } from '../../sdk/codec/shape.js';
import { OBSTACLES, type Obstacle } from './cannot-travel.js';
import { inside, type Place, type TypeScope } from './type-scope.js';

export type BuiltIn =
  | { readonly kind: 'shape'; readonly shape: (place: Place) => Shape }
  | ({ readonly kind: 'obstacle' } & Obstacle);

/** The errors of the language that travel as values. */
export const BUILT_IN_ERRORS: readonly string[] = [
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
];

const PROMISES = ['Promise', 'PromiseLike'];
const FUNCTIONS = ['Function', 'CallableFunction', 'NewableFunction'];
const ITERATORS = [
  'Iterator',
  'Iterable',
  'IterableIterator',
  'IteratorObject',
  'Generator',
  'ArrayIterator',
  'MapIterator',
  'SetIterator',
  'StringIterator',
];
const STREAMS = [
  'AsyncIterable',
  'AsyncIterator',
  'AsyncIterableIterator',
  'AsyncIteratorObject',
  'AsyncGenerator',
  'ReadableStream',
];
const BINARY = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

const MENDS: ReadonlyMap<string, string> = new Map([
  ['Object', OBSTACLES.object.mend],
  ['String', 'use string'],
  ['Number', 'use number'],
  ['Boolean', 'use boolean'],
  ['BigInt', 'use bigint'],
  ['Symbol', OBSTACLES.symbol.mend],
  ['RegExp', 'pass its source and flags as strings'],
  ['URL', 'pass url.href, a string'],
  ['URLSearchParams', 'pass its text, a string'],
  ['WeakMap', 'use a Map: what is weakly held cannot be sent'],
  ['WeakSet', 'use a Set: what is weakly held cannot be sent'],
  ['WeakRef', 'pass the value itself: what is weakly held cannot be sent'],
  ['AbortSignal', 'leave it out: the runtime carries cancellation; callers say client.with({ signal })'],
  ...BINARY.map((name) => [name, 'use a Uint8Array'] as const),
]);

/** What the language and Node.js bring: how it travels, or why it does not. Undefined for every other type. */
export function builtIn(scope: TypeScope, type: ts.Type): BuiltIn | undefined {
  const symbol = type.getSymbol();
  if (symbol === undefined || symbol.name.startsWith('__')) return undefined;
  const isNodes = isOfNode(symbol);
  if (!isNodes && !isOfLanguage(scope, symbol)) return undefined;
  const { name } = symbol;
  if (isNodes && name === 'Buffer') return { kind: 'shape', shape: () => ({ kind: 'bytes' }) };
  const shape = travelling(scope, name, type);
  if (shape !== undefined) return { kind: 'shape', shape };
  const obstacle = obstacleOf(name) ?? (hasBehaviour(scope, type) ? behaviour(name) : undefined);
  return obstacle === undefined ? undefined : { kind: 'obstacle', ...obstacle };
}

/** Declared by TypeScript's own library, whatever was added to it since. */
export function isOfLanguage(scope: TypeScope, symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) =>
    scope.program.isSourceFileDefaultLibrary(declaration.getSourceFile()),
  );
}

function travelling(scope: TypeScope, name: string, type: ts.Type): ((place: Place) => Shape) | undefined {
  switch (name) {
    case 'Date':
      return () => ({ kind: 'date' });
    case 'Uint8Array':
      return () => ({ kind: 'bytes' });
    case 'Map':
    case 'ReadonlyMap':
      return (place) => ({
        kind: 'map',
        keys: argument(scope, type, 0, inside(scope, place, '[key]')),
        values: argument(scope, type, 1, inside(scope, place, '[value]')),
      });
    case 'Set':
    case 'ReadonlySet':
      return (place) => ({ kind: 'set', items: argument(scope, type, 0, inside(scope, place, '[item]')) });
    default:
      return BUILT_IN_ERRORS.includes(name) ? () => builtInError(scope, name, type) : undefined;
  }
}

function builtInError(scope: TypeScope, name: string, type: ts.Type): Shape {
  const known = scope.named.get(type) ?? scope.names.claim(type, name);
  scope.named.set(type, known);
  scope.definitions.set(known, { kind: 'error', fields: [], classId: name });
  return { kind: 'reference', name: known };
}

function argument(scope: TypeScope, type: ts.Type, index: number, place: Place): Shape {
  const arg = scope.checker.getTypeArguments(type as ts.TypeReference)[index] ?? scope.checker.getAnyType();
  return scope.read(arg, place);
}

function obstacleOf(name: string): Obstacle | undefined {
  if (PROMISES.includes(name)) return OBSTACLES.promise;
  if (FUNCTIONS.includes(name)) return OBSTACLES.function;
  if (ITERATORS.includes(name)) return OBSTACLES.iterator;
  if (STREAMS.includes(name)) return OBSTACLES.stream;
  const mend = MENDS.get(name);
  return mend === undefined ? undefined : { what: `a value of type ${name}`, mend };
}

function behaviour(name: string): Obstacle {
  return {
    what: `a value of type ${name}, which has behaviour,`,
    mend: 'pass the data of it that the other side needs',
  };
}

function hasBehaviour(scope: TypeScope, type: ts.Type): boolean {
  return scope.checker
    .getPropertiesOfType(type)
    .some((property) => scope.checker.getTypeOfSymbol(property).getCallSignatures().length > 0);
}

function isOfNode(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) =>
    declaration.getSourceFile().fileName.includes('/node_modules/@types/node/'),
  );
}
