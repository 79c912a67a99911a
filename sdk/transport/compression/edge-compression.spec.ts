import { expect } from 'chai';
import { Writer } from '../../codec/writer.js';
import { ManualClock } from '../spec-support.js';
import type { BodyCodec } from './brotli.js';
import type { CompressBody } from './compressed-frame.js';
import { OFF } from './decision.js';
import {
  EdgeCompression,
  type EdgePort,
  MAX_QUIET_MS,
  MAX_REVIEW_MS,
  MIN_QUIET_MS,
  MIN_REVIEW_MS,
  PROBE_BYTES,
} from './edge-compression.js';
import { PROBES_IN_TRAIN } from './probe-train.js';

const BODY = Buffer.alloc(PROBE_BYTES);

type Conditions = Pick<Bench, 'wireNs' | 'idle' | 'size' | 'cpuNs'>;

/** An edge whose link, codec and clock are the test's. */
class Bench implements EdgePort {
  readonly clock = new ManualClock();
  offset = 0;
  probeAt = Number.POSITIVE_INFINITY;
  /** The link's, nanoseconds per byte. */
  wireNs = 80;
  /** The receiver's, of the time between probes. */
  idle = 1;
  /** What the codec makes of bodies, and what each pass takes. */
  size = 0.3;
  cpuNs = 2;
  probes = 0;
  passes = 0;
  readonly edge: EdgeCompression;
  #compress: CompressBody | undefined;
  readonly #unanswered: number[] = [];
  #answeredAtMs = 0;

  constructor(conditions: Partial<Conditions> = {}) {
    Object.assign(this, conditions);
    const pass = (plainBytes: number): void => {
      this.passes++;
      this.clock.advance((plainBytes * this.cpuNs) / 1e6);
    };
    const codec: BodyCodec = {
      compress: (body) => {
        pass(body.length);
        return Buffer.alloc(Math.ceil(this.size * body.length));
      },
      decompress: (_bytes, plainBytes) => {
        pass(plainBytes);
        return Buffer.alloc(plainBytes);
      },
    };
    this.edge = new EdgeCompression(this, this.clock, codec);
  }

  send(_kind: number, _call: number, encode: (writer: Writer, number: number) => void, number: number): void {
    this.probes++;
    this.#unanswered.push(number);
    encode(new Writer(), number);
  }

  compressFrom(least: number | undefined, compress: CompressBody): void {
    this.#compress = least === undefined ? undefined : compress;
  }

  get choice() {
    return this.edge.status.choice;
  }

  get takesBodies(): boolean {
    return this.#compress !== undefined;
  }

  get compresses(): boolean {
    return this.choice.kind === 'on';
  }

  /** Sends bodies as fast as the link takes them. */
  run(bodies: number): void {
    for (let i = 0; i < bodies; i++) {
      const compressed = this.#compress?.(BODY);
      const bytes = compressed?.length ?? BODY.length;
      this.offset += bytes;
      if (this.offset >= this.probeAt) this.edge.probeDue();
      const ms = (bytes * this.wireNs) / 1e6;
      this.edge.blocked();
      this.clock.advance(ms);
      this.edge.flowing();
      this.answer();
    }
  }

  answer(): void {
    if (this.#unanswered.length === 0) return;
    const elapsedMicros = 1000 * (this.clock.now() - this.#answeredAtMs);
    this.#answeredAtMs = this.clock.now();
    for (const number of this.#unanswered.splice(0))
      this.edge.probeAnswered({ number, elapsedMicros, idleMicros: this.idle * elapsedMicros });
  }

  runFor(ms: number): void {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) this.run(1);
  }
}

/** A train, and the samples. */
const ENOUGH = PROBES_IN_TRAIN + 8;

describe('EdgeCompression', () => {
  it('compresses on a slow link, and says what that saves', () => {
    const bench = new Bench();
    bench.run(ENOUGH);
    expect(bench.choice).to.deep.equal({ kind: 'on', level: 1 });
    const { plainBytes, compressedBytes } = bench.edge.status;
    expect(plainBytes).to.be.at.least(BODY.length);
    expect(compressedBytes).to.equal(Math.ceil(0.3 * BODY.length) * (plainBytes / BODY.length));
  });

  it('does not even sample bodies on a fast link, nor when the receiver is busy, and probes ever more rarely', () => {
    for (const fast of [{ wireNs: 3 }, { idle: 0.2 }]) {
      const bench = new Bench(fast);
      bench.runFor(20 * MAX_QUIET_MS);
      expect([bench.choice, bench.passes]).to.deep.equal([OFF, 0]);
      // Trains begin after 1, 2 and then each 4 s.
      expect(bench.probes).to.be.within(20 * PROBES_IN_TRAIN, 26 * PROBES_IN_TRAIN);
    }
  });

  it('stays off where it costs more than it gives, and samples ever more rarely', () => {
    for (const poor of [{ size: 0.99 }, { cpuNs: 30 }]) {
      const bench = new Bench(poor);
      bench.runFor(10 * MAX_QUIET_MS);
      expect(bench.choice).to.deep.equal(OFF);
      // Three bodies, at two levels, there and back, a train.
      expect(bench.passes / 12).to.be.within(8, 16);
    }
  });

  it('ends when bodies shrink no more, before the next probes', () => {
    const bench = new Bench();
    bench.run(ENOUGH);
    bench.size = 0.97;
    const { probes } = bench;
    for (let i = 0; i < 64; i++) bench.edge.compress(BODY);
    expect([bench.choice, bench.probes]).to.deep.equal([OFF, probes]);
    bench.size = 0.3;
    bench.runFor(MAX_QUIET_MS);
    expect(bench.choice).to.deep.equal({ kind: 'on', level: 1 });
  });

  it('ends when the link has become fast', () => {
    const bench = new Bench();
    bench.run(ENOUGH);
    bench.wireNs = 3;
    bench.runFor(MIN_REVIEW_MS + 2 * MIN_QUIET_MS);
    expect(bench.choice).to.deep.equal(OFF);
  });

  it('goes on where it has made the link wide enough, and looks ever more rarely what it is without', () => {
    const bench = new Bench();
    bench.run(ENOUGH);
    let reviews = 0;
    const end = bench.clock.now() + 4 * MAX_REVIEW_MS;
    while (bench.clock.now() < end) {
      const compressed = bench.compresses;
      // Compressed, the receiver is the bottleneck.
      bench.idle = compressed ? 0.2 : 1;
      bench.run(1);
      if (compressed && !bench.compresses) reviews++;
    }
    expect(bench.choice.kind).to.equal('on');
    // After 2, 4, 8, 16 and then each 32 s.
    expect(reviews).to.be.within(5, 8);
  });

  it('takes no body aside for a train where little is sent', () => {
    const bench = new Bench();
    for (let i = 0; i < 40; i++) {
      bench.clock.advance(2_000);
      bench.run(1);
      expect(bench.takesBodies).to.equal(false);
    }
    bench.run(2);
    expect(bench.takesBodies).to.equal(true);
  });

  it('has no more probes unanswered than a train, however much is sent', () => {
    const bench = new Bench();
    bench.answer();
    for (let i = 0; i < 10_000; i++) {
      bench.offset += PROBE_BYTES;
      if (bench.offset >= bench.probeAt) bench.edge.probeDue();
    }
    expect(bench.probes).to.equal(PROBES_IN_TRAIN);
  });

  it('refuses answers to no probe', () => {
    const bench = new Bench();
    const answer = { number: 0, elapsedMicros: 1, idleMicros: 1 };
    bench.answer();
    expect(() => bench.edge.probeAnswered(answer)).to.throw('an answer to no probe');
    bench.run(ENOUGH);
    expect(() => bench.edge.probeAnswered(answer)).to.throw('an answer to no probe');
  });
});
