import type ts from 'typescript';
import type { AppShape, MethodShape, Shape } from '../sdk/codec/shape.js';
import type { DiagnosticCode } from './diagnostic.js';
import type { TypeScope } from './types/type-scope.js';

/**
 * What the calls of `ctx.state<T>('name')` store, by component and name: a codec of a value is that of a method's result.
 * What cannot be stored is reported to the scope.
 */
export function readStates(
  scope: TypeScope,
  owners: ReadonlyMap<ts.CallExpression, readonly string[]>,
): AppShape {
  const found = new Map<string, Map<string, Shape>>();
  for (const [call, components] of owners) {
    const name = nameOf(scope, call);
    const type = call.typeArguments?.[0];
    if (name === undefined || type === undefined) {
      report(scope, call, 'STATE_NOT_STATIC', name ?? '', {
        message: 'what this state stores is not known at build time',
        mend: "write its type and its name as a literal: ctx.state<Cart>('carts')",
      });
      continue;
    }
    for (const component of components) {
      const states = found.get(component) ?? new Map<string, Shape>();
      found.set(component, states);
      const shape = shapeOfState(scope, component, name, type);
      const other = states.get(name);
      if (other !== undefined && JSON.stringify(other) !== JSON.stringify(shape))
        report(scope, call, 'STATE_TWICE', `${component}.${name}`, {
          message: `the state ${name} of ${component} has another type elsewhere`,
          mend: 'give both one type, or one of them another name',
        });
      states.set(name, shape);
    }
  }
  return {
    components: [...found]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, states]) => ({
        name,
        methods: [...states].sort(([a], [b]) => (a < b ? -1 : 1)).map(asMethod),
      })),
    definitions: new Map([...scope.definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
    errors: [],
  };
}

function asMethod([name, result]: readonly [string, Shape]): MethodShape {
  return { name, parameters: [], result, streaming: false };
}

function nameOf(scope: TypeScope, call: ts.CallExpression): string | undefined {
  const [argument] = call.arguments;
  if (argument === undefined) return undefined;
  const type = scope.checker.getTypeAtLocation(argument);
  return type.isStringLiteral() ? type.value : undefined;
}

function shapeOfState(scope: TypeScope, component: string, name: string, node: ts.TypeNode): Shape {
  const before = scope.obstacles;
  scope.obstacles = [];
  const path = `${component}.${name}`;
  const type = scope.checker.getTypeFromTypeNode(node);
  const shape = scope.read(type, { path, name: path, node, depth: 0 });
  const obstacles = scope.obstacles.map((obstacle) =>
    obstacle.code === 'TYPE_CANNOT_TRAVEL'
      ? {
          ...obstacle,
          code: 'TYPE_CANNOT_BE_STORED' as const,
          message: obstacle.message.replace('cannot travel', 'cannot be stored'),
        }
      : obstacle,
  );
  scope.obstacles = [...before, ...obstacles];
  return shape;
}

function report(
  scope: TypeScope,
  call: ts.CallExpression,
  code: DiagnosticCode,
  path: string,
  { message, mend }: { readonly message: string; readonly mend: string },
): void {
  scope.obstacles.push(scope.places.diagnostic(call, { code, message, path, mend }));
}
