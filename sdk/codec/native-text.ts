/*
 * What Buffer does for text natively. Its own `write` and `toString` look up an encoding by name and check ranges on the
 * way to these methods, which Node has had since its beginning and has never documented: each stands behind one function
 * here, which does without it should it ever be gone.
 */

interface NativeText {
  utf8Write(text: string, at: number, room: number): number;
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** A buffer that has been found to have the methods. */
type NativeBuffer = Buffer & NativeText;

type Write = (bytes: Buffer, text: string, at: number, room: number) => number;
type Slice = (bytes: Buffer, start: number, end: number) => string;

export interface TextFunctions {
  /**
   * Writes the text as UTF-8, lone surrogates as U+FFFD, and returns the bytes it took; whole characters only, as many as
   * `room` bytes hold.
   */
  readonly writeUtf8: Write;
  /** Bytes `start` to `end`, which lie within the buffer, as text: a character for each. */
  readonly sliceLatin1: Slice;
  /** Likewise, as UTF-8; what is none becomes U+FFFD. */
  readonly sliceUtf8: Slice;
}

/** @param prototype whose methods are looked for */
export function textFunctions(prototype: object): TextFunctions {
  const has = (name: keyof NativeText): boolean => typeof Reflect.get(prototype, name) === 'function';
  return {
    writeUtf8: has('utf8Write')
      ? (bytes, text, at, room) => (bytes as NativeBuffer).utf8Write(text, at, room)
      : (bytes, text, at, room) => bytes.write(text, at, room, 'utf8'),
    sliceLatin1: has('latin1Slice')
      ? (bytes, start, end) => (bytes as NativeBuffer).latin1Slice(start, end)
      : (bytes, start, end) => bytes.toString('latin1', start, end),
    sliceUtf8: has('utf8Slice')
      ? (bytes, start, end) => (bytes as NativeBuffer).utf8Slice(start, end)
      : (bytes, start, end) => bytes.toString('utf8', start, end),
  };
}

export const { writeUtf8, sliceLatin1, sliceUtf8 } = textFunctions(Buffer.prototype);
