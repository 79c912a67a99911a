import { sliceLatin1, sliceUtf8, writeUtf8 } from './native-text.js';
import type { Reader } from './reader.js';
import { MalformedInput, MessageTooLarge } from './violations.js';
import type { Writer } from './writer.js';

/*
 * The bundled text of a message between proclets of one version: all its strings, one after the other, behind its
 * fields, which carry their lengths in UTF-16 units. One native call writes them and one reads them.
 *
 *     [u32: 2 × bytes of the fields, + 1 when the text is not ASCII] [fields] [text, UTF-8, to the message's end]
 */

const HEADER_BYTES = 4;
/** The header's 32 bits without the flag. */
const MAX_FIELD_BYTES = 2 ** 31 - 1;
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const MAX_UNIT_BYTES = 3;
/**
 * A part of a text keeps the whole of it in memory. So text is read by windows of this many characters: no string, however
 * long it is kept, keeps more than them alive beside itself.
 */
const WINDOW = 4096;
/** V8 copies shorter parts: they keep nothing alive. */
const SHORTEST_SLICE = 13;

/** Begins a message with bundled text. Returns where its fields begin. */
export function beginText(writer: Writer): number {
  writer.room(writer.position, HEADER_BYTES);
  return writer.position + HEADER_BYTES;
}

/** Ends the message that began at `start`, and whose fields end at `end`, with its text. */
export function endText(writer: Writer, start: number, end: number, text: string): void {
  const fieldBytes = end - start - HEADER_BYTES;
  if (fieldBytes > MAX_FIELD_BYTES) throw new MessageTooLarge(MAX_FIELD_BYTES);
  if (end + text.length > writer.limit) throw new MessageTooLarge(writer.limit);
  const most = text.length * MAX_UNIT_BYTES;
  const room = end + most <= writer.bytes.length ? most : Buffer.byteLength(text, 'utf8');
  const bytes = writer.room(end, room);
  const textBytes = text.length === 0 ? 0 : writeUtf8(bytes, text, end, room);
  const header = fieldBytes * 2 + (textBytes === text.length ? 0 : 1);
  bytes[start] = header;
  bytes[start + 1] = header >>> 8;
  bytes[start + 2] = header >>> 16;
  bytes[start + 3] = header >>> 24;
  writer.finish(end + textBytes);
}

/** Begins to read a message with bundled text, which reaches to the reader's end. Returns that end; the fields' is set. */
export function openText(reader: Reader): number {
  const { bytes, end } = reader;
  const start = reader.position;
  const position = start + HEADER_BYTES;
  if (position > end) throw new MalformedInput(`a message of ${end - start} bytes has no header`);
  const [first, second] = [bytes[start] ?? 0, bytes[start + 1] ?? 0];
  const [third, fourth] = [bytes[start + 2] ?? 0, bytes[start + 3] ?? 0];
  const header = first | (second << 8) | (third << 16) | (fourth << 24);
  const fieldsEnd = position + (header >>> 1);
  reader.position = position;
  if (fieldsEnd > end) throw new MalformedInput(`fields up to ${fieldsEnd} in a message that ends at ${end}`);
  reader.end = fieldsEnd;
  if ((header & 1) === 0) {
    reader.wideText = undefined;
    const windowEnd = Math.min(end, fieldsEnd + WINDOW);
    reader.text = fieldsEnd === windowEnd ? '' : sliceLatin1(reader.bytes, fieldsEnd, windowEnd);
    reader.textAt = 0;
    reader.textStart = fieldsEnd;
  } else {
    reader.text = '';
    reader.textAt = 0;
    reader.wideText = sliceUtf8(reader.bytes, fieldsEnd, end);
    reader.wideTextAt = 0;
  }
  reader.textEnd = end;
  return end;
}

/** Ends it: all fields and all text must have been read, neither more nor less. */
export function closeText(reader: Reader, position: number, messageEnd: number): void {
  const { wideText } = reader;
  const left =
    wideText === undefined
      ? messageEnd - reader.textStart - reader.textAt
      : wideText.length - reader.wideTextAt + reader.textAt;
  if (position !== reader.end || left !== 0) {
    throw new MalformedInput(
      `fields end at ${position}, not ${reader.end}, with ${left} characters of text left`,
    );
  }
  reader.text = '';
  reader.wideText = undefined;
  reader.end = messageEnd;
  reader.position = messageEnd;
}

/** The next `length` characters of the text. */
export function readText(reader: Reader, length: number): string {
  const { text, textAt } = reader;
  const next = textAt + length;
  if (next > text.length) return readBeyondWindow(reader, length);
  reader.textAt = next;
  return text.substring(textAt, next);
}

function readBeyondWindow(reader: Reader, length: number): string {
  if (reader.wideText !== undefined) return readWideText(reader, reader.wideText, length);
  const start = reader.textStart + reader.textAt;
  const left = reader.textEnd - start;
  if (length > left) throw tooLong(length, left);
  const size = length > WINDOW ? length : Math.min(WINDOW, left);
  const text = sliceLatin1(reader.bytes, start, start + size);
  reader.text = text;
  reader.textStart = start;
  reader.textAt = length;
  return text.substring(0, length);
}

function readWideText(reader: Reader, text: string, length: number): string {
  const start = reader.wideTextAt;
  const next = start + length;
  if (next > text.length) throw tooLong(length, text.length - start);
  reader.wideTextAt = next;
  const part = text.substring(start, next);
  const isPinning = text.length > WINDOW && length >= SHORTEST_SLICE && length < text.length;
  // Halves of a surrogate pair that two strings had met in the text: in each they stand alone.
  return wellFormed(isPinning ? copyOf(part) : part);
}

function tooLong(length: number, left: number): MalformedInput {
  return new MalformedInput(`a string of ${length} characters, where the text has ${left} left`);
}

/** A part of a text that is its own, and one character more. */
function copyOf(part: string): string {
  return ` ${part}`.substring(1);
}

function wellFormed(text: string): string {
  return LONE_SURROGATE.test(text) ? text.replace(LONE_SURROGATES, '\ufffd') : text;
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;
