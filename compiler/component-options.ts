import ts from 'typescript';
import { unaliased } from './symbol-name.js';

/** What the options of a `component()` call say, as far as the build needs it. */
export interface ReadOptions {
  readonly name:
    | { readonly kind: 'default' }
    | { readonly kind: 'literal'; readonly name: string; readonly node: ts.Node }
    | { readonly kind: 'computed'; readonly node: ts.Node };
  /** Methods with a routing key. */
  readonly routed: ReadonlySet<string>;
  /** `routing: { exclusive }`, which is no method. */
  readonly exclusive:
    | { readonly kind: 'literal'; readonly value: boolean }
    /** A routing function: there is a method of that name. */
    | { readonly kind: 'method'; readonly node: ts.Node }
    | { readonly kind: 'computed'; readonly node: ts.Node };
  /** Classes named by `implementation`. */
  readonly implementations: readonly ts.Symbol[];
}

/** Reads them from the type of the argument, so that constants and spreads are as good as literals. */
export function readOptions(checker: ts.TypeChecker, options: ts.Expression | undefined): ReadOptions {
  if (options === undefined) {
    const exclusive = { kind: 'literal', value: false } as const;
    return { name: { kind: 'default' }, routed: new Set(), exclusive, implementations: [] };
  }
  const type = checker.getTypeAtLocation(options);
  return {
    name: readName(checker, type, options),
    routed: new Set(propertyNames(checker, type, 'routing').filter((name) => name !== 'exclusive')),
    exclusive: readExclusive(checker, type, options),
    implementations: readImplementations(checker, type),
  };
}

/** The class that an expression denotes. */
export function classOf(checker: ts.TypeChecker, expression: ts.Expression): ts.Symbol | undefined {
  return classOfType(checker.getTypeAtLocation(expression));
}

function readName(checker: ts.TypeChecker, type: ts.Type, options: ts.Expression): ReadOptions['name'] {
  const property = type.getProperty('name');
  if (property === undefined) return { kind: 'default' };
  const value = initializer(property);
  const node = property.valueDeclaration ?? options;
  const found = value === undefined ? checker.getTypeOfSymbol(property) : literalType(checker, value);
  if ((found.flags & ts.TypeFlags.Undefined) !== 0) return { kind: 'default' };
  return found.isStringLiteral() ? { kind: 'literal', name: found.value, node } : { kind: 'computed', node };
}

function readExclusive(
  checker: ts.TypeChecker,
  type: ts.Type,
  options: ts.Expression,
): ReadOptions['exclusive'] {
  const routing = type.getProperty('routing');
  const property =
    routing === undefined ? undefined : checker.getTypeOfSymbol(routing).getProperty('exclusive');
  if (property === undefined) return { kind: 'literal', value: false };
  const node = property.valueDeclaration ?? options;
  const declared = checker.getTypeOfSymbol(property);
  if (declared.getCallSignatures().length > 0) return { kind: 'method', node };
  const value = initializer(property);
  const found = value === undefined ? declared : literalType(checker, value);
  if ((found.flags & ts.TypeFlags.Undefined) !== 0) return { kind: 'literal', value: false };
  if ((found.flags & ts.TypeFlags.BooleanLiteral) === 0) return { kind: 'computed', node };
  return { kind: 'literal', value: checker.typeToString(found) === 'true' };
}

/** The type of an expression itself, not widened; of a constant, that of its value. */
function literalType(checker: ts.TypeChecker, expression: ts.Expression): ts.Type {
  const type = checker.getTypeAtLocation(expression);
  if (type.isLiteral() || !ts.isIdentifier(expression)) return type;
  const symbol = checker.getSymbolAtLocation(expression);
  const value = symbol === undefined ? undefined : initializer(unaliased(checker, symbol));
  return value === undefined ? type : checker.getTypeAtLocation(value);
}

function initializer(symbol: ts.Symbol): ts.Expression | undefined {
  const declaration = symbol.valueDeclaration;
  if (declaration === undefined) return undefined;
  if (ts.isPropertyAssignment(declaration)) return declaration.initializer;
  if (ts.isShorthandPropertyAssignment(declaration)) return declaration.name;
  const isConstant = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
  return ts.isVariableDeclaration(declaration) && isConstant ? declaration.initializer : undefined;
}

function propertyNames(checker: ts.TypeChecker, type: ts.Type, key: string): readonly string[] {
  const property = type.getProperty(key);
  if (property === undefined) return [];
  return checker.getPropertiesOfType(checker.getTypeOfSymbol(property)).map(({ name }) => name);
}

function readImplementations(checker: ts.TypeChecker, type: ts.Type): readonly ts.Symbol[] {
  const property = type.getProperty('implementation');
  if (property === undefined) return [];
  const value = checker.getTypeOfSymbol(property);
  const single = classOfType(value);
  if (single !== undefined) return [single];
  return checker
    .getPropertiesOfType(value)
    .map((each) => classOfType(checker.getTypeOfSymbol(each)))
    .filter((symbol) => symbol !== undefined);
}

function classOfType(type: ts.Type): ts.Symbol | undefined {
  const symbol = type.getSymbol();
  const isClass = symbol !== undefined && (symbol.flags & ts.SymbolFlags.Class) !== 0;
  // The type of the class itself, not that of an instance.
  return isClass && type.getConstructSignatures().length > 0 ? symbol : undefined;
}
