const { fromCharCode } = String;

/** Longer texts are read faster by a native call. */
export const MAX_SHORT_ASCII = 15;

/**
 * The text of `length` bytes, at most {@link MAX_SHORT_ASCII}, that are there; undefined when one is beyond ASCII. As few
 * calls as may be: each makes a string.
 */
export function readShortAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  let text = '';
  let at = start;
  if ((length & 8) !== 0) {
    const [a, b, c, d] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0];
    const [e, f, g, h] = [bytes[at + 4] ?? 0, bytes[at + 5] ?? 0, bytes[at + 6] ?? 0, bytes[at + 7] ?? 0];
    if ((a | b | c | d | e | f | g | h) > 0x7f) return undefined;
    text = fromCharCode(a, b, c, d, e, f, g, h);
    at += 8;
  }
  if ((length & 4) !== 0) {
    const [a, b, c, d] = [bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0, bytes[at + 3] ?? 0];
    if ((a | b | c | d) > 0x7f) return undefined;
    text += fromCharCode(a, b, c, d);
    at += 4;
  }
  if ((length & 2) !== 0) {
    const [a, b] = [bytes[at] ?? 0, bytes[at + 1] ?? 0];
    if ((a | b) > 0x7f) return undefined;
    text += fromCharCode(a, b);
    at += 2;
  }
  if ((length & 1) !== 0) {
    const a = bytes[at] ?? 0;
    if (a > 0x7f) return undefined;
    text += fromCharCode(a);
  }
  return text;
}
