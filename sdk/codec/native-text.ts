/*
 * What Buffer does for text natively. Its own `write` and `toString` look up an encoding by name and check ranges on the
 * way to these methods, which Node has had since its beginning and has never documented: each stands behind one function
 * here, which does without it should it ever be gone.
 */

type Utf8Write = (this: Buffer, text: string, at: number, length: number) => number;
type Slice = (this: Buffer, start: number, end: number) => string;

export const writeUtf8 = utf8Writer(method<Utf8Write>('utf8Write'));
export const sliceLatin1 = slicer(method<Slice>('latin1Slice'), 'latin1');
export const sliceUtf8 = slicer(method<Slice>('utf8Slice'), 'utf8');

/**
 * Writes the text as UTF-8, lone surrogates as U+FFFD, and returns the bytes it took; whole characters only, as many as
 * `room` bytes hold.
 */
export function utf8Writer(
  native: Utf8Write | undefined,
): (bytes: Buffer, text: string, at: number, room: number) => number {
  return native === undefined
    ? (bytes, text, at, room) => bytes.write(text, at, room, 'utf8')
    : (bytes, text, at, room) => native.call(bytes, text, at, room);
}

/** Bytes `start` to `end`, which lie within the buffer, as text. */
export function slicer(
  native: Slice | undefined,
  encoding: 'latin1' | 'utf8',
): (bytes: Buffer, start: number, end: number) => string {
  return native === undefined
    ? (bytes, start, end) => bytes.toString(encoding, start, end)
    : (bytes, start, end) => native.call(bytes, start, end);
}

function method<T>(name: string): T | undefined {
  const found: unknown = Reflect.get(Buffer.prototype, name);
  return typeof found === 'function' ? (found as T) : undefined;
}
