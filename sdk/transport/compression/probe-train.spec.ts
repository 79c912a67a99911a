import { expect } from 'chai';
import fc from 'fast-check';
import { type LinkVerdict, PROBES_IN_TRAIN, ProbeTrain } from './probe-train.js';

interface Step {
  readonly bytes: number;
  /** Since the last probe was sent, ms. */
  readonly gapMs: number;
}

/** A link that takes `msPerByte` and half a round trip; the receiver is idle for `idle` of the time. */
function run(
  steps: readonly Step[],
  { msPerByte, roundTripMs = 0, idle = 1 }: { msPerByte: number; roundTripMs?: number; idle?: number },
): LinkVerdict | undefined {
  const train = new ProbeTrain(4_294_967_290, roundTripMs);
  const answers: { number: number; arrivedMs: number }[] = [];
  let offset = 0;
  let sentMs = 0;
  let freeMs = 0;
  for (const { bytes, gapMs } of steps) {
    sentMs += gapMs;
    offset += bytes;
    freeMs = Math.max(freeMs, sentMs) + bytes * msPerByte;
    answers.push({ number: train.send(offset, sentMs, 0), arrivedMs: freeMs + roundTripMs / 2 });
  }
  let verdict: LinkVerdict | undefined;
  let lastMs = 0;
  for (const { number, arrivedMs } of answers) {
    const elapsedMicros = 1000 * (arrivedMs - lastMs);
    lastMs = arrivedMs;
    const answer = { number, elapsedMicros, idleMicros: idle * elapsedMicros };
    verdict = train.answer(answer, arrivedMs + roundTripMs / 2);
  }
  return verdict;
}

const every = (step: Step): Step[] => Array.from({ length: PROBES_IN_TRAIN }, () => step);
const steps = fc.array(
  fc.record({
    bytes: fc.integer({ min: 65_536, max: 200_000 }),
    gapMs: fc.double({ min: 0, max: 50, noNaN: true }),
  }),
  { minLength: PROBES_IN_TRAIN, maxLength: PROBES_IN_TRAIN },
);
const link = fc.record({
  msPerByte: fc.double({ min: 1e-7, max: 1e-3, noNaN: true }),
  roundTripMs: fc.double({ min: 0, max: 100, noNaN: true }),
});

describe('ProbeTrain', () => {
  it('finds the rate of a link that is kept busy', () => {
    const verdict = run(every({ bytes: 65_536, gapMs: 0 }), { msPerByte: 8e-5 });
    expect(verdict).to.have.property('kind', 'bottleneck');
    expect(verdict).to.have.property('nsPerByte').that.is.closeTo(80, 0.001);
  });

  it('never takes a link for more than twice as slow as it is, whenever it is sent to', () => {
    fc.assert(
      fc.property(steps, link, (sent, over) => {
        const verdict = run(sent, over);
        if (verdict?.kind !== 'bottleneck') return;
        expect(verdict.nsPerByte).to.be.within(over.msPerByte * 0.99e6, over.msPerByte * 2.01e6);
      }),
    );
  });

  it('blames no link that waits for the sender, nor one whose receiver is busy', () => {
    const slowly = every({ bytes: 65_536, gapMs: 10 });
    expect(run(slowly, { msPerByte: 1e-6 })).to.deep.equal({ kind: 'not-bottleneck' });
    const busy = run(every({ bytes: 65_536, gapMs: 0 }), { msPerByte: 8e-5, idle: 0.3 });
    expect(busy).to.deep.equal({ kind: 'not-bottleneck' });
  });

  it('counts the time for which the sender was blocked as the link’s', () => {
    const train = new ProbeTrain(0, 50);
    let verdict: LinkVerdict | undefined;
    for (let i = 0; i < PROBES_IN_TRAIN; i++) {
      const number = train.send(65_536 * i, 60 * i, 58 * i);
      verdict = train.answer({ number, elapsedMicros: 60_000, idleMicros: 59_000 }, 60 * i + 55);
    }
    expect(verdict).to.have.property('kind', 'bottleneck');
  });

  it('refuses an answer to no probe', () => {
    const answer = (number: number) => ({ number, elapsedMicros: 0, idleMicros: 0 });
    const train = new ProbeTrain(7, 0);
    expect(() => train.answer(answer(7), 0)).to.throw('an answer to no probe');
    train.send(0, 0, 0);
    expect(() => train.answer(answer(8), 0)).to.throw('an answer to no probe');
    train.answer(answer(7), 0);
    expect(() => train.answer(answer(7), 0)).to.throw('an answer to no probe');
  });
});
