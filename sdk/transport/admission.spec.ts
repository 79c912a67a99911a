import { expect } from 'chai';
import fc from 'fast-check';
import { ADMISSION_RULES, Admission, type AdmissionQueue, admissionFor } from './admission.js';
import { LoopWatch } from './loop-watch.js';

const MAX_DELAY_MS = 30;
const TURN_MS = 5;
/** What a caller has in flight on a connection, at the most: it refuses the rest itself. */
const IN_FLIGHT = 4096;
const RUNS = 4;

interface Call {
  readonly at: number;
  readonly serviceMs: number;
}

interface Outcome extends Call {
  readonly admitted: boolean;
  /** From when it came to when it began or was refused. */
  readonly waitedMs: number;
  readonly endedAt: number;
}

/** A Node process in virtual time: an event loop, connections whose calls wait unread, handlers that compute. */
class Process {
  now = 0;
  readonly outcomes: Outcome[] = [];
  /** Other work of each turn, ms: with it the loop never waits. */
  spinMs = 0;
  onAnswer: (outcome: Outcome, connection: number) => void = () => {};
  readonly admission: Admission;
  readonly #watch: LoopWatch;
  readonly #connections: Connection[];
  #idleMs = 0;
  #afterReads: (() => void)[] = [];

  /** `readLimit`: calls that are read at a time, at the most. */
  constructor(connections = 1, readLimit = IN_FLIGHT) {
    const clock = { now: () => this.now, schedule: () => () => {} };
    const loop = {
      idleMs: () => this.#idleMs,
      afterReads: (task: () => void) => this.#afterReads.push(task),
    };
    this.#watch = new LoopWatch(loop, clock);
    this.admission = new Admission(
      { ...ADMISSION_RULES, maxDelayMs: MAX_DELAY_MS, fullCalls: (7 / 8) * IN_FLIGHT },
      this.#watch,
    );
    this.#connections = Array.from(
      { length: connections },
      () => new Connection(this.admission.queue(), readLimit),
    );
  }

  get refused(): readonly Outcome[] {
    return this.outcomes.filter(({ admitted }) => !admitted);
  }

  send(call: Call, connection = 0): void {
    this.#connections[connection]?.send(call);
  }

  run(untilMs: number): void {
    while (this.now < untilMs) {
      this.#poll(untilMs);
      this.#connections.forEach((connection, index) => {
        if (connection.rest.length > 0 || connection.read(this.now)) this.#handle(connection, index);
      });
      for (const task of this.#afterReads.splice(0)) task();
      this.now += this.spinMs;
    }
  }

  #poll(untilMs: number): void {
    const next = Math.min(untilMs, ...this.#connections.map(({ readyAt }) => readyAt));
    if (next <= this.now || this.spinMs > 0) return;
    this.#idleMs += next - this.now;
    this.now = next;
  }

  #handle(connection: Connection, index: number): void {
    const beganAt = this.now;
    const { queue } = connection;
    const answers: Outcome[] = [];
    for (let call = connection.rest.pop(); call !== undefined; call = connection.rest.pop()) {
      connection.handled++;
      if (!queue.sheds) queue.look(++connection.calls, this.now);
      const admitted = !queue.sheds || queue.admits(connection.handled / connection.readCalls, this.now);
      const waitedMs = this.now - call.at;
      this.now += admitted ? call.serviceMs : call.serviceMs / 200;
      answers.push({ ...call, admitted, waitedMs, endedAt: this.now });
      if (admitted && queue.sheds && this.now - beganAt > TURN_MS) break;
    }
    connection.polled &&= connection.rest.length === 0;
    this.outcomes.push(...answers);
    for (const answer of answers) this.onAnswer(answer, index);
  }
}

class Connection {
  /** In the order in which they come; those before `unreadFrom` were read. */
  readonly #sent: Call[] = [];
  #unreadFrom = 0;
  /** Read and not handled, the next one last. */
  rest: Call[] = [];
  readCalls = 0;
  handled = 0;
  /** In all, as far as they were counted. */
  calls = 0;
  polled = true;
  #readAt = 0;

  constructor(
    readonly queue: AdmissionQueue,
    readonly readLimit: number,
  ) {}

  get readyAt(): number {
    return this.rest.length > 0 ? 0 : (this.#sent[this.#unreadFrom]?.at ?? Number.POSITIVE_INFINITY);
  }

  send(call: Call): void {
    let place = this.#sent.length;
    while (place > this.#unreadFrom && (this.#sent[place - 1]?.at ?? 0) > call.at) place--;
    this.#sent.splice(place, 0, call);
  }

  read(now: number): boolean {
    if (this.readyAt > now) return false;
    const from = this.#unreadFrom;
    let come = from;
    while ((this.#sent[come]?.at ?? Number.POSITIVE_INFINITY) <= now) come++;
    const inFlight = Math.min(come, from + IN_FLIGHT);
    this.rest = this.#sent.slice(from, Math.min(inFlight, from + this.readLimit)).reverse();
    // Its caller has refused the rest of what there was.
    this.#unreadFrom = inFlight < come ? come : from + this.rest.length;
    this.readCalls = this.rest.length;
    this.handled = 0;
    this.queue.read(this.#readAt, now, this.polled);
    this.polled = true;
    this.#readAt = now;
    return true;
  }
}

/** A steady rate with a seeded jitter: so many times what the process can do. */
function openLoop(
  process: Process,
  load: { readonly from: number; readonly to: number; readonly times: number; readonly serviceMs: number },
  jitter: () => number,
  connections = 1,
): void {
  const everyMs = load.serviceMs / load.times;
  const calls: Call[] = [];
  for (let at = load.from; at < load.to; at += everyMs) {
    calls.push({ at: at + 2 * everyMs * jitter(), serviceMs: load.serviceMs });
  }
  calls.sort((a, b) => a.at - b.at);
  for (const [index, call] of calls.entries()) process.send(call, index % connections);
}

/** So many calls in flight: each is followed by another, a while after the turn in which it was answered. */
function closedLoops(
  process: Process,
  inFlight: number,
  serviceMs: number,
  thinkMs: number,
  jitter: () => number,
  connections: number,
): void {
  process.onAnswer = ({ endedAt }, connection) => {
    process.send({ at: Math.max(endedAt, process.now) + 2 * thinkMs * jitter(), serviceMs }, connection);
  };
  for (let i = 0; i < inFlight; i++) process.send({ at: 1 + jitter(), serviceMs }, i % connections);
}

/** Mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const serviceMs = fc.double({ min: 0.05, max: 4, noNaN: true });
/** So many of them come in a turn that their number hardly varies. */
const shortServiceMs = fc.double({ min: 0.05, max: 1, noNaN: true });
const seed = fc.integer();
const longServiceMs = fc.double({ min: 0.2, max: 2, noNaN: true });
const connections = fc.integer({ min: 1, max: 6 });

describe('Admission', () => {
  it('refuses no call of closed loops, however many and whatever they cost, on any number of connections', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1024 }),
        serviceMs,
        fc.double({ min: 0.1, max: 5, noNaN: true }),
        fc.integer({ min: 1, max: 10 }),
        seed,
        (inFlight, cost, thinkMs, n, seeded) => {
          const process = new Process(n);
          closedLoops(process, inFlight, cost, thinkMs, randomOf(seeded), n);
          process.run(4_000);
          expect(process.refused).to.have.length(0);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('refuses none of a burst of calls, in however many parts it is read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3_500 }),
        serviceMs,
        fc.integer({ min: 1, max: 1_500 }),
        connections,
        (burst, cost, readLimit, n) => {
          const process = new Process(n, readLimit);
          for (let i = 0; i < burst; i++) process.send({ at: 1 + i / 1_000, serviceMs: cost }, i % n);
          process.run(burst * cost + 1_000);
          expect(process.outcomes).to.have.length(burst);
          expect(process.refused).to.have.length(0);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('refuses nothing of a burst at the start, nor after a long pause while there is time to catch up', () => {
    const pauseMs = fc.integer({ min: 0, max: 1_500 });
    fc.assert(
      fc.property(
        shortServiceMs,
        connections,
        pauseMs,
        fc.integer({ min: 0, max: 500 }),
        seed,
        (cost, n, pause, burst, seeded) => {
          const process = new Process(n);
          for (let i = 0; i < burst; i++) process.send({ at: 1, serviceMs: cost }, i % n);
          process.run(burst * cost + 10);
          const from = process.now + 100;
          openLoop(process, { from, to: from + 4_000, times: 0.7, serviceMs: cost }, randomOf(seeded), n);
          process.run(from + 500);
          process.now += pause;
          process.run(from + 6_000);
          expect(process.refused).to.have.length(0);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('keeps what it admits short of waiting, and the process busy with it, under any lasting overload', () => {
    const times = fc.double({ min: 1.15, max: 4, noNaN: true });
    fc.assert(
      fc.property(longServiceMs, connections, times, seed, (ofAll, n, overload, seeded) => {
        // The longer a turn through all connections can get, the later it is noticed.
        const cost = Math.max(0.3, ofAll / n);
        const process = new Process(n);
        openLoop(process, { from: 0, to: 10_000, times: overload, serviceMs: cost }, randomOf(seeded), n);
        process.run(9_500);
        const steady = process.outcomes.filter(({ at, admitted }) => admitted && at > 7_000 && at < 9_000);
        const waits = steady.map(({ waitedMs }) => waitedMs).sort((a, b) => a - b);
        const allowance = ADMISSION_RULES.lateCalls * cost + 2 * n * (TURN_MS + cost);
        expect(waits[Math.floor(waits.length * 0.99)] ?? 0).to.be.at.most(MAX_DELAY_MS + allowance + TURN_MS);
        expect((steady.length * cost) / 2_000, 'of the time, for calls').to.be.at.least(0.8);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('ends when the overload does', () => {
    fc.assert(
      fc.property(longServiceMs, connections, seed, (ofAll, n, seeded) => {
        const cost = Math.max(0.3, ofAll / n);
        const process = new Process(n);
        const random = randomOf(seeded);
        openLoop(process, { from: 0, to: 4_000, times: 3, serviceMs: cost }, random, n);
        openLoop(process, { from: 4_000, to: 7_000, times: 0.5, serviceMs: cost }, random, n);
        process.run(6_900);
        expect(process.refused.filter(({ at }) => at > 5_000)).to.have.length(0);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('takes a process that is never idle, but takes turns, for no overload', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 8, noNaN: true }),
        fc.integer({ min: 20, max: 5_000 }),
        (spinMs, everyMs) => {
          const process = new Process();
          process.spinMs = spinMs;
          for (let at = 5; at < 20_000; at += everyMs) process.send({ at, serviceMs: 0.1 });
          process.run(20_000);
          expect(process.refused).to.have.length(0);
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  it('lets a few calls through, however long each takes', () => {
    const process = new Process();
    for (let at = 0; at < 20_000; at += 100) process.send({ at, serviceMs: 400 });
    process.run(20_000);
    expect(process.outcomes.filter(({ admitted }) => admitted)).to.have.length.at.least(40);
  });

  it('is off with 0, and takes no time that cannot be meant', () => {
    const watch = new LoopWatch(
      { idleMs: () => 0, afterReads: () => {} },
      { now: () => 0, schedule: () => () => {} },
    );
    expect(admissionFor(0, IN_FLIGHT, watch)).to.equal(undefined);
    expect(admissionFor(undefined, IN_FLIGHT, watch)).to.be.instanceOf(Admission);
    for (const delay of [-1, 0.5, Number.NaN, 1e9]) {
      expect(() => admissionFor(delay, IN_FLIGHT, watch)).to.throw(RangeError, 'WEAVERD_MAX_QUEUE_DELAY_MS');
    }
  });
});
