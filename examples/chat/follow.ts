import { setTimeout } from 'node:timers/promises';
import { type Client, RemoteCallError } from 'weaverd';
import type { Message } from './messages.js';
import type { Rooms } from './rooms.js';

const STREAM_MS = 3_600_000;
/** Before it joins again: whoever has the room next may need a moment. */
const PAUSE_MS = 50;

/**
 * What is said in a room after the message of that number, until the signal aborts: each message once, in order. When the room
 * moves to another replica, or its replica ends, this joins again where it was.
 */
export async function* follow(
  rooms: Client<Rooms>,
  room: string,
  after: number,
  signal: AbortSignal,
): AsyncIterable<Message> {
  let last = after;
  while (!signal.aborted) {
    try {
      for await (const message of rooms.with({ signal, timeout: STREAM_MS }).join(room, last)) {
        last = message.number;
        yield message;
      }
    } catch (reason) {
      if (!(reason instanceof RemoteCallError)) throw reason;
    }
    await setTimeout(PAUSE_MS);
  }
}
