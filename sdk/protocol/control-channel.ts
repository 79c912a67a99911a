import type { Socket } from 'node:net';

/**
 * Requests and notifications both ways over one Unix socket: frames of a 4-byte big-endian length and that many bytes
 * of JSON. A request is `{id, method, body}`, its answer `{re, body}` or `{re, error}`, a notification `{method, body}`.
 *
 * Bounds: a frame is at most {@link MAX_FRAME_BYTES}, pending requests at most {@link MAX_PENDING}, unsent bytes at most
 * {@link MAX_UNSENT_BYTES}. Bad bytes from the peer end this channel and nothing else.
 */
export const MAX_FRAME_BYTES = 8 * 1024 * 1024;
export const MAX_PENDING = 1024;
export const MAX_UNSENT_BYTES = 32 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1000;

/** Requests by name, each with the types of its body and its reply. */
export type RequestMap = { [M in string]: { request: unknown; reply: unknown } };

/** What one side answers and hears. A request's handler may throw a {@link ControlError}. */
export interface ControlHandlers<Requests, Notifications> {
  readonly requests: {
    readonly [M in keyof Requests]: Requests[M] extends { request: infer Q; reply: infer P }
      ? (body: Q) => P | Promise<P>
      : never;
  };
  readonly notifications: { readonly [N in keyof Notifications]: (body: Notifications[N]) => void };
  /** Called once, when the channel is over. */
  closed(reason: Error | undefined): void;
}

/** A request was refused by the peer, or could not be answered. */
export class ControlError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ControlError';
  }
}

type Message =
  | { readonly kind: 'request'; readonly id: number; readonly method: string; readonly body: unknown }
  | { readonly kind: 'reply'; readonly re: number; readonly body: unknown }
  | { readonly kind: 'refusal'; readonly re: number; readonly code: string; readonly message: string }
  | { readonly kind: 'notification'; readonly method: string; readonly body: unknown };

interface Pending {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: ControlError) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * One side of a control connection. `Ask` and `Tell` are what this side sends, `Answer` and `Hear` what it receives.
 */
export class ControlChannel<Ask, Tell, Answer, Hear> {
  readonly #socket: Socket;
  readonly #handlers: ControlHandlers<Answer, Hear>;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #received: Buffer[] = [];
  #receivedBytes = 0;
  #closed = false;

  constructor(socket: Socket, handlers: ControlHandlers<Answer, Hear>) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(undefined));
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Rejects with a ControlError: the peer's own, or TIMEOUT, CLOSED or OVERLOADED. */
  request<M extends keyof Ask & string>(
    method: M,
    body: Ask[M] extends { request: infer Q } ? Q : never,
    timeoutMs: number,
  ): Promise<Ask[M] extends { reply: infer P } ? P : never> {
    return new Promise((resolve, reject) => {
      if (this.#closed)
        return reject(new ControlError('CLOSED', `${method}: the control connection is closed`));
      if (this.#pending.size >= MAX_PENDING)
        return reject(new ControlError('OVERLOADED', `${method}: ${MAX_PENDING} requests are waiting`));
      const id = this.#nextId++;
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new ControlError('TIMEOUT', `${method}: no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#pending.set(id, { resolve: resolve as (body: unknown) => void, reject, timer });
      if (!this.#send({ id, method, body })) {
        clearTimeout(timer);
        this.#pending.delete(id);
        reject(new ControlError('OVERLOADED', `${method}: the control connection does not drain`));
      }
    });
  }

  /** False when it was not queued, because the channel is closed or does not drain. */
  notify<N extends keyof Tell & string>(method: N, body: Tell[N]): boolean {
    return this.#send({ method, body });
  }

  /** Resolves when what was queued is written, or cannot be. */
  close(): Promise<void> {
    this.#end(undefined);
    return new Promise((resolve) => {
      if (this.#socket.destroyed) return resolve();
      this.#socket.once('close', () => resolve());
      this.#socket.setTimeout(CLOSE_TIMEOUT_MS, () => this.#socket.destroy());
      this.#socket.end(() => this.#socket.destroy());
    });
  }

  #send(message: object): boolean {
    if (this.#closed || this.#socket.writableLength > MAX_UNSENT_BYTES) return false;
    const json = Buffer.from(JSON.stringify(message));
    if (json.length > MAX_FRAME_BYTES) return false;
    const frame = Buffer.allocUnsafe(4 + json.length);
    frame.writeUInt32BE(json.length, 0);
    json.copy(frame, 4);
    this.#socket.write(frame);
    return true;
  }

  #onData(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes < 4) return;
    let buffer = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    let messages = 0;
    while (buffer.length >= 4) {
      const length = buffer.readUInt32BE(0);
      if (length > MAX_FRAME_BYTES)
        return this.#fail(`a frame of ${length} bytes, more than ${MAX_FRAME_BYTES}`);
      if (buffer.length < 4 + length) break;
      const message = parseMessage(buffer.subarray(4, 4 + length));
      if (message === undefined) return this.#fail('a frame that is no control message');
      buffer = buffer.subarray(4 + length);
      messages++;
      this.#dispatch(message);
      if (this.#closed) return;
    }
    if (messages > 0 || this.#received.length > 1) this.#received = [buffer];
    this.#receivedBytes = buffer.length;
  }

  #dispatch(message: Message): void {
    switch (message.kind) {
      case 'notification': {
        const handler = ownHandler(this.#handlers.notifications, message.method);
        handler?.(message.body);
        return;
      }
      case 'request':
        void this.#answer(message.id, message.method, message.body);
        return;
      case 'reply':
      case 'refusal': {
        const pending = this.#pending.get(message.re);
        if (pending === undefined) return;
        this.#pending.delete(message.re);
        clearTimeout(pending.timer);
        if (message.kind === 'reply') pending.resolve(message.body);
        else pending.reject(new ControlError(message.code, message.message));
      }
    }
  }

  async #answer(id: number, method: string, body: unknown): Promise<void> {
    const handler = ownHandler(this.#handlers.requests, method);
    try {
      if (handler === undefined) throw new ControlError('UNKNOWN_METHOD', `no request ${method}`);
      this.#send({ re: id, body: (await handler(body)) ?? null });
    } catch (reason) {
      const code = reason instanceof ControlError ? reason.code : 'INTERNAL';
      this.#send({
        re: id,
        error: { code, message: reason instanceof Error ? reason.message : String(reason) },
      });
    }
  }

  #fail(what: string): void {
    const error = new ControlError('PROTOCOL_ERROR', `the peer of a control connection sent ${what}`);
    this.#socket.destroy();
    this.#end(error);
  }

  #end(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#received = [];
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new ControlError('CLOSED', 'the control connection was lost', { cause: reason }));
    }
    this.#pending.clear();
    this.#handlers.closed(reason);
  }
}

function ownHandler(handlers: object, name: string): ((body: unknown) => unknown) | undefined {
  if (!Object.hasOwn(handlers, name)) return undefined;
  const handler: unknown = (handlers as Record<string, unknown>)[name];
  return typeof handler === 'function' ? (body) => handler(body) : undefined;
}

function parseMessage(bytes: Buffer): Message | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // not JSON: the caller ends the channel with a named error
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { id, re, method, body, error } = parsed as Record<string, unknown>;
  if (typeof re === 'number') {
    if (typeof error !== 'object' || error === null) return { kind: 'reply', re, body };
    const { code, message } = error as Record<string, unknown>;
    return { kind: 'refusal', re, code: String(code), message: String(message) };
  }
  if (typeof method !== 'string') return undefined;
  return typeof id === 'number'
    ? { kind: 'request', id, method, body }
    : { kind: 'notification', method, body };
}
