import { ADMISSION_RULES, Admission, type AdmissionQueue } from '../admission.js';
import { Backlog } from '../backlog.js';
import { LoopWatch } from '../loop-watch.js';

export const MAX_DELAY_MS = 30;
/** A connection's calls are handled for so long at a time. */
export const TURN_MS = 5;
/** What a caller has in flight on a connection, at the most: it refuses the rest itself. */
const IN_FLIGHT = 4096;
/** Answers that leave together, before the turn is over. */
const FLUSHED = 100;

export interface SimulatedCall {
  readonly at: number;
  readonly serviceMs: number;
}

export interface Outcome extends SimulatedCall {
  readonly admitted: boolean;
  /** From when it came to when it began or was refused. */
  readonly waitedMs: number;
}

/** A Node process in virtual time and its callers: an event loop, connections whose calls wait unread, handlers that compute. */
export class SimulatedCallee {
  now = 0;
  readonly outcomes: Outcome[] = [];
  /** Other work of each turn, ms: with it the loop never waits. */
  spinMs = 0;
  /** The answer has reached its caller. */
  onAnswer: (outcome: Outcome, connection: number) => void = () => {};
  /** What the call takes now: pauses come on top of it, and other processes may have the core. */
  lasts: (call: SimulatedCall) => number = ({ serviceMs }) => serviceMs;
  readonly #connections: SimulatedConnection[];
  #idleMs = 0;
  #afterReads: (() => void)[] = [];

  /** `readLimit`: calls that are read at a time, at the most. */
  constructor(connections = 1, readLimit = IN_FLIGHT) {
    const clock = { now: () => this.now, schedule: () => () => {} };
    const loop = {
      idleMs: () => this.#idleMs,
      afterReads: (task: () => void) => this.#afterReads.push(task),
    };
    const watch = new LoopWatch(loop, clock);
    const admission = new Admission({ ...ADMISSION_RULES, maxDelayMs: MAX_DELAY_MS }, watch);
    this.#connections = Array.from(
      { length: connections },
      () => new SimulatedConnection(admission.queue(), readLimit),
    );
  }

  get refused(): readonly Outcome[] {
    return this.outcomes.filter(({ admitted }) => !admitted);
  }

  /** Calls that are made and not answered. */
  get inFlight(): number {
    return this.#connections.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  send(call: SimulatedCall, connection = 0): void {
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

  #handle(connection: SimulatedConnection, index: number): void {
    const beganAt = this.now;
    const { queue } = connection;
    let answers: Outcome[] = [];
    const flush = () => {
      const flushed = answers;
      answers = [];
      this.outcomes.push(...flushed);
      connection.deliver(flushed, this.now);
      for (const answer of flushed) this.onAnswer(answer, index);
    };
    for (let frame = connection.rest.pop(); frame !== undefined; frame = connection.rest.pop()) {
      connection.handled++;
      if (frame.kind === 'growth') {
        queue.grows(frame.grows);
        continue;
      }
      const { call } = frame;
      const admitted = !queue.sheds || queue.admits(connection.handled / connection.readFrames, this.now);
      const waitedMs = this.now - call.at;
      this.now += admitted ? this.lasts(call) : call.serviceMs / 200;
      answers.push({ ...call, admitted, waitedMs });
      if (answers.length >= FLUSHED) flush();
      if (admitted && this.now - beganAt > TURN_MS) break;
    }
    connection.polled &&= connection.rest.length === 0;
    flush();
  }
}

type Frame =
  | { readonly kind: 'call'; readonly call: SimulatedCall }
  | { readonly kind: 'growth'; readonly grows: boolean };

/** One connection, with its caller. */
class SimulatedConnection {
  /** Not made yet, in the order in which they will be. */
  readonly #timeline: SimulatedCall[] = [];
  #madeBefore = 0;
  readonly #unread: Frame[] = [];
  #unreadFrom = 0;
  /** Read and not handled, the next one last. */
  rest: Frame[] = [];
  readFrames = 0;
  handled = 0;
  polled = true;
  #readAt = 0;
  inFlight = 0;
  #answered = 0;
  readonly #backlog = new Backlog((grows) => {
    this.#unread.push({ kind: 'growth', grows });
  });

  constructor(
    readonly queue: AdmissionQueue,
    readonly readLimit: number,
  ) {}

  get readyAt(): number {
    if (this.rest.length > 0 || this.#unread.length > this.#unreadFrom) return 0;
    return this.#timeline[this.#madeBefore]?.at ?? Number.POSITIVE_INFINITY;
  }

  send(call: SimulatedCall): void {
    let place = this.#timeline.length;
    while (place > this.#madeBefore && (this.#timeline[place - 1]?.at ?? 0) > call.at) place--;
    this.#timeline.splice(place, 0, call);
  }

  read(now: number): boolean {
    this.#make(now);
    const frames = this.#unread.slice(this.#unreadFrom, this.#unreadFrom + this.readLimit);
    if (frames.length === 0) return false;
    this.#unreadFrom += frames.length;
    this.rest = frames.reverse();
    this.readFrames = frames.length;
    this.handled = 0;
    this.queue.read(this.#readAt, now, this.polled);
    this.polled = true;
    this.#readAt = now;
    return true;
  }

  /** Answers reach the caller. */
  deliver(answers: readonly Outcome[], now: number): void {
    if (answers.length === 0) return;
    this.#make(now);
    this.#backlog.look(this.inFlight, this.#answered, now);
    if (answers.some(({ admitted }) => !admitted)) this.#backlog.refused(now);
    this.inFlight -= answers.length;
    this.#answered += answers.length;
    if (this.inFlight === 0 && this.#backlog.awaitsEnd) this.#backlog.ended(this.#answered, now);
  }

  /** The caller makes the calls whose time has come, as many as it may. */
  #make(now: number): void {
    for (;;) {
      const call = this.#timeline[this.#madeBefore];
      if (call === undefined || call.at > now) return;
      this.#madeBefore++;
      if (this.inFlight >= IN_FLIGHT) this.#backlog.overflowed();
      else {
        this.inFlight++;
        this.#unread.push({ kind: 'call', call });
      }
    }
  }
}

/** A steady rate with a jitter: so many times what the process can do. */
export function openLoop(
  callee: SimulatedCallee,
  load: { readonly from: number; readonly to: number; readonly times: number; readonly serviceMs: number },
  random: () => number,
  connections = 1,
): void {
  const everyMs = load.serviceMs / load.times;
  const calls: SimulatedCall[] = [];
  for (let at = load.from; at < load.to; at += everyMs) {
    calls.push({ at: at + 2 * everyMs * random(), serviceMs: load.serviceMs });
  }
  calls.sort((a, b) => a.at - b.at);
  for (const [index, call] of calls.entries()) callee.send(call, index % connections);
}

export interface ClosedLoops {
  readonly inFlight: number;
  readonly serviceMs: number;
  readonly thinkMs: number;
  /** The connections that they are on. */
  readonly on: readonly number[];
}

/** So many callers, each of whom calls again a while after its answer has come. */
export function closedLoops(callee: SimulatedCallee, loops: ClosedLoops, random: () => number): void {
  const { inFlight, serviceMs, thinkMs, on } = loops;
  callee.onAnswer = (_, connection) => {
    if (on.includes(connection))
      callee.send({ at: callee.now + 2 * thinkMs * random(), serviceMs }, connection);
  };
  for (let i = 0; i < inFlight; i++) {
    callee.send({ at: callee.now + 1 + random(), serviceMs }, on[i % on.length] ?? 0);
  }
}

/** Each call may take longer: the speed changes now and then, and there are pauses. */
export function disturb(callee: SimulatedCallee, random: () => number): void {
  let factor = 1;
  let changesAt = 0;
  let pausesAt = 2_000 * random();
  callee.lasts = ({ serviceMs }) => {
    const { now } = callee;
    if (now >= changesAt) {
      factor = 1 + 4 * random() ** 2;
      changesAt = now + 1_500 * random();
    }
    const pauseMs = now >= pausesAt ? 2_000 * random() ** 2 : 0;
    if (pauseMs > 0) pausesAt = now + pauseMs + 3_000 * random();
    return serviceMs * factor + pauseMs;
  };
}

/** Mulberry32: the same numbers for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
