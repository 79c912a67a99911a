import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';
import { fileDesc, type GenMessage, messageDesc } from '@bufbuild/protobuf/codegenv2';
import avsc from 'avsc';
import { Packr } from 'msgpackr';
import protobuf from 'protobufjs';
import 'protobufjs/ext/descriptor/index.js';
import type { CompiledApp } from '../../sdk/codec/compiled.js';
import type { Reader } from '../../sdk/codec/reader.js';
import type { Writer } from '../../sdk/codec/writer.js';
import type { Payloads } from './messages.js';

export type Case = keyof Payloads;
export const CASES: readonly Case[] = ['tiny', 'product', 'cart', 'list'];

/** Writes the value as bytes and reads it back from them. `bytes` is their number, when last asked. */
export interface Codec {
  roundTrip(value: unknown): unknown;
  bytes(value: unknown): number;
}

/** What is compared. Each at its documented best: peers that can write in place into a buffer that is kept, do. */
export const SYSTEMS: Readonly<Record<string, (of: Case, generated: string) => Promise<Codec>>> = {
  weaverd: async (of, generated) => {
    const module = (await import(generated)) as {
      readonly app: CompiledApp;
      readonly Reader: typeof Reader;
      readonly Writer: typeof Writer;
    };
    const method = module.app.components[0]?.methods.find(({ name }) => name === of);
    if (method === undefined) throw new Error(`${of} was not generated`);
    const writer = new module.Writer(undefined, 64 * 1024);
    return {
      roundTrip(value) {
        writer.position = 0;
        method.encodeResult(writer, value);
        const reader = new module.Reader(writer.bytes, 0, writer.position);
        const result = method.decodeResult(reader);
        reader.finish();
        return result;
      },
      bytes: () => writer.position,
    };
  },
  JSON: async () => {
    const buffer = Buffer.allocUnsafeSlow(64 * 1024);
    return {
      roundTrip: (value) =>
        JSON.parse(buffer.toString('utf8', 0, buffer.write(JSON.stringify(value), 0, 'utf8'))) as unknown,
      bytes: (value) => Buffer.byteLength(JSON.stringify(value)),
    };
  },
  'msgpackr, shared structures': async () => {
    const packr = new Packr({ structures: [] });
    return {
      roundTrip: (value) => packr.unpack(packr.pack(value)) as unknown,
      bytes: (value) => packr.pack(value).length,
    };
  },
  protobufjs: async (of) => {
    // The encoders and decoders that its command line tool would print, made by the same generator.
    const type = protobuf.parse(PROTO).root.lookupType(MESSAGES[of]).setup();
    return {
      roundTrip: (value) => type.decode(type.encode(value as protobuf.Message).finish()),
      bytes: (value) => type.encode(value as protobuf.Message).finish().length,
    };
  },
  '@bufbuild/protobuf': async (of) => {
    const schema = bufbuildSchema(of);
    let source: unknown;
    let message = create(schema);
    const messageOf = (value: unknown) => {
      // Its messages are made once: an app that uses it holds them.
      if (source !== value) message = create(schema, value as object);
      source = value;
      return message;
    };
    return {
      roundTrip: (value) => fromBinary(schema, toBinary(schema, messageOf(value))),
      bytes: (value) => toBinary(schema, messageOf(value)).length,
    };
  },
  'avsc, in place': async (of) => {
    const type = avsc.Type.forSchema(AVRO[of]);
    const buffer = Buffer.allocUnsafeSlow(64 * 1024);
    return {
      roundTrip(value) {
        type.encode(value, buffer, 0);
        return type.decode(buffer, 0).value as unknown;
      },
      bytes: (value) => type.encode(value, buffer, 0),
    };
  },
};

type BufbuildSchema = GenMessage<Message>;

const MESSAGES: Readonly<Record<Case, string>> = {
  tiny: 'Tiny',
  product: 'Product',
  cart: 'Cart',
  list: 'ProductList',
};

const PROTO = `syntax = "proto3";
message Tiny { string id = 1; }
message Money { string currency_code = 1; int32 units = 2; int32 nanos = 3; }
message Product {
  string id = 1; string name = 2; string description = 3; string picture = 4; string brand = 5;
  Money price = 6; repeated string categories = 7; int32 stock = 8; double rating = 9; bool available = 10;
}
message CartItem { string product_id = 1; int32 quantity = 2; Money price = 3; }
message Cart { string user_id = 1; repeated CartItem items = 2; }
message ProductList { repeated Product products = 1; }`;

function bufbuildSchema(of: Case): BufbuildSchema {
  const { root } = protobuf.parse(PROTO) as unknown as {
    root: protobuf.Root & { toDescriptor(syntax: string): { file: object[] } };
  };
  root.resolveAll();
  const [file] = root.toDescriptor('proto3').file as { messageType: { name: string }[] }[];
  if (file === undefined) throw new Error('no descriptor');
  const encoded = protobufDescriptorBytes(file);
  const generated = fileDesc(Buffer.from(encoded).toString('base64'));
  const index = file.messageType.findIndex(({ name }) => name === MESSAGES[of]);
  return messageDesc(generated, index) as BufbuildSchema;
}

function protobufDescriptorBytes(file: object): Uint8Array {
  const { descriptor } = protobuf as unknown as {
    descriptor?: { FileDescriptorProto: protobuf.Type };
  };
  if (descriptor === undefined) throw new Error('protobufjs has no descriptors');
  return descriptor.FileDescriptorProto.encode(file as protobuf.Message).finish();
}

const MONEY = {
  type: 'record',
  name: 'Money',
  fields: [
    { name: 'currencyCode', type: 'string' },
    { name: 'units', type: 'int' },
    { name: 'nanos', type: 'int' },
  ],
} as const;
const PRODUCT = {
  type: 'record',
  name: 'Product',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'name', type: 'string' },
    { name: 'description', type: 'string' },
    { name: 'picture', type: 'string' },
    { name: 'brand', type: 'string' },
    { name: 'price', type: MONEY },
    { name: 'categories', type: { type: 'array', items: 'string' } },
    { name: 'stock', type: 'int' },
    { name: 'rating', type: 'double' },
    { name: 'available', type: 'boolean' },
  ],
} as const;
const CART_ITEM = {
  type: 'record',
  name: 'CartItem',
  fields: [
    { name: 'productId', type: 'string' },
    { name: 'quantity', type: 'int' },
    { name: 'price', type: MONEY },
  ],
} as const;
const AVRO: Readonly<Record<Case, avsc.Schema>> = {
  tiny: { type: 'record', name: 'Tiny', fields: [{ name: 'id', type: 'string' }] },
  product: PRODUCT as unknown as avsc.Schema,
  cart: {
    type: 'record',
    name: 'Cart',
    fields: [
      { name: 'userId', type: 'string' },
      { name: 'items', type: { type: 'array', items: CART_ITEM as unknown as avsc.Schema } },
    ],
  },
  list: {
    type: 'record',
    name: 'ProductList',
    fields: [{ name: 'products', type: { type: 'array', items: PRODUCT as unknown as avsc.Schema } }],
  },
};
