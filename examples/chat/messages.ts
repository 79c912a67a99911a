/** How many of a room are kept: whoever comes back later than that has missed some, and sees it by their numbers. */
const KEPT = 100;
const MAX_LENGTH = 2000;

export interface Said {
  /** Chosen by whoever says it, so that it can be said again when nobody knows whether it was heard. */
  readonly id: string;
  readonly user: string;
  readonly text: string;
}

export interface Message extends Said {
  /** From 1, without gaps. */
  readonly number: number;
  /** Unix ms. */
  readonly time: number;
}

export interface RecentMessages {
  /** Number of the last one; 0 when there was none. */
  readonly last: number;
  readonly messages: readonly Message[];
}

export const NO_MESSAGES: RecentMessages = { last: 0, messages: [] };

/** Throws RangeError when it is too long. */
export function withSaid(recent: RecentMessages, said: Said, time: number): RecentMessages {
  const { id, user, text } = said;
  if (id.length + user.length + text.length > MAX_LENGTH)
    throw new RangeError(`a message has ${MAX_LENGTH} characters at most, with its id and its user`);
  if (recent.messages.some((message) => message.id === id)) return recent;
  const number = recent.last + 1;
  return { last: number, messages: [...recent.messages.slice(1 - KEPT), { id, user, text, number, time }] };
}
