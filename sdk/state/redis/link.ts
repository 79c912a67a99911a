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
  /** Of a write: two keys, and four arguments. */
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
/** Writes that one script does: what is beside the writes themselves is paid once, and no other client waits for long. */
const MAX_TOGETHER = 64;
const MAX_BYTES_TOGETHER = 64 * 1024;
const KEYS_OF_WRITE = 2;

type Client = Pick<RedisClient, 'send' | 'cork' | 'uncork' | 'reset' | 'isCluster'>;

/** Commands of one turn of the event loop are written together; each has a deadline. */
export class Link {
  readonly #client: Client;
  readonly #whyNot: () => string | undefined;
  #acts: (() => void)[] = [];
  #waiting: Command[] = [];
  #inFlight: Sent[] = [];
  #count = 0;
  #bytes = 0;
  #isFlushing = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param whyNot why nothing can be sent now */
  constructor(client: Client, whyNot: () => string | undefined) {
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
    const sent: Sent[] = [];
    for (const command of this.#waiting) {
      if (this.#count >= MAX_IN_FLIGHT || (this.#count > 0 && this.#bytes >= MAX_IN_FLIGHT_BYTES)) break;
      sent.push({ command, isDone: false });
      this.#count++;
      this.#bytes += command.bytes;
    }
    this.#waiting = this.#waiting.slice(sent.length);
    this.#inFlight.push(...sent);
    this.#client.cork();
    try {
      let together: Sent[] = [];
      let bytes = 0;
      for (const each of sent) {
        if (each.command.name !== 'write') {
          this.#sendOne(each);
          continue;
        }
        together.push(each);
        bytes += each.command.bytes;
        if (!this.#client.isCluster && together.length < MAX_TOGETHER && bytes < MAX_BYTES_TOGETHER) continue;
        this.#sendWrites(together);
        together = [];
        bytes = 0;
      }
      if (together.length > 0) this.#sendWrites(together);
    } finally {
      this.#client.uncork();
    }
  }

  #sendOne(sent: Sent): void {
    const { name, args } = sent.command;
    this.#client.send(name, args, (error, reply) => this.#end(sent, outcomeOf(error, reply)));
  }

  #sendWrites(together: readonly Sent[]): void {
    const args: Argument[] = [String(KEYS_OF_WRITE * together.length)];
    for (const { command } of together) args.push(...command.args.slice(0, KEYS_OF_WRITE));
    for (const { command } of together) args.push(...command.args.slice(KEYS_OF_WRITE));
    this.#client.send('write', args, (error, replies) => {
      for (const [i, sent] of together.entries()) {
        const reply = Array.isArray(replies) ? (replies[i] as unknown) : undefined;
        this.#end(sent, reply instanceof Error ? outcomeOf(reply, undefined) : outcomeOf(error, reply));
      }
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

function outcomeOf(error: Error | null | undefined, reply: unknown): Outcome {
  if (error === null || error === undefined) return { kind: 'answered', reply };
  // Of an error its text alone: ioredis hangs the command's arguments on it.
  return { kind: error.name === 'ReplyError' ? 'refused' : 'unknown', reason: error.message };
}
