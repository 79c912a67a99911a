import { protocolError } from '../protocol-error.js';

/** What the receiver tells of a probe: both in microseconds of its own clock, since the probe before. */
export interface ProbeAnswer {
  readonly number: number;
  readonly elapsedMicros: number;
  /** Of them, those in which its event loop had nothing to do. */
  readonly idleMicros: number;
}

/** What a train has found. */
export type LinkVerdict =
  | { readonly kind: 'bottleneck'; readonly nsPerByte: number }
  /** Sender, receiver or application were slower, or little was sent. */
  | { readonly kind: 'not-bottleneck' };

interface SentProbe {
  readonly number: number;
  readonly offset: number;
  readonly sentAtMs: number;
  readonly blockedMs: number;
  answeredAtMs: number;
}

export const PROBES_IN_TRAIN = 9;
/** Of the intervals between them, so many must have been limited by the link. */
const NEEDED_INTERVALS = 3;

/**
 * Finds the rate of a link while it is the bottleneck, from the times at which probes between the bytes arrive (the
 * dispersion of packet trains, as in Dovrolis et al., "Packet-dispersion techniques and a capacity-estimation methodology").
 * An interval tells of the link only when the receiver mostly waited for its bytes, and the sender did not keep it waiting: it
 * sent them before the byte in front of them had arrived, or faster than they arrived, not counting the time for which it was
 * blocked.
 */
export class ProbeTrain {
  readonly #sent: SentProbe[] = [];
  readonly #nsPerByte: number[] = [];
  readonly #firstNumber: number;
  #roundTripMs: number;
  #answered = 0;

  /** `roundTripMs`: the shortest so far. */
  constructor(firstNumber: number, roundTripMs: number) {
    this.#firstNumber = firstNumber;
    this.#roundTripMs = roundTripMs;
  }

  get roundTripMs(): number {
    return this.#roundTripMs;
  }

  /** All its probes are sent. */
  get complete(): boolean {
    return this.#sent.length === PROBES_IN_TRAIN;
  }

  /** A probe goes behind the byte `offset`; so far the sender has waited `blockedMs` for the link. Returns its number. */
  send(offset: number, nowMs: number, blockedMs: number): number {
    const number = (this.#firstNumber + this.#sent.length) >>> 0;
    this.#sent.push({ number, offset, sentAtMs: nowMs, blockedMs, answeredAtMs: Number.POSITIVE_INFINITY });
    return number;
  }

  /** Returns the verdict with the last answer. Throws PROTOCOL_ERROR for an answer to no probe. */
  answer({ number, elapsedMicros, idleMicros }: ProbeAnswer, nowMs: number): LinkVerdict | undefined {
    const probe = this.#sent[this.#answered];
    if (probe?.number !== number) throw protocolError(`an answer to no probe, ${number}`);
    const previous = this.#sent[this.#answered - 1];
    this.#answered++;
    probe.answeredAtMs = nowMs;
    this.#roundTripMs = Math.min(this.#roundTripMs, nowMs - probe.sentAtMs);
    if (previous !== undefined) {
      const ownMs = probe.sentAtMs - previous.sentAtMs - (probe.blockedMs - previous.blockedMs);
      const bytes = probe.offset - previous.offset;
      const wasFaster = 2 * ownMs * 1000 <= elapsedMicros;
      const wasAhead = probe.sentAtMs <= previous.answeredAtMs - this.#roundTripMs;
      const receiverWaited = 2 * idleMicros >= elapsedMicros;
      if ((wasFaster || wasAhead) && receiverWaited) this.#nsPerByte.push((elapsedMicros * 1000) / bytes);
    }
    return this.#answered === PROBES_IN_TRAIN ? this.#verdict() : undefined;
  }

  /** The second fastest: what made bytes late does not make the link slow, and one burst does not make it fast. */
  #verdict(): LinkVerdict {
    if (this.#nsPerByte.length < NEEDED_INTERVALS) return { kind: 'not-bottleneck' };
    const [, nsPerByte = 0] = this.#nsPerByte.sort((a, b) => a - b);
    return { kind: 'bottleneck', nsPerByte };
  }
}
