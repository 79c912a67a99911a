import { constants } from 'node:buffer';
import { MalformedInput, MessageTooLarge, TypeViolation } from './violations.js';

/**
 * Levels of recursive definitions in one value, both ways: the stack holds them with room to spare. Only types that
 * refer to themselves count.
 */
export const MAX_NESTING = 512;

const { MAX_STRING_LENGTH } = constants;

const DEEPER = 'a deeper one, or one that contains itself';
const SHALLOW = `a value nested at most ${MAX_NESTING} levels deep`;

/** Longer texts of values are not repeated in messages. */
const QUOTED_CHARACTERS = 32;
/** A path of more parts is shown without its middle. */
const SHOWN_SEGMENTS = 32;

/**
 * A {@link TypeViolation} on its way out of generated encoders: each function adds its part of the path. It carries
 * no stack, so a deep path costs little.
 */
export class Mismatch {
  /** Innermost first. */
  readonly segments: string[];

  constructor(
    segment: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    this.segments = [segment];
  }
}

export function mismatch(segment: string, expected: string, value: unknown): never {
  throw new Mismatch(segment, expected, describe(value));
}

/** What was thrown, with the caller's part of the path in front. */
export function within(thrown: unknown, segment: string): unknown {
  if (thrown instanceof Mismatch) thrown.segments.push(segment);
  return thrown;
}

/** What the method's caller sees of what was thrown. */
export function asViolation(thrown: unknown): unknown {
  if (isStackOverflow(thrown)) return new TypeViolation('', SHALLOW, DEEPER);
  if (isStringTooLong(thrown)) return new MessageTooLarge(MAX_STRING_LENGTH);
  if (!(thrown instanceof Mismatch)) return thrown;
  const segments = thrown.segments.reverse();
  const half = SHOWN_SEGMENTS / 2;
  const shown =
    segments.length <= SHOWN_SEGMENTS
      ? segments
      : [...segments.slice(0, half), '…', ...segments.slice(-half)];
  const path = shown.join('');
  return new TypeViolation(path.startsWith('.') ? path.slice(1) : path, thrown.expected, thrown.actual);
}

/** What the caller of a decoding method sees of what was thrown. */
export function asMalformed(thrown: unknown): unknown {
  return isStackOverflow(thrown)
    ? new MalformedInput('values nested more deeply than the stack holds')
    : thrown;
}

export function refuseNesting(): never {
  throw new Mismatch('', SHALLOW, DEEPER);
}

export function refuseNestedInput(): never {
  throw new MalformedInput(`values nested more than ${MAX_NESTING} levels deep`);
}

/** The bound on levels is met first, unless the caller has used up most of the stack, or its types are very wide. */
function isStackOverflow(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message === 'Maximum call stack size exceeded';
}

/** The text of one message (wire-text.ts) is longer than any string can be. */
function isStringTooLong(thrown: unknown): boolean {
  return thrown instanceof RangeError && thrown.message === 'Invalid string length';
}

/** The part of a path for an entry of a record or of a Map. */
export function keySegment(key: unknown): string {
  if (typeof key === 'string') return `[${quote(key)}]`;
  return typeof key === 'number' || typeof key === 'bigint' ? `[${key}]` : `[${describe(key)}]`;
}

export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value.length > QUOTED_CHARACTERS
        ? `a string of ${value.length} characters`
        : `string ${quote(value)}`;
    case 'number':
    case 'boolean':
      return `${typeof value} ${value}`;
    case 'bigint':
    case 'symbol':
    case 'function':
      return `a ${typeof value}`;
    case 'undefined':
      return 'undefined';
    case 'object':
      return value === null ? 'null' : describeObject(value);
  }
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid Date';
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'an object';
  const { name } = value.constructor ?? {};
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object';
}

function quote(text: string): string {
  const shown = text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text;
  return JSON.stringify(shown);
}
