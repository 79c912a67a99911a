import type { Role } from './code-module.js';
import type { Source } from './source.js';

/** Values with a form of their own. */
export type Primitive = 'boolean' | 'number' | 'bigint' | 'string' | 'bytes' | 'date';

/**
 * The bytes that generated code writes and reads for what a layout is made of. What is checked, in which order, and what
 * is said when it is wrong, is the same in every format: the encoder and the decoder write that.
 */
export interface Format {
  readonly encode: EncodeFormat;
  readonly decode: DecodeFormat;
}

/** In scope of what it emits: `writer`, and what {@link begin} or {@link beginMessage} declare. */
export interface EncodeFormat {
  /** Of the functions that encode a part. */
  readonly role: Role;
  /** Their parameters; the first three are `writer, value, depth`. */
  readonly parameters: string;
  /** The first and the last lines of such a function. */
  begin(to: Source): void;
  end(to: Source): void;
  /** The first and the last lines of a method that encodes a whole message. */
  beginMessage(to: Source): void;
  endMessage(to: Source): void;
  /** Calls such a function. */
  call(to: Source, name: string, value: string, depth: string): void;
  /** A value that was checked. */
  write(to: Source, kind: Primitive, value: string): void;
  /** Makes room for one of some positions, of which {@link position} is the statement. */
  roomForPosition(to: Source): void;
  /** Statement that writes the position, of `count`, of a branch or a symbol. */
  position(position: number, count: number): string;
  /** How many items follow: an expression that is above 0 unless the items are told to be maybe empty. */
  writeCount(to: Source, count: string): void;
  /** Behind the items, whether there were any or not. */
  endItems(to: Source): void;
  /** Whether a count of 0 is written too. */
  readonly countsNothing: boolean;
  /** Message, name, stack and cause of an error. */
  writeErrorBase(to: Source, value: string): void;
}

/** In scope of what it emits: `reader`, and what {@link begin} or {@link beginMessage} declare. */
export interface DecodeFormat {
  readonly role: Role;
  /** `reader, depth`. */
  readonly parameters: string;
  begin(to: Source): void;
  end(to: Source): void;
  beginMessage(to: Source): void;
  endMessage(to: Source): void;
  /** Declares what such a function gives, and returns its name. */
  call(to: Source, name: string, depth: string): string;
  /** Declares the value, and returns its name. */
  read(to: Source, kind: Primitive): string;
  /** An expression that is a position below `count`, or may be another number when the user of it refuses that. */
  readPosition(to: Source, count: number): string;
  /** Statement for a position that is none; undefined when reading it refused it. */
  readonly refusePosition: string | undefined;
  /** @param itemBytes what an item takes at the least as standard Avro */
  readItems(to: Source, itemBytes: number, item: () => void): void;
  /**
   * Declares an array of items, and returns its name.
   * @param item declares one, and returns its name
   */
  readArray(to: Source, itemBytes: number, item: () => string): string;
  readErrorBase(to: Source, classId: string): string;
}
