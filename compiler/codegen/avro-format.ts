import type { DecodeFormat, EncodeFormat, Format, Primitive } from './format.js';
import { quote, type Source } from './source.js';

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

/** The blocks of an Avro array or map. */
function readItems(to: Source, itemBytes: number, item: () => void): void {
  const count = to.fresh('count');
  const next = `reader.readBlockCount(${itemBytes})`;
  to.block(`for (let ${count} = ${next}; ${count} !== 0; ${count} = ${next}) {`, () => {
    to.block(`for (; ${count} > 0; ${count}--) {`, item);
  });
}

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
  readItems,
  readArray: (to, itemBytes, item) => {
    const array = to.declare('[]');
    readItems(to, itemBytes, () => to.line(`${array}.push(${item()});`));
    return array;
  },
  readErrorBase: (to, classId) => to.declare(`readErrorBase(reader, ${quote(classId)})`),
};

/** Standard Avro binary: for what is stored or leaves the app. */
export const AVRO: Format = { encode, decode };
