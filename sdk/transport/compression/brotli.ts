/** What compresses bodies; each is on its own, so that any may be withdrawn. */
export interface BodyCodec {
  compress(body: Uint8Array, level: number): Buffer;
  /** Throws when the bytes are malformed, or give more than `plainBytes`. Bytes behind the end are ignored. */
  decompress(compressed: Uint8Array, plainBytes: number): Buffer;
}

/** Of Brotli's qualities, the two on the front of size against time here: for fast and for slow links. */
export const LEVELS: readonly number[] = [1, 5];

/** Bodies are little longer than 64 KiB at most: a larger window only takes memory. */
const WINDOW_BITS = 16;
const MIN_BUFFER_BYTES = 64;

/** Loaded when the first body needs it: most processes never do. */
const zlib = () => process.getBuiltinModule('node:zlib');

/** Every Node.js that weaverd runs on has it; half the time of deflate at its fastest, and as small. */
export const brotli: BodyCodec = {
  compress(body, level) {
    const { brotliCompressSync, constants } = zlib();
    return brotliCompressSync(body, {
      chunkSize: Math.max(MIN_BUFFER_BYTES, body.length),
      params: {
        [constants.BROTLI_PARAM_QUALITY]: level,
        [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    });
  },
  decompress: (compressed, plainBytes) =>
    zlib().brotliDecompressSync(compressed, {
      chunkSize: Math.max(MIN_BUFFER_BYTES, plainBytes),
      maxOutputLength: plainBytes,
    }),
};
