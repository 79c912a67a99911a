import ts from 'typescript';
import type { Shape } from '../../sdk/codec/shape.js';
import { nameNode } from '../source-place.js';
import type { Place, TypeScope } from './type-scope.js';

/** A type that cannot travel, in words, and what to write instead. */
export interface Obstacle {
  readonly what: string;
  readonly mend: string;
}

export const OBSTACLES = {
  any: {
    what: 'a value of type any',
    mend: 'declare its type; for arbitrary JSON write a recursive type: type Json = null | boolean | number | string | Json[] | { [key: string]: Json }',
  },
  unknown: {
    what: 'a value of type unknown',
    mend: 'declare its type, or validate it first and pass the result',
  },
  object: { what: 'a value of type object', mend: 'declare its fields, or use Record<string, T>' },
  emptyObject: { what: 'a value of type {}', mend: 'declare its fields; {} admits any value' },
  never: { what: 'a value of type never', mend: 'remove it, or declare what it may be' },
  symbol: { what: 'a symbol', mend: 'use a string literal type instead' },
  function: {
    what: 'a function',
    mend: 'pass data instead, or make it a method of a component that the other side calls',
  },
  thisType: {
    what: 'the type this',
    mend: 'name a type that is plain data: the component itself stays where it runs',
  },
  restTuple: {
    what: 'a rest parameter of a tuple type',
    mend: 'declare its parts as parameters of their own',
  },
  typeParameter: { what: 'a type parameter', mend: 'use a concrete type: both sides must know what is sent' },
  promise: { what: 'a Promise inside a value', mend: 'await it first, and declare the type of its result' },
  iterator: { what: 'an iterator', mend: 'pass an array; to stream, let a method return an AsyncIterable' },
  stream: {
    what: 'a stream inside a value',
    mend: "only a method's result can be a stream: return the AsyncIterable itself",
  },
  symbolKey: { what: 'a field with a symbol for its name', mend: 'name the field by a string' },
  symbolKeys: { what: 'a record with symbols for its keys', mend: 'use strings as keys' },
  mixedRecord: {
    what: 'an object with both named fields and an index signature',
    mend: 'move the open part into a field of type Record<string, T>',
  },
  restInside: {
    what: 'a tuple with ... before its end',
    mend: 'move the ...rest to the end, or use an object with two fields',
  },
  tooDeep: {
    what: 'a type that nests too deeply',
    mend: 'a generic type that contains a larger instance of itself has no end: declare the levels you need',
  },
  accessor: { what: 'an accessor', mend: 'declare a field, or pass an interface with the fields needed' },
} as const satisfies Record<string, Obstacle>;

/** Reports it at the declaration concerned; the shape returned stands in its place, so that reading goes on. */
export function cannotTravel(scope: TypeScope, place: Place, { what, mend }: Obstacle): Shape {
  const { node } = place;
  scope.obstacles.push(
    scope.places.diagnostic(isDeclaration(node) ? nameNode(node) : node, {
      code: 'TYPE_CANNOT_TRAVEL',
      message: `${what} cannot travel`,
      path: clipped(place.path),
      mend,
    }),
  );
  return { kind: 'null' };
}

/** A type without end has a path without end. */
function clipped(path: string): string {
  return path.length <= LONGEST_PATH ? path : `${path.slice(0, LONGEST_PATH)}…`;
}

const LONGEST_PATH = 100;

function isDeclaration(node: ts.Node): node is ts.Declaration {
  return ts.getNameOfDeclaration(node as ts.Declaration) !== undefined;
}
