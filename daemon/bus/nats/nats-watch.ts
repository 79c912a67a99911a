import type { Msg } from 'nats';
import { BusError, type Change, type Entry, isTransient, SNAPSHOT_DEADLINE_MS } from '../bus.js';
import { messageOf } from '../keyed-log.js';
import { BucketFeed } from './bucket-feed.js';
import { Deadline } from './deadline.js';
import { type Delivery, isDeletion } from './key-value-message.js';
import { natsMessage, readError } from './nats-errors.js';
import type { NatsLink, Session } from './nats-link.js';
import type { NatsStream } from './nats-stream.js';

const RETRY_MS = 200;
const MAX_RETRY_MS = 2000;
const MAX_ENTRIES = 100_000;
/** Marks of deletions older than that are removed, so many at a time. */
const MARK_AGE_MS = 3_600_000;
const MAX_MARKS_REMOVED = 100;

export interface NatsWatchOptions {
  readonly tell: (change: Change) => void;
  readonly report: (problem: string) => void;
}

/** Follows one bucket over lost connections and rebuilt streams: then it begins anew, with a snapshot. */
export class NatsWatch {
  readonly #link: NatsLink;
  readonly #bucket: string;
  readonly #stream: NatsStream;
  readonly #options: NatsWatchOptions;
  #feed: BucketFeed | undefined;
  #isClosed = false;

  constructor(link: NatsLink, bucket: string, stream: NatsStream, options: NatsWatchOptions) {
    this.#link = link;
    this.#bucket = bucket;
    this.#stream = stream;
    this.#options = options;
  }

  /** Resolves when the first snapshot was told; goes on after that. Rejects with a BusError. */
  async begin(): Promise<void> {
    const deadline = new Deadline(SNAPSHOT_DEADLINE_MS);
    const first = await this.#link.patiently(deadline, () => this.#follow(deadline));
    void this.#goOn(first);
  }

  close(): void {
    this.#isClosed = true;
    this.#feed?.close();
  }

  async #goOn(first: BucketFeed): Promise<void> {
    for (let feed: BucketFeed | undefined = first; feed !== undefined; ) {
      await feed.ended;
      feed = await this.#beginAnew();
    }
  }

  /** Undefined when it was closed meanwhile. */
  async #beginAnew(): Promise<BucketFeed | undefined> {
    for (let wait = RETRY_MS; ; wait = Math.min(2 * wait, MAX_RETRY_MS)) {
      await this.#link.pause(wait * (0.5 + Math.random() / 2));
      if (this.#isClosed || this.#link.isClosed) return undefined;
      try {
        return await this.#follow(new Deadline(SNAPSHOT_DEADLINE_MS));
      } catch (reason) {
        // Without connection or leader it fails, which the bus's state tells.
        if (!isTransient(reason))
          this.#options.report(`${this.#bucket} is not followed: ${messageOf(reason)}`);
      }
    }
  }

  /** A feed whose snapshot was told. Rejects with a BusError. */
  async #follow(deadline: Deadline): Promise<BucketFeed> {
    const session = await this.#stream.ready(this.#bucket, deadline);
    let snapshot: Map<string, Entry> | undefined = new Map();
    const marks: OldMark[] = [];
    const feed = new BucketFeed({
      session,
      stream: this.#stream.name,
      filter: `$KV.${this.#bucket}.>`,
      onMessage: (message, delivery) => {
        const change = this.#changeOf(message, delivery);
        if (snapshot === undefined) {
          if (change !== undefined) this.#options.tell(change);
          return;
        }
        if (change?.kind === 'put') snapshot.set(change.key, entryOf(change));
        if (change?.kind === 'deleted') snapshot.delete(change.key);
        if (change?.kind === 'deleted' && delivery.storedAt < Date.now() - MARK_AGE_MS)
          marks.push({ subject: message.subject, sequence: delivery.sequence });
        if (snapshot.size > MAX_ENTRIES)
          feed.close(new BusError('OVERLOADED', `${this.#bucket}: more than ${MAX_ENTRIES} keys`));
      },
      onCaughtUp: () => {
        const entries = [...(snapshot?.values() ?? [])];
        snapshot = undefined;
        this.#options.tell({ kind: 'snapshot', entries });
      },
    });
    this.#feed = feed;
    try {
      await deadline.race(this.#bucket, feed.open());
    } catch (reason) {
      feed.close();
      throw this.#stream.doubted(readError(this.#bucket, reason));
    }
    if (this.#isClosed) feed.close();
    void this.#removeMarks(session, marks.slice(0, MAX_MARKS_REMOVED));
    return feed;
  }

  #changeOf(
    message: Msg,
    { sequence: revision }: Delivery,
  ): Exclude<Change, { kind: 'snapshot' }> | undefined {
    const key = message.subject.slice(`$KV.${this.#bucket}.`.length);
    if (isDeletion(message.headers)) return { kind: 'deleted', key, revision };
    try {
      return { kind: 'put', key, value: message.json(), revision };
    } catch {
      this.#options.report(
        `${this.#bucket}/${key} is not JSON and is left out; delete it: nats kv del ${this.#bucket} ${key}`,
      );
      return undefined;
    }
  }

  /** Nothing but the mark itself, and what is older, goes. Whoever begins next tries what fails here. */
  async #removeMarks({ manager }: Session, marks: readonly OldMark[]): Promise<void> {
    try {
      for (const { subject, sequence } of marks)
        await manager.streams.purge(this.#stream.name, { filter: subject, seq: sequence + 1 });
    } catch (reason) {
      this.#options.report(`${this.#bucket}: old deletions stay for now: ${natsMessage(reason)}`);
    }
  }
}

interface OldMark {
  readonly subject: string;
  readonly sequence: number;
}

function entryOf({ key, value, revision }: Entry): Entry {
  return { key, value, revision };
}
