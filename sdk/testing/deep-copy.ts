/** A value that could not be passed to another process. */
export class CannotTravelError extends TypeError {
  override readonly name = 'CannotTravelError';

  constructor(path: string, what: string) {
    super(`${path} is ${what}, which cannot travel to another process`);
  }
}

/**
 * A copy that shares nothing with the value, as if it had come from another process. Throws a CannotTravelError that names
 * the path of a function, a symbol or a cycle.
 */
export function deepCopy(value: unknown, path: string): unknown {
  return copy(value, path, new Set());
}

function copy(value: unknown, path: string, above: ReadonlySet<object>): unknown {
  if (typeof value === 'function') throw new CannotTravelError(path, 'a function');
  if (typeof value === 'symbol') throw new CannotTravelError(path, 'a symbol');
  if (typeof value !== 'object' || value === null) return value;
  if (above.has(value)) throw new CannotTravelError(path, 'part of a cycle');
  const below = new Set(above).add(value);
  if (Array.isArray(value)) return value.map((item, index) => copy(item, `${path}[${index}]`, below));
  if (value instanceof Date) return new Date(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value instanceof Map) {
    return new Map(
      [...value].map(([key, item]) => [
        copy(key, `${path} key`, below),
        copy(item, `${path}[${String(key)}]`, below),
      ]),
    );
  }
  if (value instanceof Set) return new Set([...value].map((item) => copy(item, `${path} item`, below)));
  return copyOfObject(value, path, below);
}

function copyOfObject(value: object, path: string, below: ReadonlySet<object>): object {
  const result: object = Object.create(Object.getPrototypeOf(value));
  for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
    const copied: unknown = copy((value as Record<string, unknown>)[key], `${path}.${key}`, below);
    if (copied === undefined && property.enumerable !== true) continue;
    Object.defineProperty(result, key, {
      value: copied,
      writable: true,
      configurable: true,
      enumerable: property.enumerable ?? false,
    });
  }
  return result;
}
