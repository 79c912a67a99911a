import ts from 'typescript';
import { declaredName } from '../symbol-name.js';
import type { NamedClass, Place, TypeScope } from './type-scope.js';

/**
 * Id of a class that instances are revived as: the same on every machine. Reports, and returns undefined, when the
 * build cannot bind it because it is not a named class at the top level of a module.
 */
export function bindableClass(scope: TypeScope, symbol: ts.Symbol, place: Place): string | undefined {
  const declaration = symbol.valueDeclaration;
  const bound = bindableDeclaration(declaration);
  if (bound !== undefined) return registerClass(scope, bound);
  scope.obstacles.push(
    scope.places.diagnostic(declaration ?? place.node, {
      code: 'CLASS_NOT_AT_TOP_LEVEL',
      message: `instances of ${declaredName(symbol) ?? 'a class without a name'} travel, but the other side cannot find the class`,
      path: place.path,
      mend: 'declare it as a named class at the top level of its module: class X { … }',
    }),
  );
  return undefined;
}

export function registerClass(scope: TypeScope, declaration: NamedClass): string {
  const file = scope.places.file(declaration.getSourceFile().fileName);
  const classId = `${file}#${declaration.name.text}`;
  scope.travelling.set(classId, declaration);
  return classId;
}

export function bindableDeclaration(declaration: ts.Declaration | undefined): NamedClass | undefined {
  if (declaration === undefined || !ts.isClassDeclaration(declaration)) return undefined;
  if (!ts.isSourceFile(declaration.parent)) return undefined;
  return hasName(declaration) ? declaration : undefined;
}

function hasName(declaration: ts.ClassDeclaration): declaration is NamedClass {
  return declaration.name !== undefined;
}
