import type { BodyCodec } from './brotli.js';
import { LEVELS } from './brotli.js';
import type { LevelMeasure } from './decision.js';

/** A sample compresses at every level, and decompresses again. */
export const SAMPLES = 3;
/** Of the newest body, in a running mean. */
const WEIGHT = 1 / 8;

interface Mean {
  plainBytes: number;
  compressedBytes: number;
  /** The least of the samples: the others were interrupted, or the first. */
  compressNsPerByte: number;
  decompressNsPerByte: number;
}

/** What compressing the bodies of one edge gives and costs. */
export class LevelMeter {
  readonly #codec: BodyCodec;
  readonly #nowMs: () => number;
  readonly #levels = new Map<number, Mean>();
  #samples = 0;

  constructor(codec: BodyCodec, nowMs: () => number) {
    this.#codec = codec;
    this.#nowMs = nowMs;
  }

  /** Enough is known to decide by. */
  get sampled(): boolean {
    return this.#samples >= SAMPLES;
  }

  get measures(): readonly LevelMeasure[] {
    return [...this.#levels].map(([level, mean]) => ({
      level,
      size: mean.compressedBytes / mean.plainBytes,
      cpuNsPerByte: mean.compressNsPerByte + mean.decompressNsPerByte,
    }));
  }

  /** Forgets the samples: bodies and machine may have changed. */
  reset(): void {
    this.#levels.clear();
    this.#samples = 0;
  }

  sample(body: Buffer): void {
    this.#samples++;
    for (const level of LEVELS) {
      const begun = this.#nowMs();
      const compressed = this.#codec.compress(body, level);
      const compressedAt = this.#nowMs();
      this.#codec.decompress(compressed, body.length);
      const compressNsPerByte = nsPerByte(compressedAt - begun, body);
      const decompressNsPerByte = nsPerByte(this.#nowMs() - compressedAt, body);
      const mean = this.#levels.get(level);
      this.#levels.set(level, {
        plainBytes: mean === undefined ? body.length : (mean.plainBytes + body.length) / 2,
        compressedBytes:
          mean === undefined ? compressed.length : (mean.compressedBytes + compressed.length) / 2,
        compressNsPerByte: Math.min(mean?.compressNsPerByte ?? compressNsPerByte, compressNsPerByte),
        decompressNsPerByte: Math.min(mean?.decompressNsPerByte ?? decompressNsPerByte, decompressNsPerByte),
      });
    }
  }

  /** Compresses, and goes on measuring what that gives and costs. */
  compress(body: Buffer, level: number): Buffer {
    const begun = this.#nowMs();
    const compressed = this.#codec.compress(body, level);
    const mean = this.#levels.get(level);
    if (mean !== undefined) {
      mean.plainBytes += WEIGHT * (body.length - mean.plainBytes);
      mean.compressedBytes += WEIGHT * (compressed.length - mean.compressedBytes);
      mean.compressNsPerByte += WEIGHT * (nsPerByte(this.#nowMs() - begun, body) - mean.compressNsPerByte);
    }
    return compressed;
  }
}

function nsPerByte(ms: number, { length }: Buffer): number {
  return (ms * 1e6) / length;
}
