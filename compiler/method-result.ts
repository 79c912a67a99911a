import type ts from 'typescript';
import { isOfLanguage } from './types/built-ins.js';
import { isUnresolved } from './types/shape-of-type.js';
import type { TypeScope } from './types/type-scope.js';

/** What a method gives back, unwrapped. */
export type MethodResult =
  | { readonly kind: 'promise'; readonly type: ts.Type }
  /** `type` is that of one item. */
  | { readonly kind: 'stream'; readonly type: ts.Type }
  /** It returns at once, or a mixture. */
  | { readonly kind: 'neither' }
  /** TypeScript could not resolve the type, and says so itself. */
  | { readonly kind: 'unresolved' };

const STREAMS = [
  'AsyncIterable',
  'AsyncIterator',
  'AsyncIterableIterator',
  'AsyncIteratorObject',
  'AsyncGenerator',
];

export function resultOf(scope: TypeScope, signature: ts.Signature): MethodResult {
  return unwrap(scope, scope.checker.getReturnTypeOfSignature(signature));
}

function unwrap(scope: TypeScope, type: ts.Type): MethodResult {
  const { checker } = scope;
  if (scope.hasTypeErrors && isUnresolved(type)) return { kind: 'unresolved' };
  const symbol = type.getSymbol();
  if (symbol !== undefined && isOfLanguage(scope, symbol)) {
    const [first] = checker.getTypeArguments(type as ts.TypeReference);
    if (first !== undefined && symbol.name === 'Promise') return { kind: 'promise', type: first };
    if (first !== undefined && STREAMS.includes(symbol.name)) return { kind: 'stream', type: first };
  }
  return iterable(scope, type) ?? { kind: 'neither' };
}

/** A type of the app's own with `[Symbol.asyncIterator]()`. */
function iterable(scope: TypeScope, type: ts.Type): MethodResult | undefined {
  const { checker } = scope;
  const method = checker.getPropertiesOfType(type).find(({ name }) => name.startsWith('__@asyncIterator'));
  const signature = method === undefined ? undefined : checker.getTypeOfSymbol(method).getCallSignatures()[0];
  if (signature === undefined) return undefined;
  const iterator = checker.getReturnTypeOfSignature(signature);
  return iterator === type ? undefined : unwrap(scope, iterator);
}
