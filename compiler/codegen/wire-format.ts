import { MAX_COUNT_BYTES, MAX_NUMBER_BYTES, MAX_SMALL_NUMBER } from '../../sdk/codec/wire-numbers.js';
import type { DecodeFormat, EncodeFormat, Format, Primitive } from './format.js';
import { quote, type Source } from './source.js';

/*
 * For messages between proclets of one version, which nobody else reads. The same values in the same order as Avro, but:
 * small integers take a byte and other numbers a byte more (wire-numbers.ts), counts are varints without sign, items
 * end where their count says, a position of a branch or a symbol is a byte, and strings may be bundled behind
 * everything else (wire-text.ts). The code keeps the position in a local, makes room for what several writes take at the
 * most at once, and checks bounds behind what it read, before anything is handed out.
 */

/** More branches or symbols take a count's bytes. */
const MAX_BYTE_POSITIONS = 256;
/** Room for more items is made as they come. */
const MAX_PREPARED_ITEMS = 256;
/** Strings in a message from which bundling them pays. */
const BUNDLED_STRINGS = 3;

const WRITES: Readonly<Record<'bigint' | 'string' | 'bytes', string>> = {
  bigint: 'writeBigint',
  string: 'writeString',
  bytes: 'writeBytes',
};
const READS: Readonly<Record<'bigint' | 'string' | 'bytes' | 'date', string>> = {
  bigint: 'readBigint',
  string: 'readString',
  bytes: 'readBytes',
  date: 'readDate',
};

/** @param strings of a message, as counted by string-count.ts */
export function wireFormat(strings: number): Format {
  return strings < BUNDLED_STRINGS ? INLINE : BUNDLED;
}

/** A statement of the writer's own, which keeps the position itself. */
function writeApart(to: Source, statement: string): void {
  to.line(`writer.finish(p); ${statement} p = writer.position; bytes = writer.bytes;`);
  to.closeRoom();
}

function readApart(to: Source, expression: string): string {
  to.line('reader.position = p;');
  const value = to.declare(expression);
  to.line('p = reader.position;');
  return value;
}

function write(to: Source, kind: Primitive, value: string, isBundled: boolean): void {
  switch (kind) {
    case 'boolean':
      to.room(1);
      return to.line(`bytes[p++] = ${value} ? 1 : 0;`);
    case 'number':
      to.room(MAX_NUMBER_BYTES);
      to.line(
        `if (${value} > 0 && ${value} <= ${MAX_SMALL_NUMBER} && ${value} === (${value} | 0)) bytes[p++] = ${value};`,
      );
      return to.line(`else p = writeNumber(bytes, p, ${value});`);
    case 'string':
      if (!isBundled) return writeApart(to, `writer.writeString(${value});`);
      to.line(`text += ${value};`);
      return writeCount(to, `${value}.length`);
    case 'date':
      return writeApart(to, `writer.writeLong(${value}.getTime());`);
    default:
      return writeApart(to, `writer.${WRITES[kind]}(${value});`);
  }
}

function writeCount(to: Source, count: string): void {
  to.room(MAX_COUNT_BYTES);
  to.line(`if (${count} < 128) bytes[p++] = ${count}; else p = writeCount(bytes, p, ${count});`);
}

/**
 * The text that is gathered is a local, given on from function to function: stored in an object that is older, each new
 * one would cost a write barrier. The position, a small integer, costs none in the writer.
 */
function bundledCalls(): Pick<
  EncodeFormat,
  'parameters' | 'begin' | 'end' | 'beginMessage' | 'endMessage' | 'call'
> {
  return {
    parameters: 'writer, value, depth, text',
    begin: (to) => to.line('let { bytes, position: p } = writer;'),
    end: (to) => to.line('writer.position = p; return text;'),
    beginMessage: (to) => {
      to.line('const start = writer.position;');
      to.line('let p = beginText(writer);');
      to.line('let { bytes } = writer;');
      to.line('let text = "";');
    },
    endMessage: (to) => to.line('endText(writer, start, p, text);'),
    call: (to, name, value, depth) => {
      to.line(`writer.position = p; text = ${name}(writer, ${value}, ${depth}, text);`);
      to.line('p = writer.position; bytes = writer.bytes;');
      to.closeRoom();
    },
  };
}

function inlineCalls(): ReturnType<typeof bundledCalls> {
  return {
    parameters: 'writer, value, depth, p',
    begin: (to) => to.line('let { bytes } = writer;'),
    end: (to) => to.line('return p;'),
    beginMessage: (to) => {
      to.line('let p = writer.position;');
      to.line('let { bytes } = writer;');
    },
    endMessage: (to) => to.line('writer.finish(p);'),
    call: (to, name, value, depth) => {
      to.line(`p = ${name}(writer, ${value}, ${depth}, p); bytes = writer.bytes;`);
      to.closeRoom();
    },
  };
}

function encodeFormat(isBundled: boolean): EncodeFormat {
  return {
    role: isBundled ? 'bundle' : 'pack',
    ...(isBundled ? bundledCalls() : inlineCalls()),
    write: (to, kind, value) => write(to, kind, value, isBundled),
    roomForPosition: (to) => to.room(MAX_COUNT_BYTES),
    position: (position, count) =>
      count <= MAX_BYTE_POSITIONS ? `bytes[p++] = ${position};` : `p = writeCount(bytes, p, ${position});`,
    writeCount,
    endItems: () => undefined,
    countsNothing: true,
    writeErrorBase: (to, value) => writeApart(to, `writeErrorBase(writer, ${value});`),
  };
}

function readCount(to: Source, hint: string): string {
  const count = to.fresh(hint);
  to.line(`let ${count} = bytes[p++];`);
  to.line(`if (${count} > 127) { ${count} = readCount(reader, p, ${count}); p = reader.position; }`);
  return count;
}

function read(to: Source, kind: Primitive, isBundled: boolean): string {
  switch (kind) {
    case 'boolean': {
      const byte = to.declare('bytes[p++]');
      to.line(`if (!(${byte} <= 1)) refuseByte(${byte});`);
      return to.declare(`${byte} === 1`);
    }
    case 'number': {
      const number = to.fresh('value');
      to.line(`let ${number} = bytes[p++];`);
      to.line(
        `if (${number} > ${MAX_SMALL_NUMBER}) { ${number} = readNumber(reader, p, ${number}); p = reader.position; }`,
      );
      return number;
    }
    case 'string':
      if (!isBundled) return readApart(to, 'reader.readString()');
      return to.declare(`readText(reader, ${readCount(to, 'length')})`);
    default:
      return readApart(to, `reader.${READS[kind]}()`);
  }
}

/** Each item takes a byte at the least. */
function readItemCount(to: Source): string {
  const count = readCount(to, 'count');
  to.line(`if (!(${count} <= end - p)) refuseCount(${count}, end - p);`);
  return count;
}

const CHECK_END = 'if (p > end) refuseTruncated(p, end);';

function decodeFormat(isBundled: boolean): DecodeFormat {
  return {
    role: isBundled ? 'unbundle' : 'unpack',
    parameters: 'reader, depth',
    begin: declareReader,
    end: (to) => to.line(`${CHECK_END} reader.position = p;`),
    beginMessage: (to) => {
      if (isBundled) to.line('const messageEnd = openText(reader);');
      declareReader(to);
    },
    endMessage: (to) =>
      to.line(isBundled ? 'closeText(reader, p, messageEnd);' : `${CHECK_END} reader.position = p;`),
    call: (to, name, depth) => readApart(to, `${name}(reader, ${depth})`),
    read: (to, kind) => read(to, kind, isBundled),
    readPosition: (to, count) => (count <= MAX_BYTE_POSITIONS ? 'bytes[p++]' : readCount(to, 'position')),
    refusePosition: 'refuseByte(bytes[p - 1]);',
    readArray: (to, _, item) => {
      const count = readItemCount(to);
      const [array, index] = [to.fresh('value'), to.fresh('i')];
      // One that grows from nothing takes room for 17 items at its first.
      to.line(`const ${array} = new Array(Math.min(${count}, ${MAX_PREPARED_ITEMS}));`);
      to.block(`for (let ${index} = 0; ${index} < ${count}; ${index}++) {`, () => {
        to.line(`${array}[${index}] = ${item()};`);
        to.line(CHECK_END);
      });
      return array;
    },
    readItems: (to, _, item) => {
      const count = readItemCount(to);
      to.block(`for (; ${count} > 0; ${count}--) {`, () => {
        item();
        to.line(CHECK_END);
      });
    },
    readErrorBase: (to, classId) => readApart(to, `readErrorBase(reader, ${quote(classId)})`),
  };
}

function declareReader(to: Source): void {
  to.line('const { bytes, end } = reader;');
  to.line('let p = reader.position;');
}

const INLINE: Format = { encode: encodeFormat(false), decode: decodeFormat(false) };
const BUNDLED: Format = { encode: encodeFormat(true), decode: decodeFormat(true) };
