import { ErrorCode, type Msg, NatsError, type Subscription as NatsSubscription } from 'nats';
import { BusError, encodeJson, isBusError, MAX_BODY_BYTES, type Subscription } from '../bus.js';
import { messageOf } from '../keyed-log.js';
import { natsMessage } from './nats-errors.js';
import type { NatsLink, Session } from './nats-link.js';
import { OutboundWindow } from './outbound-window.js';

const MAX_PENDING_REQUESTS = 1024;
/** Requests of others that are not answered yet. */
const MAX_UNANSWERED = 1024;
/** Those who serve a subject share its requests. */
const QUEUE = 'weaver';

type Handler = (message: Msg) => void;

interface Subscriber {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly handler: Handler;
  current: NatsSubscription | undefined;
}

/** Publishing, subscribing, asking and answering: subscriptions hold over lost connections, messages do not. */
export class NatsMessages {
  readonly #link: NatsLink;
  readonly #report: (problem: string) => void;
  readonly #subscribers = new Set<Subscriber>();
  readonly #windows = new WeakMap<Session, OutboundWindow>();
  #pendingRequests = 0;
  #unanswered = 0;

  constructor(link: NatsLink, report: (problem: string) => void) {
    this.#link = link;
    this.#report = report;
    link.onSession((session) => {
      for (const subscriber of this.#subscribers) this.#attach(subscriber, session);
    });
  }

  publish(subject: string, body: unknown): void {
    requireSubject(subject);
    const json = encodeJson(subject, body, MAX_BODY_BYTES);
    const session = this.#link.session(subject);
    this.#windowOf(session).take(subject, json.length);
    try {
      session.connection.publish(subject, json);
    } catch (reason) {
      throw sendError(subject, reason);
    }
  }

  subscribe(subject: string, handler: (body: unknown, subject: string) => void): Subscription {
    return this.#add(subject, undefined, (message) => {
      const body = this.#bodyOf(message);
      if (body === undefined) return;
      try {
        handler(body.value, message.subject);
      } catch (reason) {
        this.#report(`a subscriber of ${message.subject} failed: ${messageOf(reason)}`);
      }
    });
  }

  serve(subject: string, handler: (body: unknown, subject: string) => unknown): Subscription {
    return this.#add(subject, QUEUE, (message) => {
      const body = this.#bodyOf(message);
      if (body !== undefined) void this.#answer(message, body.value, handler);
    });
  }

  async request(subject: string, body: unknown, timeoutMs: number): Promise<unknown> {
    requireSubject(subject);
    const json = encodeJson(subject, body, MAX_BODY_BYTES);
    const session = this.#link.session(subject);
    if (this.#pendingRequests >= MAX_PENDING_REQUESTS)
      throw new BusError('OVERLOADED', `${subject}: ${MAX_PENDING_REQUESTS} requests are waiting`);
    this.#windowOf(session).take(subject, json.length);
    this.#pendingRequests++;
    try {
      const answer = await session.connection.request(subject, json, { timeout: Math.max(1, timeoutMs) });
      return answerOf(subject, answer);
    } catch (reason) {
      if (this.#link.isClosed)
        throw new BusError('CLOSED', `${subject}: the bus was closed`, { cause: reason });
      throw requestError(subject, session, timeoutMs, reason);
    } finally {
      this.#pendingRequests--;
    }
  }

  #add(subject: string, queue: string | undefined, handler: Handler): Subscription {
    requirePattern(subject);
    if (this.#link.isClosed) throw new BusError('CLOSED', `${subject}: the bus is closed`);
    const subscriber: Subscriber = { subject, queue, handler, current: undefined };
    this.#subscribers.add(subscriber);
    const session = this.#link.current;
    if (session !== undefined) this.#attach(subscriber, session);
    return {
      close: () => {
        this.#subscribers.delete(subscriber);
        subscriber.current?.unsubscribe();
      },
    };
  }

  #attach(subscriber: Subscriber, { connection }: Session): void {
    const { subject, queue, handler } = subscriber;
    if (connection.isClosed()) return;
    subscriber.current = connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, message) => {
        if (error !== null) this.#report(`${subject} is not heard: ${natsMessage(error)}`);
        else if (this.#subscribers.has(subscriber) && !isOfNats(message.subject)) handler(message);
      },
    });
  }

  async #answer(
    message: Msg,
    body: unknown,
    handler: (body: unknown, subject: string) => unknown,
  ): Promise<void> {
    if (message.reply === undefined || message.reply === '') return; // published, not asked
    if (this.#unanswered >= MAX_UNANSWERED)
      return this.#respond(message, { refusal: `busy: ${MAX_UNANSWERED} requests are not answered yet` });
    this.#unanswered++;
    try {
      this.#respond(message, { answer: (await handler(body, message.subject)) ?? null });
    } catch (reason) {
      this.#respond(message, { refusal: messageOf(reason) });
    } finally {
      this.#unanswered--;
    }
  }

  /** Who asked has a deadline, and gets none when the connection is gone. */
  #respond(message: Msg, answer: Answer): void {
    try {
      const json = encodeJson(`the answer to ${message.subject}`, answer, MAX_BODY_BYTES);
      message.respond(json);
    } catch (reason) {
      if ('refusal' in answer) this.#report(`${message.subject} was not answered: ${natsMessage(reason)}`);
      else this.#respond(message, { refusal: `the answer cannot be sent: ${natsMessage(reason)}` });
    }
  }

  #bodyOf(message: Msg): { readonly value: unknown } | undefined {
    try {
      return { value: message.json() };
    } catch {
      this.#report(
        `${message.subject}: a message that is not JSON was left out (${message.data.length} bytes)`,
      );
      return undefined;
    }
  }

  #windowOf(session: Session): OutboundWindow {
    const known = this.#windows.get(session);
    if (known !== undefined) return known;
    const window = new OutboundWindow(session.connection);
    this.#windows.set(session, window);
    return window;
  }
}

type Answer = { readonly answer: unknown } | { readonly refusal: string };

function answerOf(subject: string, message: Msg): unknown {
  let answer: Partial<Record<'answer' | 'refusal', unknown>> | null;
  try {
    answer = message.json();
  } catch {
    answer = null;
  }
  if (typeof answer !== 'object' || answer === null || !('answer' in answer || 'refusal' in answer))
    throw new BusError(
      'REFUSED',
      `${subject}: what came is no answer; is something else served under this name?`,
    );
  if (answer.refusal !== undefined) throw new BusError('REFUSED', String(answer.refusal));
  return answer.answer;
}

function requestError(
  subject: string,
  { connection }: Session,
  timeoutMs: number,
  reason: unknown,
): BusError {
  if (isBusError(reason, 'REFUSED')) return reason;
  if (reason instanceof NatsError && reason.code === ErrorCode.NoResponders)
    return new BusError('NO_RESPONDERS', `${subject}: nobody serves it`, { cause: reason });
  if (connection.isClosed())
    return new BusError('TIMEOUT', `${subject}: the connection was lost before an answer came`, {
      cause: reason,
    });
  if (reason instanceof NatsError && reason.code === ErrorCode.Timeout)
    return new BusError('TIMEOUT', `${subject}: no answer within ${timeoutMs} ms`, { cause: reason });
  return sendError(subject, reason);
}

/** Of what was never sent. */
function sendError(subject: string, reason: unknown): BusError {
  const { code } = reason instanceof NatsError ? reason : { code: '' };
  if (code === ErrorCode.MaxPayloadExceeded) {
    const mend = 'more than max_payload of the NATS server; raise it there, up to 8MB';
    return new BusError('TOO_LARGE', `${subject}: ${mend}`, { cause: reason });
  }
  if (code === ErrorCode.PermissionsViolation)
    return new BusError('REFUSED', `${subject}: ${natsMessage(reason)}; give this NATS user the permission`, {
      cause: reason,
    });
  return new BusError('UNAVAILABLE', `${subject}: ${natsMessage(reason)}`, { cause: reason });
}

/** Those of JetStream, of the server itself and of replies are none of ours. */
function isOfNats(subject: string): boolean {
  return subject.startsWith('$') || subject.startsWith('_INBOX.');
}

function requireSubject(subject: string): void {
  if (!/^[^\s.*>]+(?:\.[^\s.*>]+)*$/.test(subject))
    throw new BusError('INVALID', `"${subject}" is no subject: tokens joined by dots`);
}

function requirePattern(subject: string): void {
  if (!/^(?:(?:\*|[^\s.*>]+)\.)*(?:\*|>|[^\s.*>]+)$/.test(subject))
    throw new BusError(
      'INVALID',
      `"${subject}" is no pattern of subjects: tokens, "*" for one, a last ">" for more`,
    );
}
