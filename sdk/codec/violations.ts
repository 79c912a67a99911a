/** A value does not have the shape its TypeScript type promises. Thrown while encoding. */
export class TypeViolation extends Error {
  /**
   * @param path where in the value, such as `item.quantity` or `[2].name`; empty for the value itself
   * @param expected the shape in words, such as `number`
   * @param actual the value found, described briefly and without its contents when long
   */
  constructor(
    readonly path: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`${path === '' ? 'value' : path}: expected ${expected}, got ${actual}`);
    this.name = 'TypeViolation';
  }
}

/** Bytes that no encoder of this schema wrote. Thrown while decoding. */
export class MalformedInput extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MalformedInput';
  }
}

/** A message does not fit into its writer's limit. Thrown while encoding. */
export class MessageTooLarge extends Error {
  /** @param limit the writer's limit, bytes */
  constructor(readonly limit: number) {
    super(`the message is larger than ${formatLimit(limit)}: send it in parts, or as a stream`);
    this.name = 'MessageTooLarge';
  }
}

const MIB = 1024 * 1024;

function formatLimit(bytes: number): string {
  return bytes >= MIB && bytes % MIB === 0 ? `${bytes / MIB} MiB` : `${bytes} bytes`;
}
