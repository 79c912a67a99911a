/** One value of a key. A number is finite; a bigint in the range of safe integers is the same key as that number. */
export type RoutingKeyPart = string | number | bigint;

/**
 * What decides the replica of a call on a component with `routing`: a value, or a flat tuple or record of values. The
 * order of a record's fields does not matter. Bounds: {@link MAX_KEY_PARTS}, {@link MAX_KEY_LENGTH}.
 */
export type RoutingKey =
  | RoutingKeyPart
  | readonly RoutingKeyPart[]
  | Readonly<Record<string, RoutingKeyPart>>;

/** Values in one key, at most. */
export const MAX_KEY_PARTS = 32;
/** UTF-16 code units in all strings and field names of one key, at most. A bigint has as many bits. */
export const MAX_KEY_LENGTH = 8192;

/** A value that cannot be a key; the message says what it is and the mend, to follow the words "the key". */
export class RoutingKeyError extends Error {
  override readonly name = 'RoutingKeyError';
}

/** Throws RoutingKeyError. */
export function checkRoutingKey(key: unknown): asserts key is RoutingKey {
  if (typeof key !== 'object') return checkWhole(key);
  if (key === null) throw new RoutingKeyError(`is null; ${ALLOWED}`);
  const parts: readonly unknown[] = Array.isArray(key) ? key : fieldsOf(key);
  if (parts.length > MAX_KEY_PARTS)
    throw new RoutingKeyError(
      `has ${parts.length} values; at most ${MAX_KEY_PARTS} are allowed: keep those that tell one key from another`,
    );
  let length = 0;
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'object' || typeof part === 'function' || part === undefined) {
      const where = Array.isArray(key) ? `[${index}]` : `.${Object.keys(key)[index]}`;
      throw new RoutingKeyError(`has at ${where} ${described(part)}; ${FLAT}`);
    }
    checkPart(part);
    length += lengthOf(part);
  }
  if (!Array.isArray(key)) for (const name of Object.keys(key)) length += name.length;
  checkLength(length);
}

const ALLOWED =
  'a key is a string, a finite number, a bigint, or a flat tuple or record of those: return one of them';
const FLAT =
  'the values of a tuple or record are strings, finite numbers and bigints: take out those that identify the key';

function checkWhole(key: unknown): void {
  checkPart(key);
  checkLength(lengthOf(key));
}

function checkPart(part: unknown): void {
  switch (typeof part) {
    case 'string':
    case 'bigint':
      return;
    case 'number':
      if (Number.isFinite(part)) return;
      throw new RoutingKeyError(`is ${part}; ${ALLOWED}`);
    default:
      throw new RoutingKeyError(`is ${described(part)}; ${ALLOWED}`);
  }
}

function lengthOf(part: unknown): number {
  if (typeof part === 'string') return part.length;
  if (typeof part !== 'bigint') return 1;
  return BigInt.asIntN(MAX_KEY_LENGTH, part) === part ? 1 : MAX_KEY_LENGTH + 1;
}

function checkLength(length: number): void {
  if (length > MAX_KEY_LENGTH)
    throw new RoutingKeyError(
      `is ${length} characters long; at most ${MAX_KEY_LENGTH} are allowed: use an id, or a digest of the value`,
    );
}

/** A class instance has more to it than its fields: it is no record. */
function fieldsOf(key: object): readonly unknown[] {
  const prototype: unknown = Object.getPrototypeOf(key);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = typeof key.constructor === 'function' ? key.constructor.name : 'a class';
    throw new RoutingKeyError(`is an instance of ${name}; ${ALLOWED}`);
  }
  return Object.values(key);
}

function described(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'without a class'})`;
  return typeof value === 'boolean' ? `the boolean ${value}` : `a ${typeof value}`;
}
