import type { Context } from '../context/context.js';
import { MAIN } from '../protocol/app-description.js';
import type { RoutingKey } from '../protocol/routing-key.js';
import type { ComponentClass } from './component-class.js';
import type { AnyComponentClass, ComponentOptions, ConstructibleClass, CreatingOptions } from './options.js';

/** A component as registered, its types erased: what the runtime works with. */
export interface RegisteredComponent {
  readonly name: string;
  readonly token: AnyComponentClass;
  /** Key functions by method name. */
  readonly routing: ReadonlyMap<string, (...args: readonly unknown[]) => RoutingKey>;
  /** At most one replica acts for a key at a time, and the class may have hooks for that. */
  readonly exclusive: boolean;
  mayRetry(method: string): boolean;
  /** Names an implementation of the manifest; undefined for the default. Throws ComponentError. */
  create(context: Context, implementation: string | undefined): object | Promise<object>;
  /** Public methods as far as the prototype tells: private ones of TypeScript are among them. */
  readonly methods: readonly string[];
  /** `create` may make an instance with methods that no class tells of. */
  readonly openEnded: boolean;
}

/** A mistake in the declaration of a component. */
export class ComponentError extends Error {
  override readonly name = 'ComponentError';
}

const byName = new Map<string, RegisteredComponent>();
const byClass = new Map<AnyComponentClass, RegisteredComponent>();

/**
 * Makes the class a component: others reach it with `ctx.get(Class)`, wherever it runs. Call it once, at the top level of
 * a module. A class whose constructor needs more than the Context needs `create`; an abstract class `implementation`.
 */
export function component<T extends object>(
  token: ConstructibleClass<T>,
  options?: ComponentOptions<T>,
): void;
export function component<T extends object>(token: ComponentClass<T>, options: CreatingOptions<T>): void;
export function component<T extends object>(
  token: ComponentClass<T>,
  options: ComponentOptions<T> = {},
): void {
  const registered = register(token, options);
  if (byName.has(registered.name)) {
    throw new ComponentError(
      `Two components are named ${registered.name}. Give one of them another name: component(${token.name}, { name: '…' }).`,
    );
  }
  if (byClass.has(token)) {
    throw new ComponentError(`component(${token.name}) is called twice. Remove one of the calls.`);
  }
  byName.set(registered.name, registered);
  byClass.set(token, registered);
}

export function registeredComponents(): readonly RegisteredComponent[] {
  return [...byName.values()];
}

export function componentNamed(name: string): RegisteredComponent | undefined {
  return byName.get(name);
}

/** Throws a ComponentError for a class that was never registered. */
export function componentOf(token: AnyComponentClass): RegisteredComponent {
  const registered = byClass.get(token);
  if (registered === undefined) {
    throw new ComponentError(
      `${token.name} is not a component. Add component(${token.name}) below the class.`,
    );
  }
  return registered;
}

function register<T extends object>(
  token: ComponentClass<T>,
  options: ComponentOptions<T>,
): RegisteredComponent {
  const name = options.name ?? token.name;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) || name === MAIN) {
    throw new ComponentError(
      `${JSON.stringify(name)} cannot name a component: letters, digits and _, 64 at most, and not '${MAIN}'.`,
    );
  }
  const implementations = implementationsOf(token, options);
  const { exclusive = false, ...routing } = options.routing ?? {};
  return {
    name,
    token,
    routing: new Map(Object.entries(routing) as [string, (...args: readonly unknown[]) => RoutingKey][]),
    exclusive,
    mayRetry: mayRetry(options.retry),
    create: (context, chosen) => {
      if (chosen === undefined && options.create !== undefined) return options.create(context);
      const implementation =
        chosen === undefined ? [...implementations.values()][0] : implementations.get(chosen);
      if (implementation === undefined) {
        const known = [...implementations.keys()].join(', ');
        throw new ComponentError(
          `${name} has no implementation ${JSON.stringify(chosen)}; it has: ${known}.`,
        );
      }
      return new implementation(context);
    },
    methods: methodNames([token, ...implementations.values()]),
    openEnded: options.create !== undefined,
  };
}

function implementationsOf<T extends object>(
  token: ComponentClass<T>,
  { implementation }: ComponentOptions<T>,
): ReadonlyMap<string, ConstructibleClass<T>> {
  if (implementation === undefined) {
    // The overloads of component() let only a constructible token come without create and implementation.
    return new Map([[token.name, token as ConstructibleClass<T>]]);
  }
  if (typeof implementation === 'function') return new Map([[implementation.name, implementation]]);
  return new Map(Object.entries(implementation));
}

function mayRetry(retry: boolean | object | undefined): (method: string) => boolean {
  if (typeof retry !== 'object') return () => retry === true;
  const allowed = new Set(Object.entries(retry).flatMap(([method, may]) => (may === true ? [method] : [])));
  return (method) => allowed.has(method);
}

/** Never methods of an interface: lifecycle, the client's own, and what `await` asks every object for. */
export const NOT_CALLABLE: ReadonlySet<string> = new Set([
  'constructor',
  'start',
  'stop',
  'onAcquire',
  'onRelease',
  'with',
  'then',
]);

function methodNames(classes: readonly AnyComponentClass[]): readonly string[] {
  const names = new Set<string>();
  for (const each of classes) {
    let prototype: object | null = each.prototype as object;
    while (prototype !== null && prototype !== Object.prototype) {
      for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (typeof property.value === 'function' && !NOT_CALLABLE.has(name)) names.add(name);
      }
      prototype = Object.getPrototypeOf(prototype) as object | null;
    }
  }
  return [...names].sort();
}
