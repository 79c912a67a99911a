import avro from 'avsc';
import type { Transcode } from './value-reader.js';

/**
 * By the rules of the Avro specification ("Schema Resolution"): fields that only the writer knows are skipped, those that only
 * the reader knows need a default, which optional ones have. Throws an error that says what does not fit.
 */
export function resolveSchemas(from: string, to: string): Transcode {
  const [writer, reader] = [avroType(from), avroType(to)];
  const resolver = reader.createResolver(writer);
  return (bytes) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return reader.toBuffer(reader.fromBuffer(buffer, resolver));
  };
}

function avroType(schema: string): avro.Type {
  return avro.Type.forSchema(JSON.parse(schema) as avro.Schema, {
    wrapUnions: 'always',
    omitRecordMethods: true,
  });
}
