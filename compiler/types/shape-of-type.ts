import ts from 'typescript';
import type { Shape } from '../../sdk/codec/shape.js';
import { arrayShape, tupleShape } from './arrays.js';
import { builtIn } from './built-ins.js';
import { cannotTravel, OBSTACLES, type Obstacle } from './cannot-travel.js';
import { classShape } from './classes.js';
import { objectShape } from './objects.js';
import { inside, type Place, type TypeScope } from './type-scope.js';
import { unionShape } from './unions.js';

const { TypeFlags, ObjectFlags, SymbolFlags } = ts;

/** Types that nest deeper have no end: an instance of a generic type that contains a larger one of itself. */
const DEEPEST = 100;

/**
 * The shape of a TypeScript type. What cannot travel is reported to the scope, each obstacle once, and the rest of the
 * type is read all the same.
 */
export function shapeOfType(scope: TypeScope, type: ts.Type, place: Place): Shape {
  if (place.depth > DEEPEST) return cannotTravel(scope, place, OBSTACLES.tooDeep);
  const { flags } = type;
  const simple = simpleShape(type);
  if (simple !== undefined) return simple;
  if (flags & TypeFlags.Any && scope.hasTypeErrors && isUnresolved(type)) return { kind: 'null' };
  const obstacle = isThis(scope, type) ? OBSTACLES.thisType : simpleObstacle(flags);
  if (obstacle !== undefined) return cannotTravel(scope, place, obstacle);
  if (flags & TypeFlags.Union)
    return recursive(scope, type, place, () =>
      unionShape(scope, (type as ts.UnionType).types, {
        ...place,
        name: type.aliasSymbol?.name ?? place.name,
      }),
    );
  if (flags & TypeFlags.Intersection)
    return recursive(scope, type, place, () => intersectionShape(scope, type as ts.IntersectionType, place));
  if (canRecur(scope, type)) return recursive(scope, type, place, () => structuredShape(scope, type, place));
  return structuredShape(scope, type, place);
}

/** Types without parts. */
function simpleShape(type: ts.Type): Shape | undefined {
  const { flags } = type;
  if (flags & TypeFlags.VoidLike) return { kind: 'undefined' };
  if (flags & TypeFlags.Null) return { kind: 'null' };
  if (flags & TypeFlags.Boolean) return { kind: 'boolean' };
  if (flags & TypeFlags.BooleanLiteral) return { kind: 'literal', values: [booleanValue(type)] };
  if (type.isStringLiteral() || type.isNumberLiteral()) return { kind: 'literal', values: [type.value] };
  // Only unions of literals have the flag EnumLiteral beside; an enum of computed members is any number.
  if (flags & TypeFlags.Union) return undefined;
  if (flags & TypeFlags.StringLike) return { kind: 'string' };
  if (flags & TypeFlags.NumberLike) return { kind: 'number' };
  if (flags & TypeFlags.BigIntLike) return { kind: 'bigint' };
  return undefined;
}

function simpleObstacle(flags: ts.TypeFlags): Obstacle | undefined {
  if (flags & TypeFlags.Any) return OBSTACLES.any;
  if (flags & TypeFlags.Unknown) return OBSTACLES.unknown;
  if (flags & TypeFlags.Never) return OBSTACLES.never;
  if (flags & TypeFlags.ESSymbolLike) return OBSTACLES.symbol;
  if (flags & TypeFlags.NonPrimitive) return OBSTACLES.object;
  if (flags & TypeFlags.Instantiable) return OBSTACLES.typeParameter;
  return undefined;
}

/** A branded primitive is the primitive; an intersection of objects is one object with the fields of all. */
function intersectionShape(scope: TypeScope, type: ts.IntersectionType, place: Place): Shape {
  const substance =
    type.types.find((part) => !(part.flags & TypeFlags.Object)) ??
    type.types.find((part) => isOpaque(scope, part));
  if (substance !== undefined) return scope.read(substance, inside(scope, place, ''));
  return objectShape(scope, type, place);
}

/** Types that are no mere set of fields, and so give an intersection its nature. */
function isOpaque(scope: TypeScope, type: ts.Type): boolean {
  const { checker } = scope;
  return checker.isArrayType(type) || checker.isTupleType(type) || builtIn(scope, type) !== undefined;
}

function structuredShape(scope: TypeScope, type: ts.Type, place: Place): Shape {
  const { checker } = scope;
  if (checker.isArrayType(type)) return arrayShape(scope, type as ts.TypeReference, place);
  if (checker.isTupleType(type)) return tupleShape(scope, type as ts.TupleTypeReference, place);
  const known = builtIn(scope, type);
  if (known !== undefined)
    return known.kind === 'obstacle' ? cannotTravel(scope, place, known) : known.shape(place);
  if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0)
    return cannotTravel(scope, place, OBSTACLES.function);
  const symbol = type.getSymbol();
  const isInstance =
    ((type as ts.ObjectType).objectFlags & (ObjectFlags.Class | ObjectFlags.Reference)) !== 0;
  if (symbol !== undefined && isInstance && symbol.flags & SymbolFlags.Class)
    return classShape(scope, type, symbol, place);
  return objectShape(scope, type, place);
}

/** Arrays and their like recur only through a type that has a name. */
function canRecur(scope: TypeScope, type: ts.Type): boolean {
  return type.aliasSymbol !== undefined || !isOpaque(scope, type);
}

/** Breaks the recursion of `type Json = string | Json[]`: a type met inside itself becomes a definition. */
function recursive(scope: TypeScope, type: ts.Type, place: Place, read: () => Shape): Shape {
  const known = scope.named.get(type);
  if (known !== undefined) return { kind: 'reference', name: known };
  const outer = scope.open.get(type);
  if (outer !== undefined) {
    outer.name ??= scope.names.claim(type, place.name);
    return { kind: 'reference', name: outer.name };
  }
  const self: { name: string | undefined } = { name: undefined };
  scope.open.set(type, self);
  const shape = read();
  scope.open.delete(type);
  if (self.name === undefined) return shape;
  scope.definitions.set(self.name, { kind: 'alias', shape });
  scope.named.set(type, self.name);
  return { kind: 'reference', name: self.name };
}

function booleanValue(type: ts.Type): boolean {
  return 'intrinsicName' in type && type.intrinsicName === 'true';
}

function isThis(scope: TypeScope, type: ts.Type): boolean {
  return (type.flags & TypeFlags.TypeParameter) !== 0 && scope.checker.typeToString(type) === 'this';
}

/** What stands for a type that TypeScript could not resolve, and reported as an error of its own. */
export function isUnresolved(type: ts.Type): boolean {
  return 'intrinsicName' in type && type.intrinsicName === 'error';
}
