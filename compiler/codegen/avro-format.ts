import type { DecodeFormat, EncodeFormat, Format, Primitive } from './format.js';
import { quote } from './source.js';

const METHODS: Readonly<Record<Primitive, string>> = {
  boolean: 'Boolean',
  number: 'Double',
  bigint: 'Bigint',
  string: 'String',
  bytes: 'Bytes',
  date: 'Date',
};

const nothing = (): void => undefined;

const encode: EncodeFormat = {
  role: 'encode',
  parameters: 'writer, value, depth',
  begin: nothing,
  end: nothing,
  beginMessage: nothing,
  endMessage: nothing,
  call: (to, name, value, depth) => to.line(`${name}(writer, ${value}, ${depth});`),
  write: (to, kind, value) =>
    to.line(
      kind === 'date' ? `writer.writeLong(${value}.getTime());` : `writer.write${METHODS[kind]}(${value});`,
    ),
  roomForPosition: nothing,
  position: (position) =>
    position < 64 ? `writer.writeUint8(${position * 2});` : `writer.writeLong(${position});`,
  writeCount: (to, count) => to.line(`writer.writeLong(${count});`),
  endItems: (to) => to.line('writer.writeUint8(0);'),
  countsNothing: false,
  writeErrorBase: (to, value) => to.line(`writeErrorBase(writer, ${value});`),
};

const decode: DecodeFormat = {
  role: 'decode',
  parameters: 'reader, depth',
  begin: nothing,
  end: nothing,
  beginMessage: nothing,
  endMessage: nothing,
  call: (to, name, depth) => to.declare(`${name}(reader, ${depth})`),
  read: (to, kind) => to.declare(`reader.read${METHODS[kind]}()`),
  readPosition: (_, count) => `reader.readIndex(${count})`,
  refusePosition: undefined,
  /** The blocks of an Avro array or map. */
  readItems: (to, itemBytes, item) => {
    const count = to.fresh('count');
    const next = `reader.readBlockCount(${itemBytes})`;
    to.block(`for (let ${count} = ${next}; ${count} !== 0; ${count} = ${next}) {`, () => {
      to.block(`for (; ${count} > 0; ${count}--) {`, item);
    });
  },
  readErrorBase: (to, classId) => to.declare(`readErrorBase(reader, ${quote(classId)})`),
};

/** Standard Avro binary: for what is stored or leaves the app. */
export const AVRO: Format = { encode, decode };
