import { expect } from 'chai';
import fc from 'fast-check';
import { Backlog } from './backlog.js';

/** A connection's caller, in steps: so many calls are made, then so many answered. */
class Caller {
  readonly told: boolean[] = [];
  readonly backlog = new Backlog((grows) => this.told.push(grows));
  inFlight = 0;
  now = 0;
  #answered = 0;

  step({ made, answered, ms }: { made: number; answered: number; ms: number }): void {
    this.inFlight += made;
    this.now += ms;
    const answers = Math.min(answered, this.inFlight);
    if (answers === 0) return;
    this.backlog.look(this.inFlight, this.#answered, this.now);
    this.inFlight -= answers;
    this.#answered += answers;
    if (this.inFlight === 0 && this.backlog.awaitsEnd) this.backlog.ended(this.#answered, this.now);
  }

  /** Until it says that they grow: so many calls for each that is answered. */
  overload(times: number, atMostAnswers = 20_000): void {
    const before = this.#answered;
    let due = 0;
    while (!this.backlog.grows && this.#answered - before < atMostAnswers) {
      due += 8 * times;
      const made = Math.floor(due);
      due -= made;
      this.step({ made, answered: 8, ms: 4 });
    }
  }

  refuse(times: number, ms: number): void {
    for (let i = 0; i < times; i++) {
      this.backlog.refused(this.now);
      this.step({ made: 8, answered: 8, ms });
    }
  }
}

describe('Backlog', () => {
  it('never grows while callers wait for their answers, in whatever time and portions these come', () => {
    const portions = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 3_000 })),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_096 }), portions, (callers, answers) => {
        const caller = new Caller();
        for (const [answered, ms] of answers) {
          caller.step({ made: callers - caller.inFlight, answered, ms });
        }
        expect(caller.told).to.deep.equal([]);
      }),
    );
  });

  it('grows when more calls come than are answered, from a tenth more on', () => {
    fc.assert(
      fc.property(fc.double({ min: 1.1, max: 50, noNaN: true }), (times) => {
        const caller = new Caller();
        caller.overload(times);
        expect(caller.told).to.deep.equal([true]);
      }),
    );
  });

  it('also when no more calls can be made', () => {
    const caller = new Caller();
    caller.step({ made: 4_096, answered: 8, ms: 1 });
    for (let i = 0; i < 100; i++) {
      caller.backlog.overflowed();
      caller.step({ made: 8, answered: 8, ms: 4 });
    }
    expect(caller.told).to.deep.equal([true]);
  });

  it('takes no short spike for it', () => {
    const caller = new Caller();
    for (let i = 0; i < 19; i++) caller.step({ made: 80, answered: 8, ms: 10 });
    while (caller.inFlight > 0) caller.step({ made: 4, answered: 8, ms: 10 });
    expect(caller.told).to.deep.equal([]);
  });

  it('is over when all is answered, and grows again the sooner', () => {
    const caller = new Caller();
    caller.overload(3);
    caller.step({ made: 0, answered: caller.inFlight, ms: 100 });
    expect(caller.told).to.deep.equal([true, false]);
    // Callers that wait are none the worse for it.
    for (let i = 0; i < 200; i++) caller.step({ made: 300 - caller.inFlight, answered: 1 + (i % 90), ms: 5 });
    expect(caller.told).to.deep.equal([true, false]);
    const before = caller.now;
    caller.overload(3);
    expect(caller.told).to.deep.equal([true, false, true]);
    expect(caller.now - before).to.be.below(200);
  });

  it('is over when the callee knows of it and nothing is refused for half a second', () => {
    const caller = new Caller();
    caller.overload(3);
    const known = caller.inFlight;
    for (let answered = 0; answered <= known; answered += 8) caller.step({ made: 8, answered: 8, ms: 4 });
    caller.refuse(100, 100);
    expect(caller.told).to.deep.equal([true]);
    for (let i = 0; i < 7; i++) caller.step({ made: 8, answered: 8, ms: 100 });
    expect(caller.told).to.deep.equal([true, false]);
  });

  it('is over when it falls before the callee knows of it', () => {
    const caller = new Caller();
    caller.overload(3);
    const least = 0.8 * caller.inFlight;
    while (caller.inFlight > least) caller.step({ made: 0, answered: 8, ms: 4 });
    expect(caller.told).to.deep.equal([true, false]);
  });
});
