import { deepStrictEqual } from 'node:assert';
import avsc from 'avsc';
import { expect } from 'chai';
import fc, { type GeneratorValue } from 'fast-check';
import type { CompiledApp, CompiledMethod } from '../../sdk/codec/compiled.js';
import * as runtime from '../../sdk/codec/index.js';
import { Reader } from '../../sdk/codec/reader.js';
import type { AppShape } from '../../sdk/codec/shape.js';
import { MalformedInput, TypeViolation } from '../../sdk/codec/violations.js';
import { Writer } from '../../sdk/codec/writer.js';
import { avroSchemas } from './avro-schema.js';
import { buildLayout } from './build-layout.js';
import { generateCompiledApp } from './generate.js';
import type { AppLayout, MethodLayout } from './layout.js';
import { type RandomAppOptions, randomApp } from './random-app.spec.js';
import { bindClasses, isInhabited, RandomValues } from './random-value.spec.js';

const RUNS = { numRuns: 250 };

interface Subject {
  readonly app: AppShape;
  readonly layout: AppLayout;
  readonly method: MethodLayout;
  readonly avro: CompiledMethod;
  readonly wire: CompiledMethod;
}

function compile(app: AppShape, format: 'wire' | 'avro'): CompiledMethod {
  const compiled = new Function('runtime', `return ${generateCompiledApp(app, format)}`)(
    runtime,
  ) as CompiledApp;
  const method = compiled.components[0]?.methods[0];
  if (method === undefined) throw new Error('the random app has no method');
  return method;
}

function randomSubject(g: GeneratorValue, options: RandomAppOptions): Subject {
  const app = randomApp(g, options);
  const layout = buildLayout(app);
  fc.pre(isInhabited(layout));
  bindClasses(layout);
  const method = layout.components[0]?.methods[0];
  if (method === undefined) throw new Error('the random app has no method');
  return { app, layout, method, avro: compile(app, 'avro'), wire: compile(app, 'wire') };
}

function randomArguments(values: RandomValues, method: MethodLayout): { args: unknown[]; avro: object } {
  const samples = method.parameters.map((parameter) => values.sample(parameter.layout, parameter.name));
  const args = samples.flatMap(({ value }, index) =>
    method.parameters[index]?.rest && Array.isArray(value) ? value : [value],
  );
  // A call ends with the last argument that was given.
  while (args.at(-1) === undefined && method.parameters[args.length - 1]?.optional) args.pop();
  const avro = Object.fromEntries(
    method.parameters.map(({ avroName }, index) => [avroName, samples[index]?.avro]),
  );
  return { args, avro };
}

function encoded(encode: (writer: Writer) => void): Buffer {
  const writer = new Writer(undefined, 16);
  encode(writer);
  return writer.bytes.subarray(0, writer.position);
}

function decoded<T>(bytes: Buffer, decode: (reader: Reader) => T): T {
  const reader = new Reader(bytes);
  const value = decode(reader);
  reader.finish();
  return value;
}

function avscType(schema: unknown): avsc.Type {
  return avsc.Type.forSchema(schema as avsc.Schema, { wrapUnions: true, registry: {} });
}

describe('the generated codec', function () {
  this.timeout(60_000);

  for (const distinctUnions of [true, false]) {
    it(`round-trips ${distinctUnions ? 'values' : 'values whose unions are ambiguous'}, as bytes that avsc would write`, () => {
      fc.assert(
        fc.property(fc.gen(), (g) => {
          const { app, layout, method, avro: compiled } = randomSubject(g, { distinctUnions });
          const schemas = avroSchemas(app).C?.m;
          const values = new RandomValues(g, layout);
          const { args, avro } = randomArguments(values, method);
          const argumentBytes = encoded((writer) => compiled.encodeArguments(writer, args));
          deepStrictEqual(
            decoded(argumentBytes, (reader) => compiled.decodeArguments(reader)),
            args,
          );
          const argumentsType = avscType(schemas?.arguments);
          const result = values.sample(method.result);
          const resultBytes = encoded((writer) => compiled.encodeResult(writer, result.value));
          deepStrictEqual(
            decoded(resultBytes, (reader) => compiled.decodeResult(reader)),
            result.value,
          );
          const resultType = avscType(schemas?.result);
          expect(argumentsType.toBuffer(argumentsType.fromBuffer(argumentBytes))).to.deep.equal(
            argumentBytes,
          );
          expect(resultType.toBuffer(resultType.fromBuffer(resultBytes))).to.deep.equal(resultBytes);
          if (!distinctUnions) return;
          expect(argumentBytes.toString('hex')).to.equal(argumentsType.toBuffer(avro).toString('hex'));
          expect(resultBytes.toString('hex')).to.equal(resultType.toBuffer(result.avro).toString('hex'));
        }),
        RUNS,
      );
    });
  }

  for (const distinctUnions of [true, false]) {
    it(`gives between proclets what Avro would give${distinctUnions ? '' : ', also of ambiguous unions'}`, () => {
      fc.assert(
        fc.property(fc.gen(), (g) => {
          const { layout, method, avro, wire } = randomSubject(g, { distinctUnions });
          const values = new RandomValues(g, layout);
          const { args } = randomArguments(values, method);
          const argumentBytes = encoded((writer) => wire.encodeArguments(writer, args));
          const arrived = decoded(argumentBytes, (reader) => wire.decodeArguments(reader));
          deepStrictEqual(arrived, args);
          const avroBytes = encoded((writer) => avro.encodeArguments(writer, args));
          deepStrictEqual(
            arrived,
            decoded(avroBytes, (reader) => avro.decodeArguments(reader)),
          );
          const { value } = values.sample(method.result);
          const resultBytes = encoded((writer) => wire.encodeResult(writer, value));
          deepStrictEqual(
            decoded(resultBytes, (reader) => wire.decodeResult(reader)),
            value,
          );
        }),
        RUNS,
      );
    });
  }

  it('reads a message between others, and leaves alone what is around it', () => {
    fc.assert(
      fc.property(fc.gen(), fc.nat({ max: 20 }), (g, before) => {
        const { layout, method, wire } = randomSubject(g, { distinctUnions: true });
        const { args } = randomArguments(new RandomValues(g, layout), method);
        const writer = new Writer(undefined, before + 1);
        writer.writeRaw(Buffer.alloc(before, 0xaa));
        wire.encodeArguments(writer, args);
        const end = writer.position;
        writer.writeRaw(Buffer.alloc(20, 0xbb));
        expect(writer.bytes.subarray(0, before).every((byte) => byte === 0xaa)).to.equal(true);
        const reader = new Reader(writer.bytes, before, end);
        deepStrictEqual(wire.decodeArguments(reader), args);
        reader.finish();
      }),
      RUNS,
    );
  });

  it('names the place of a value that breaks its type, the same in every format', () => {
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const { layout, method, avro, wire } = randomSubject(g, { distinctUnions: true });
        const values = new RandomValues(g, layout, g(fc.nat, { max: 40 }));
        const { args } = randomArguments(values, method);
        fc.pre(values.brokenAt !== undefined && !values.brokenAt.includes('[?]'));
        for (const compiled of [avro, wire]) {
          expect(() => encoded((writer) => compiled.encodeArguments(writer, args)))
            .to.throw(TypeViolation)
            .with.property('path', values.brokenAt === 'rest' ? 'rest[0]' : values.brokenAt);
        }
      }),
      RUNS,
    );
  });

  it('gives a value or MalformedInput for any bytes', () => {
    fc.assert(
      fc.property(fc.gen(), fc.uint8Array({ maxLength: 200 }), (g, bytes) => {
        const { avro, wire } = randomSubject(g, { distinctUnions: false });
        decodeAnything(avro, Buffer.from(bytes));
        decodeAnything(wire, Buffer.from(bytes));
        decodeAnything(wire, withText(g, bytes));
      }),
      RUNS,
    );
  });

  it('gives a value or MalformedInput for bytes that were changed on their way', () => {
    fc.assert(
      fc.property(fc.gen(), (g) => {
        const { layout, method, avro, wire } = randomSubject(g, { distinctUnions: false });
        const { args } = randomArguments(new RandomValues(g, layout), method);
        for (const compiled of [avro, wire]) {
          const bytes = Buffer.from(encoded((writer) => compiled.encodeArguments(writer, args)));
          for (let mutation = 0; mutation < 10; mutation++) {
            decodeAnything(compiled, mutated(g, bytes));
          }
        }
      }),
      RUNS,
    );
  });
});

/** Reads it alone and with other bytes around it, of which nothing may show. */
function decodeAnything(compiled: CompiledMethod, bytes: Buffer): void {
  for (const decode of [compiled.decodeArguments, compiled.decodeResult]) {
    const alone = outcome(decode, new Reader(bytes));
    for (const around of [0x01, 0x41]) {
      const within = Buffer.concat([Buffer.alloc(9, around), bytes, Buffer.alloc(2000, around)]);
      deepStrictEqual(outcome(decode, new Reader(within, 9, 9 + bytes.length)), alone);
    }
  }
}

function outcome(decode: (reader: Reader) => unknown, reader: Reader): unknown {
  try {
    const value = decode(reader);
    expect(reader.position).to.be.at.most(reader.end);
    return value;
  } catch (error) {
    expect(error).to.be.instanceOf(MalformedInput);
    return MalformedInput;
  }
}

/** With a header that says where among the bytes the text begins. */
function withText(g: GeneratorValue, bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(g(fc.nat, { max: 2 * bytes.length + 1 }));
  return Buffer.concat([header, bytes]);
}

function mutated(g: GeneratorValue, original: Buffer): Buffer {
  const bytes = Buffer.from(original);
  const at = g(fc.nat, { max: Math.max(bytes.length - 1, 0) });
  switch (g(fc.nat, { max: 2 })) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      bytes[at] = g(fc.nat, { max: 255 });
      return bytes;
    default:
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from(g(fc.uint8Array, { maxLength: 9 })),
        bytes.subarray(at),
      ]);
  }
}
