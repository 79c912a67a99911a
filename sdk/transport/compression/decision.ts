/** What compressing at one level gives and costs, as measured on bodies of this edge. */
export interface LevelMeasure {
  readonly level: number;
  /** Compressed bytes per plain byte. */
  readonly size: number;
  /** Of compressing and decompressing, nanoseconds per plain byte. */
  readonly cpuNsPerByte: number;
}

export type CompressionChoice = { readonly kind: 'off' } | { readonly kind: 'on'; readonly level: number };

export const OFF: CompressionChoice = { kind: 'off' };

/** Time saved on the wire per time of CPU: so much is asked to begin, and less to go on, so that it does not flap. */
export const MARGIN_TO_BEGIN = 2;
export const MARGIN_TO_GO_ON = 1.25;
/** A level is left for another that gains so many times as much. */
const GAIN_TO_CHANGE = 1.1;

/**
 * Whether compressing pays on a link that takes `wireNsPerByte` for each byte while it is the bottleneck, and at which of
 * the measured levels: where wire time saved less CPU time is most.
 */
export function decide(
  wireNsPerByte: number,
  levels: readonly LevelMeasure[],
  current: CompressionChoice,
): CompressionChoice {
  let best: CompressionChoice = OFF;
  let bestGain = 0;
  for (const { level, size, cpuNsPerByte } of levels) {
    const goesOn = current.kind === 'on' && current.level === level;
    const saved = wireNsPerByte * (1 - size);
    if (!(saved > cpuNsPerByte * (goesOn ? MARGIN_TO_GO_ON : MARGIN_TO_BEGIN))) continue;
    const gain = (saved - cpuNsPerByte) * (goesOn ? GAIN_TO_CHANGE : 1);
    if (gain <= bestGain) continue;
    best = { kind: 'on', level };
    bestGain = gain;
  }
  return best;
}
