import type { StoredValue } from './driver.js';
import { StateError } from './state-error.js';
import { UNBUILT_SCHEMA, type ValueCodec } from './value-codec.js';

/** Turns bytes of an older schema into bytes of the reader's. */
export type Transcode = (bytes: Uint8Array) => Uint8Array;

/** Reads one state's values, whichever version of the app wrote them. */
export class ValueReader {
  readonly #state: string;
  readonly #codec: ValueCodec;
  readonly #transcoders: Map<string, Transcode>;

  private constructor(state: string, codec: ValueCodec, transcoders: Map<string, Transcode>) {
    this.#state = state;
    this.#codec = codec;
    this.#transcoders = transcoders;
  }

  /** @param stored the schemas of all values that are there. Rejects with SCHEMA_INCOMPATIBLE, which names the field. */
  static async of(state: string, codec: ValueCodec, stored: readonly string[]): Promise<ValueReader> {
    const transcoders = new Map<string, Transcode>();
    for (const schema of stored) {
      if (schema === codec.schema) continue;
      transcoders.set(schema, await transcoder(state, schema, codec.schema));
    }
    return new ValueReader(state, codec, transcoders);
  }

  /** The value, or a promise of it: for the first of a schema that was not there when the state was opened. */
  read({ bytes, schema }: StoredValue): unknown {
    if (schema === this.#codec.schema) return this.#codec.decode(bytes);
    const transcode = this.#transcoders.get(schema);
    if (transcode === undefined) return this.#readNew(bytes, schema);
    return this.#codec.decode(transcode(bytes));
  }

  /** Another version of the app, which runs beside this one, has written it. */
  async #readNew(bytes: Uint8Array, schema: string): Promise<unknown> {
    const transcode = await transcoder(this.#state, schema, this.#codec.schema);
    this.#transcoders.set(schema, transcode);
    return this.#codec.decode(transcode(bytes));
  }
}

async function transcoder(state: string, from: string, to: string): Promise<Transcode> {
  if (from === UNBUILT_SCHEMA || to === UNBUILT_SCHEMA)
    throw new StateError(
      'SCHEMA_INCOMPATIBLE',
      `the state ${state} was written by a program that was ${from === UNBUILT_SCHEMA ? 'not ' : ''}built, and this one was ${to === UNBUILT_SCHEMA ? 'not' : ''}; give it a folder of its own`,
    );
  // Needed only after a type has changed: apps do not load avsc otherwise.
  const { resolveSchemas } = await import('./schema-resolution.js');
  try {
    return resolveSchemas(from, to);
  } catch (reason) {
    throw new StateError(
      'SCHEMA_INCOMPATIBLE',
      `the values of the state ${state} that are stored cannot be read as its type now: ${reason instanceof Error ? reason.message : String(reason)}. Make what was added optional, or give the state another name. Nothing was changed`,
      { cause: reason },
    );
  }
}
