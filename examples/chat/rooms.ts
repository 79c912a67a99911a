import { type Context, component, currentCall, type KeySlice, type State } from 'weaverd';
import { type Message, NO_MESSAGES, type RecentMessages, type Said, withSaid } from './messages.js';

/** A room that somebody listens to. */
interface LiveRoom {
  recent: RecentMessages;
  /** Of each listener. */
  readonly wake: Set<() => void>;
}

/**
 * Chat rooms. One replica acts for a room at a time, so what it has in memory is the room. Messages are stored before anyone
 * hears of them: a replica that takes a room over goes on where the last one was.
 */
export class Rooms {
  readonly #recent: State<RecentMessages>;
  readonly #live = new Map<string, LiveRoom>();

  constructor(ctx: Context) {
    this.#recent = ctx.state<RecentMessages>('recent');
  }

  /** Resolves with the message's number. Said again under the same id, it is still one message. */
  async say(room: string, said: Said): Promise<number> {
    const recent = await this.#recent.update(room, (before = NO_MESSAGES) =>
      withSaid(before, said, Date.now()),
    );
    this.#hear(this.#live.get(room), recent);
    return recent.messages.find(({ id }) => id === said.id)?.number ?? recent.last;
  }

  /** What was said after the message of that number and is still kept, and what is said until the caller leaves. */
  async *join(room: string, after: number): AsyncIterable<Message> {
    const live = this.#live.get(room) ?? { recent: NO_MESSAGES, wake: new Set() };
    this.#live.set(room, live);
    const signal = currentCall()?.signal;
    let next = (): void => {};
    const wake = () => next();
    live.wake.add(wake);
    signal?.addEventListener('abort', wake);
    try {
      this.#hear(live, (await this.#recent.get(room)) ?? NO_MESSAGES);
      for (let last = after; signal?.aborted !== true; ) {
        const changed = new Promise<void>((resolve) => {
          next = resolve;
        });
        for (const message of live.recent.messages) {
          if (message.number <= last) continue;
          last = message.number;
          yield message;
        }
        await changed;
      }
    } finally {
      live.wake.delete(wake);
      if (live.wake.size === 0 && this.#live.get(room) === live) this.#live.delete(room);
    }
  }

  /** Others will speak in these rooms from now on; whoever listens here will join again there. */
  onRelease(slice: KeySlice): void {
    for (const room of this.#live.keys()) if (slice.has(room)) this.#live.delete(room);
  }

  #hear(live: LiveRoom | undefined, recent: RecentMessages): void {
    if (live === undefined || recent.last <= live.recent.last) return;
    live.recent = recent;
    for (const wake of live.wake) wake();
  }
}

component(Rooms, {
  routing: { exclusive: true, say: (room) => room, join: (room) => room },
  retry: { say: true },
});
