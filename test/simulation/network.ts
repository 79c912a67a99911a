import { subjectMatches } from '../../daemon/bus/subjects.js';
import type { Random } from './random.js';
import type { Scheduler } from './scheduler.js';

/**
 * How a host is joined to the bus. `deaf`: nothing reaches it; `mute`: nothing leaves it; `minority`: it reaches only a
 * node that has lost the others, which answers reads from what it had.
 */
export type Link = 'up' | 'cut' | 'deaf' | 'mute' | 'minority';

/** What goes wrong by chance; shares of 1. */
export interface Weather {
  /** Of messages, and of the store's requests and answers. */
  readonly lost: number;
  /** Messages and answers that take up to {@link SLOW_MS}. */
  readonly slow: number;
  readonly twice: number;
  /** Reads that are answered by what was there up to {@link STALE_MS} ago. */
  readonly stale: number;
  /** Watches that miss what happens, until they are told all anew. */
  readonly gaps: number;
}

export const CLEAR: Weather = { lost: 0, slow: 0, twice: 0, stale: 0, gaps: 0 };
export const SLOW_MS = 6000;
export const STALE_MS = 3000;

/** Who sent what is being delivered: what an invariant wants to know, and no daemon can. */
export interface Sender {
  readonly host: string;
  /** Tells the processes of a host apart. */
  readonly process: number;
}

export interface Receiver {
  readonly host: string;
  readonly pattern: string;
  readonly deliver: (json: string, subject: string, from: Sender) => void;
}

/** One that answers requests. */
export interface Server {
  readonly host: string;
  readonly subject: string;
  readonly answer: (json: string) => Promise<unknown>;
}

/** The bus between the hosts, and what is wrong with it. */
export class Network {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #links = new Map<string, Link>();
  readonly #exact = new Map<string, Set<Receiver>>();
  readonly #wild = new Set<Receiver>();
  readonly #servers = new Set<Server>();
  readonly #changed = new Set<() => void>();
  #isUp = true;
  weather: Weather = CLEAR;
  /** Messages that were delivered. */
  delivered = 0;

  constructor(scheduler: Scheduler, random: Random) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** NATS as a whole. */
  get isUp(): boolean {
    return this.#isUp;
  }

  set isUp(isUp: boolean) {
    this.#isUp = isUp;
    this.#tell();
  }

  linkOf(host: string): Link {
    return this.#links.get(host) ?? 'up';
  }

  setLink(host: string, link: Link): void {
    this.#links.set(host, link);
    this.#tell();
  }

  canSend(host: string): boolean {
    const link = this.linkOf(host);
    return this.#isUp && (link === 'up' || link === 'deaf');
  }

  canReceive(host: string): boolean {
    const link = this.linkOf(host);
    return this.#isUp && (link === 'up' || link === 'mute');
  }

  /** What a client notices by itself: it has a connection. */
  isConnected(host: string): boolean {
    return this.#isUp && this.linkOf(host) !== 'cut';
  }

  /** `changed` hears of links and of the bus. Returns what ends it. */
  onChange(changed: () => void): () => void {
    this.#changed.add(changed);
    return () => void this.#changed.delete(changed);
  }

  add(receiver: Receiver): () => void {
    const { pattern } = receiver;
    const isWild = pattern.includes('*') || pattern.includes('>');
    if (isWild) {
      this.#wild.add(receiver);
      return () => void this.#wild.delete(receiver);
    }
    const known = this.#exact.get(pattern) ?? new Set();
    this.#exact.set(pattern, known);
    known.add(receiver);
    return () => void known.delete(receiver);
  }

  publish(from: Sender, subject: string, json: string): void {
    this.carry(from.host, undefined, () => {
      const receivers = [...(this.#exact.get(subject) ?? [])];
      for (const receiver of this.#wild)
        if (subjectMatches(receiver.pattern, subject)) receivers.push(receiver);
      for (const receiver of receivers)
        this.carry(undefined, receiver.host, () => {
          this.delivered++;
          receiver.deliver(json, subject, from);
        });
    });
  }

  addServer(server: Server): () => void {
    this.#servers.add(server);
    return () => void this.#servers.delete(server);
  }

  /** One of those who serve a subject. */
  serverOf(subject: string): Server | undefined {
    const all = [...this.#servers].filter((server) => server.subject === subject);
    return all.length === 0 ? undefined : this.#random.pick(all);
  }

  /** From a host, or to one; lost, late or twice as things are. Nothing arrives over a link that is down by then. */
  carry(from: string | undefined, to: string | undefined, arrive: () => void): void {
    const { lost, slow, twice } = this.weather;
    if (from !== undefined && !this.canSend(from)) return;
    if (this.#random.chance(lost)) return;
    const times = this.#random.chance(twice) ? 2 : 1;
    for (let time = 0; time < times; time++) {
      const delayMs = this.#random.chance(slow)
        ? this.#random.between(10, SLOW_MS)
        : this.#random.between(0, 3);
      this.#scheduler.after(delayMs, () => {
        if (to === undefined ? this.#isUp : this.canReceive(to)) arrive();
      });
    }
  }

  #tell(): void {
    for (const changed of [...this.#changed]) changed();
  }
}
