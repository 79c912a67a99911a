import type { Writer } from '../../codec/writer.js';
import type { Clock } from '../clock.js';
import { FrameKind, NO_CALL } from '../frame.js';
import { protocolError } from '../protocol-error.js';
import { type BodyCodec, brotli } from './brotli.js';
import { type CompressBody, MIN_PLAIN_BYTES } from './compressed-frame.js';
import { type CompressionChoice, decide, OFF } from './decision.js';
import { LevelMeter } from './level-meter.js';
import { encodeProbe } from './probe-frames.js';
import { type LinkVerdict, type ProbeAnswer, ProbeTrain } from './probe-train.js';

/** What the sender's side of an edge needs of its connection: an Outbox. */
export interface EdgePort {
  /** Where the next frame begins, counted from the connection's first byte. */
  readonly offset: number;
  /** The offset at which `probeDue` is called. */
  probeAt: number;
  send(
    kind: FrameKind,
    callId: number,
    encode: (writer: Writer, number: number) => void,
    number: number,
  ): void;
  /** Bodies of `least` bytes or more are given to `compress` before they are sent, a bounded number a turn; or none are. */
  compressFrom(least: number | undefined, compress: CompressBody): void;
}

/** What an edge has done so far. */
export interface EdgeCompressionStatus {
  readonly choice: CompressionChoice;
  /** Of the bodies that were sent compressed. */
  readonly plainBytes: number;
  readonly compressedBytes: number;
}

type State =
  | { readonly kind: 'off' }
  /** The link is slow enough that it may pay: the next bodies are sampled. */
  | { readonly kind: 'sampling'; readonly before: CompressionChoice }
  | { readonly kind: 'on'; readonly level: number };

/** Bytes between the probes of a train. */
export const PROBE_BYTES = 64 * 1024;
/** On a link that takes less a byte no level pays, whatever it saves: bodies are not even sampled. */
const LEAST_WIRE_NS_PER_BYTE = 4;
/** Between trains; while it stays off it doubles. */
export const MIN_QUIET_MS = 1_000;
export const MAX_QUIET_MS = 4_000;
/** While compressing, bodies are sampled again after so long. */
const SAMPLE_AGAIN_MS = 30_000;
/**
 * While compressing, the link need not be the bottleneck any more. So long after it last was, the next train goes
 * uncompressed; when it confirms that compressing pays, the next such review comes after twice the time.
 */
export const MIN_REVIEW_MS = 2_000;
export const MAX_REVIEW_MS = 32_000;
const BODIES_BETWEEN_DECISIONS = 64;
/** Where PROBE_BYTES take longer to be sent, the link is left alone: nothing is held back for a train. */
const DENSE_MS = 1_000;
/** A body that shrinks less is sent as it is. */
const WORTHWHILE_SIZE = 0.95;

/**
 * Decides for one direction of one connection whether its large bodies are compressed. Now and then a train of probes is
 * sent between the bytes; only when it finds the link to be the bottleneck, bodies are sampled, and only when that shows
 * that it pays, they are compressed. While it is off, it costs a comparison a flush, and none a call.
 */
export class EdgeCompression {
  readonly #port: EdgePort;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #meter: LevelMeter;
  #state: State = { kind: 'off' };
  #train: ProbeTrain | undefined;
  #nextProbe = 0;
  #roundTripMs = Number.POSITIVE_INFINITY;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #quietMs = MIN_QUIET_MS;
  #reviewMs = MIN_REVIEW_MS;
  /** When the link last was found to be the bottleneck, and its rate. */
  #bottleneckAtMs = 0;
  #wireNsPerByte = 0;
  #sampledAtMs = 0;
  #sinceDecision = 0;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #dense = false;
  #blockedSinceMs: number | undefined;
  #blockedMs = 0;
  #plainBytes = 0;
  #compressedBytes = 0;

  constructor(port: EdgePort, clock: Pick<Clock, 'now'>, codec: BodyCodec = brotli) {
    this.#port = port;
    this.#clock = clock;
    this.#meter = new LevelMeter(codec, () => clock.now());
    // The first probe finds the connection empty: its answer takes a round trip.
    this.probeDue();
  }

  get status(): EdgeCompressionStatus {
    const state = this.#state;
    return {
      choice: state.kind === 'on' ? state : OFF,
      plainBytes: this.#plainBytes,
      compressedBytes: this.#compressedBytes,
    };
  }

  /** The connection has something to send and waits for the link to take it. */
  blocked(): void {
    this.#blockedSinceMs ??= this.#clock.now();
  }

  /** It does not wait any more. */
  flowing(): void {
    if (this.#blockedSinceMs === undefined) return;
    this.#blockedMs += this.#clock.now() - this.#blockedSinceMs;
    this.#blockedSinceMs = undefined;
  }

  probeDue(): void {
    const now = this.#clock.now();
    this.#dense = now - this.#dueAtMs <= DENSE_MS;
    this.#dueAtMs = now;
    if (this.#train === undefined) {
      if (now < this.#quietUntilMs) {
        this.#port.probeAt = this.#port.offset + PROBE_BYTES;
        return;
      }
      if (this.#state.kind === 'on' && now - this.#bottleneckAtMs >= this.#reviewMs) {
        this.#reviewMs = Math.min(2 * this.#reviewMs, MAX_REVIEW_MS);
        this.#enter({ kind: 'off' });
      }
      this.#train = new ProbeTrain(this.#nextProbe, this.#roundTripMs);
    }
    const blockedMs = this.#blockedMs + (this.#blockedSinceMs === undefined ? 0 : now - this.#blockedSinceMs);
    const number = this.#train.send(this.#port.offset, now, blockedMs);
    this.#nextProbe = (number + 1) >>> 0;
    this.#port.probeAt = this.#train.complete ? Number.POSITIVE_INFINITY : this.#port.offset + PROBE_BYTES;
    this.#port.send(FrameKind.PROBE, NO_CALL, encodeProbe, number);
    this.#steer();
  }

  /** Throws PROTOCOL_ERROR for an answer to no probe. */
  probeAnswered(answer: ProbeAnswer): void {
    if (this.#train === undefined) throw protocolError(`an answer to no probe, ${answer.number}`);
    const verdict = this.#train.answer(answer, this.#clock.now());
    this.#roundTripMs = this.#train.roundTripMs;
    if (verdict === undefined) return;
    this.#train = undefined;
    this.#conclude(verdict);
    this.#port.probeAt = this.#port.offset + PROBE_BYTES;
  }

  /** The body compressed; undefined when it is sent as it is. */
  readonly compress: CompressBody = (body) => {
    const state = this.#state;
    if (state.kind === 'off') return undefined;
    if (state.kind === 'sampling') {
      this.#meter.sample(body);
      if (this.#meter.sampled) this.#decide();
      return undefined;
    }
    const compressed = this.#meter.compress(body, state.level);
    if (++this.#sinceDecision >= BODIES_BETWEEN_DECISIONS) this.#decide();
    if (compressed.length > WORTHWHILE_SIZE * body.length) return undefined;
    this.#plainBytes += body.length;
    this.#compressedBytes += compressed.length;
    return compressed;
  };

  #conclude(verdict: LinkVerdict): void {
    const now = this.#clock.now();
    if (verdict.kind === 'bottleneck') {
      this.#bottleneckAtMs = now;
      this.#wireNsPerByte = verdict.nsPerByte;
    }
    this.#quietUntilMs = now + MIN_QUIET_MS;
    if (this.#state.kind === 'on') {
      if (verdict.kind === 'not-bottleneck') return;
      if (now - this.#sampledAtMs >= SAMPLE_AGAIN_MS) this.#sample();
      else this.#decide();
    } else if (verdict.kind === 'bottleneck' && verdict.nsPerByte >= LEAST_WIRE_NS_PER_BYTE) {
      this.#sample();
    } else {
      this.#stayOff();
    }
  }

  #sample(): void {
    this.#meter.reset();
    this.#sampledAtMs = this.#clock.now();
    this.#enter({ kind: 'sampling', before: this.status.choice });
  }

  #decide(): void {
    this.#sinceDecision = 0;
    const state = this.#state;
    const { measures } = this.#meter;
    // Of the other levels nothing new is known while one is used.
    const choice =
      state.kind === 'on'
        ? decide(
            this.#wireNsPerByte,
            measures.filter(({ level }) => level === state.level),
            state,
          )
        : decide(this.#wireNsPerByte, measures, state.kind === 'sampling' ? state.before : OFF);
    if (choice.kind === 'off') {
      this.#stayOff();
      return;
    }
    this.#quietMs = MIN_QUIET_MS;
    this.#enter(choice);
  }

  #stayOff(): void {
    this.#quietUntilMs = this.#clock.now() + this.#quietMs;
    this.#quietMs = Math.min(2 * this.#quietMs, MAX_QUIET_MS);
    this.#reviewMs = MIN_REVIEW_MS;
    this.#enter({ kind: 'off' });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#steer();
  }

  /** Also while a train is sent, so that its probes come between bodies that are given at once. */
  #steer(): void {
    const sendsTrain = this.#dense && this.#train !== undefined && !this.#train.complete;
    this.#port.compressFrom(
      sendsTrain || this.#state.kind !== 'off' ? MIN_PLAIN_BYTES : undefined,
      this.compress,
    );
  }
}
