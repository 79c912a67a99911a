import avro from 'avsc';
import { StateError } from './state-error.js';
import type { Transcode } from './value-reader.js';

/**
 * By the rules of the Avro specification ("Schema Resolution"): fields that only the writer knows are skipped, those that only
 * the reader knows need a default, which optional ones have. Throws SCHEMA_INCOMPATIBLE, which says what does not fit.
 */
export function resolveSchemas(state: string, from: string, to: string): Transcode {
  const options = { wrapUnions: 'always', omitRecordMethods: true } as const;
  const writer = avro.Type.forSchema(JSON.parse(from) as avro.Schema, options);
  const reader = avro.Type.forSchema(JSON.parse(to) as avro.Schema, options);
  let resolver: ReturnType<typeof reader.createResolver>;
  try {
    resolver = reader.createResolver(writer);
  } catch (reason) {
    throw new StateError(
      'SCHEMA_INCOMPATIBLE',
      `the values of the state ${state} that are stored cannot be read as its type now: ${reason instanceof Error ? reason.message : String(reason)}. Make what was added optional, or give the state another name. Nothing was changed`,
      { cause: reason },
    );
  }
  return (bytes) => {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return reader.toBuffer(reader.fromBuffer(buffer, resolver));
  };
}
