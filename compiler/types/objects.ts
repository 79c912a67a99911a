import ts from 'typescript';
import type { Field, Shape } from '../../sdk/codec/shape.js';
import { cannotTravel, OBSTACLES } from './cannot-travel.js';
import { inside, memberStep, type Place, type TypeScope } from './type-scope.js';
import { presentShape } from './unions.js';
import { unite } from './unite.js';

/** Interfaces, object literal types, mapped types and intersections of them: a definition, or a record. */
export function objectShape(scope: TypeScope, type: ts.Type, place: Place): Shape {
  const { checker } = scope;
  const properties = checker.getPropertiesOfType(type);
  const indexes = checker.getIndexInfosOfType(type);
  if (indexes.length > 0 && !isEmptyRecord(indexes)) {
    if (properties.length > 0) return cannotTravel(scope, place, OBSTACLES.mixedRecord);
    return recordShape(scope, indexes, place);
  }
  if (properties.length === 0 && indexes.length === 0 && isAnonymous(type))
    return cannotTravel(scope, place, OBSTACLES.emptyObject);
  const name = scope.names.claim(type, place.name);
  scope.named.set(type, name);
  scope.definitions.set(name, { kind: 'object', fields: fieldsOf(scope, properties, { ...place, name }) });
  return { kind: 'reference', name };
}

export function fieldsOf(scope: TypeScope, properties: readonly ts.Symbol[], place: Place): readonly Field[] {
  return properties.flatMap((property) => {
    const field = fieldOf(scope, property, place);
    return field === undefined ? [] : [field];
  });
}

/** Undefined for a field that is never there, and for one that cannot travel, which is reported. */
export function fieldOf(scope: TypeScope, property: ts.Symbol, place: Place): Field | undefined {
  const declaration = property.valueDeclaration ?? property.declarations?.[0];
  if (property.name.startsWith('__@')) {
    cannotTravel(scope, inside(scope, place, '[symbol]', declaration), OBSTACLES.symbolKey);
    return undefined;
  }
  const { name } = property;
  const at = inside(scope, place, memberStep(name), declaration);
  const type = scope.checker.getTypeOfSymbol(property);
  if ((property.flags & ts.SymbolFlags.Optional) === 0)
    return { name, shape: scope.read(type, at), optional: false };
  const shape = presentShape(scope, type, at, declaration);
  return shape === undefined ? undefined : { name, shape, optional: true };
}

/** `Record<string, V>` and index signatures; number keys are strings at run time. */
function recordShape(scope: TypeScope, indexes: readonly ts.IndexInfo[], place: Place): Shape {
  if (indexes.some(({ keyType }) => (keyType.flags & ts.TypeFlags.ESSymbolLike) !== 0))
    return cannotTravel(scope, place, OBSTACLES.symbolKeys);
  const values = indexes.map(({ type, declaration }) =>
    scope.read(type, inside(scope, place, '[value]', declaration)),
  );
  return { kind: 'record', values: unite(values) };
}

/** `Record<string, never>`: the usual way to say that an object has no fields. */
function isEmptyRecord(indexes: readonly ts.IndexInfo[]): boolean {
  return indexes.every(({ type }) => (type.flags & ts.TypeFlags.Never) !== 0);
}

/** `{}` itself, which admits any value, as against an interface that has no fields yet. */
function isAnonymous(type: ts.Type): boolean {
  const flags = (type.flags & ts.TypeFlags.Object) === 0 ? 0 : (type as ts.ObjectType).objectFlags;
  return (flags & ts.ObjectFlags.Anonymous) !== 0;
}
