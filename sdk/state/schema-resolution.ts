import avro from 'avsc';
import { resolveAvro } from '../protocol/avro-resolution.js';
import type { Transcode } from './value-reader.js';

/** Throws an error that says what does not fit: see {@link resolveAvro}. */
export function resolveSchemas(from: string, to: string): Transcode {
  const resolution = resolveAvro(from, to);
  if (resolution.kind === 'incompatible')
    throw new Error(`${resolution.path === '' ? 'the value' : resolution.path} ${resolution.problem}`);
  const [writer, reader] = [avroType(from), avroType(to)];
  return (bytes) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return reader.toBuffer(resolution.convert(writer.fromBuffer(buffer)));
  };
}

function avroType(schema: string): avro.Type {
  return avro.Type.forSchema(JSON.parse(schema) as avro.Schema, {
    wrapUnions: 'always',
    omitRecordMethods: true,
  });
}
