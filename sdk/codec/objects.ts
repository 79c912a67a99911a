import { boundClass } from './compiled.js';

/** A field whose name Object.prototype has too (`constructor`, `__proto__`): only the object's own counts. */
export function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** Makes an own data property whatever the prototype has under the name: no setter runs, no prototype changes. */
export function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
}

/** Of the class with that id; the one of plain objects while it is not bound. */
export function prototypeOf(classId: string): object {
  const bound: { readonly prototype: object } | undefined = boundClass(classId);
  return bound === undefined ? Object.prototype : bound.prototype;
}

/** The position of the class that the value is an instance of, the most derived first; -1 when of none of them. */
export function nearestClass(value: object, classIds: readonly string[]): number {
  let prototype: object | null = Object.getPrototypeOf(value);
  while (prototype !== null && prototype !== Object.prototype) {
    const index = classIds.findIndex((classId) => prototypeOf(classId) === prototype);
    if (index !== -1) return index;
    prototype = Object.getPrototypeOf(prototype);
  }
  return -1;
}

/** The keys of a plain object, whose entries travel as a record; undefined when the value is none. */
export function recordKeys(value: unknown): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype: object | null = Object.getPrototypeOf(value);
  // An object of another realm (a vm context) has another Object.prototype, which has no prototype either.
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain ? Object.keys(value) : undefined;
}

/**
 * How closely a value must match a branch of a union: `0` has the fields, `1` also has nothing else that would be
 * lost, `2` also has exactly the keys of the branch.
 */
export type Strictness = 0 | 1 | 2;

export function hasOnlyKeys(value: object, known: ReadonlySet<string>, strictness: Strictness): boolean {
  if (strictness === 0) return true;
  for (const key of Object.keys(value)) {
    if (known.has(key)) continue;
    if (strictness === 2 || own(value, key) !== undefined) return false;
  }
  return true;
}

export function countUnknownKeys(value: object, known: ReadonlySet<string>): number {
  return Object.keys(value).filter((key) => !known.has(key)).length;
}
