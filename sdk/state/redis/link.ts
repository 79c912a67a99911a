import { performance } from 'node:perf_hooks';
import type { Argument, CommandName, RedisClient } from './redis-client.js';

/** What became of a command. */
export type Outcome =
  | { readonly kind: 'answered'; readonly reply: unknown }
  /** The server refused it: it is certainly not executed. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It never left this process. */
  | { readonly kind: 'unsent'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface Command {
  readonly name: CommandName;
  readonly args: readonly Argument[];
  /** Of its largest arguments, about. */
  readonly bytes: number;
  /** By performance.now(). What is not answered by then is `unsent` or `unknown`. */
  readonly deadline: number;
  /** Called once, never before `send` has returned. */
  readonly done: (outcome: Outcome) => void;
}

interface Sent {
  readonly command: Command;
  isDone: boolean;
}

/** On the wire without an answer; what comes beyond waits. */
const MAX_IN_FLIGHT = 4096;
const MAX_IN_FLIGHT_BYTES = 16 * 1024 * 1024;
const TICK_MS = 50;

/** Commands of one turn of the event loop are written together; each has a deadline. */
export class Link {
  readonly #client: Pick<RedisClient, 'send' | 'cork' | 'uncork' | 'reset'>;
  readonly #whyNot: () => string | undefined;
  #acts: (() => void)[] = [];
  #waiting: Command[] = [];
  #inFlight: Sent[] = [];
  #count = 0;
  #bytes = 0;
  #isFlushing = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param whyNot why nothing can be sent now */
  constructor(
    client: Pick<RedisClient, 'send' | 'cork' | 'uncork' | 'reset'>,
    whyNot: () => string | undefined,
  ) {
    this.#client = client;
    this.#whyNot = whyNot;
  }

  send(command: Command): void {
    this.#waiting.push(command);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
    this.wake();
  }

  call(name: CommandName, args: readonly Argument[], deadline: number): Promise<Outcome> {
    return new Promise((done) => this.send({ name, args, bytes: 0, deadline, done }));
  }

  /** Calls `act` at the end of this turn, before what waits is sent. */
  atEndOfTurn(act: () => void): void {
    this.#acts.push(act);
    this.wake();
  }

  /** Sends what waits, if that is possible now. */
  wake(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      const acts = this.#acts;
      this.#acts = [];
      for (const act of acts) act();
      this.#isFlushing = false;
      this.#flush();
    });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#endWaiting(Number.POSITIVE_INFINITY, 'the state is closed');
    this.#endInFlight('the state is closed');
  }

  #flush(): void {
    if (this.#waiting.length === 0 || this.#whyNot() !== undefined) return;
    let sent = 0;
    this.#client.cork();
    try {
      for (const command of this.#waiting) {
        if (this.#count >= MAX_IN_FLIGHT || (this.#count > 0 && this.#bytes >= MAX_IN_FLIGHT_BYTES)) break;
        sent++;
        this.#write(command);
      }
    } finally {
      this.#client.uncork();
      this.#waiting = sent === this.#waiting.length ? [] : this.#waiting.slice(sent);
    }
  }

  #write(command: Command): void {
    const sent: Sent = { command, isDone: false };
    this.#inFlight.push(sent);
    this.#count++;
    this.#bytes += command.bytes;
    this.#client.send(command.name, command.args, (error, reply) => {
      if (error === null || error === undefined) this.#end(sent, { kind: 'answered', reply });
      // Of an error its text alone: ioredis hangs the command's arguments on it.
      else if (error.name === 'ReplyError') this.#end(sent, { kind: 'refused', reason: error.message });
      else this.#end(sent, { kind: 'unknown', reason: error.message });
    });
  }

  #end(sent: Sent, outcome: Outcome): void {
    if (sent.isDone) return;
    sent.isDone = true;
    this.#count--;
    this.#bytes -= sent.command.bytes;
    if (this.#waiting.length > 0) this.wake();
    sent.command.done(outcome);
  }

  #tick(): void {
    const now = performance.now();
    this.#endWaiting(now, this.#whyNot() ?? 'Redis is slower than what is asked of it');
    this.#inFlight = this.#inFlight.filter(({ isDone }) => !isDone);
    if (this.#inFlight.some(({ command }) => command.deadline <= now)) {
      this.#client.reset();
      this.#endInFlight('Redis does not answer', now);
    }
    if (this.#waiting.length > 0) this.wake();
    else if (this.#inFlight.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }

  #endWaiting(now: number, reason: string): void {
    const late = this.#waiting.filter(({ deadline }) => deadline <= now);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter(({ deadline }) => deadline > now);
    for (const { done } of late) done({ kind: 'unsent', reason });
  }

  #endInFlight(reason: string, now = Number.POSITIVE_INFINITY): void {
    for (const sent of this.#inFlight)
      if (sent.command.deadline <= now) this.#end(sent, { kind: 'unknown', reason });
  }
}
