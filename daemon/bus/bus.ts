/**
 * What the control plane needs of the network and of durable memory. Values and bodies are JSON: what arrives is a copy.
 * Subjects are tokens joined by dots; a subscription may use `*` for one token and a last `>` for one or more.
 */
export interface Bus {
  /** At most once, to the subscribers of the moment. Throws a BusError (INVALID, TOO_LARGE, OVERLOADED, CLOSED). */
  publish(subject: string, body: unknown): void;
  subscribe(subject: string, handler: (body: unknown, subject: string) => void): Subscription;
  /** One answer, of any of those who serve the subject. NO_RESPONDERS, TIMEOUT, REFUSED (the handler threw). */
  request(subject: string, body: unknown, options: { readonly timeoutMs: number }): Promise<unknown>;
  serve(subject: string, handler: (body: unknown, subject: string) => unknown): Subscription;
  /** The same store for the same name. Names are lower-case letters, digits and dashes. */
  store(bucket: string): KeyedStore;
  readonly blobs: BlobStore;
  /** Tries the connection and the disk, and says how they are. Never rejects. */
  check(): Promise<BusState>;
  state(): BusState;
  /** Rejects what is pending with CLOSED. Idempotent. */
  close(): Promise<void>;
}

/** `degraded`: reads may go on, writes are refused. */
export type BusState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'degraded'; readonly reason: string }
  | { readonly kind: 'closed' };

export interface Subscription {
  /** No handler is called after it. Idempotent. */
  close(): void;
}

export interface Entry {
  readonly key: string;
  readonly value: unknown;
  /** Rises with each change within the bucket; for compare-and-set only, never an epoch. */
  readonly revision: number;
}

/** A change of a key as a watch tells it. */
export type Change =
  | { readonly kind: 'put'; readonly key: string; readonly value: unknown; readonly revision: number }
  | { readonly kind: 'deleted'; readonly key: string; readonly revision: number };

/**
 * Acknowledged writes are durable. A write that rejects with STORAGE_FULL or STORAGE_FAILED was not applied; after
 * TIMEOUT it may have been: read it back. Keys match {@link KEY_PATTERN}; values are at most {@link MAX_VALUE_BYTES}
 * as JSON.
 */
export interface KeyedStore {
  get(key: string): Promise<Entry | undefined>;
  /** The new revision. */
  put(key: string, value: unknown): Promise<number>;
  /** CONFLICT when the key is there. */
  create(key: string, value: unknown): Promise<number>;
  /** CONFLICT when the key's revision is another. */
  update(key: string, value: unknown, revision: number): Promise<number>;
  /** Of an absent key: nothing, unless a revision is given, which is a CONFLICT then. */
  delete(key: string, revision?: number): Promise<void>;
  keys(): Promise<readonly string[]>;
  /** What is there (in no order), then, in order, each change. Resolves when what is there was told. */
  watch(handler: (change: Change) => void): Promise<Subscription>;
}

export interface BlobStore {
  /** The SHA-256 of the bytes in hex, by which they are had again. */
  put(bytes: Uint8Array): Promise<string>;
  /** Undefined when absent; CORRUPT when the bytes no longer match the digest. */
  get(digest: string): Promise<Uint8Array | undefined>;
  delete(digest: string): Promise<void>;
}

export const KEY_PATTERN = /^[A-Za-z0-9_=/-]+(?:\.[A-Za-z0-9_=/-]+)*$/;
export const MAX_KEY_BYTES = 512;
export const MAX_VALUE_BYTES = 1024 * 1024;
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

export type BusErrorCode =
  | 'CONFLICT'
  | 'NO_RESPONDERS'
  | 'TIMEOUT'
  | 'REFUSED'
  | 'OVERLOADED'
  | 'TOO_LARGE'
  | 'INVALID'
  | 'CORRUPT'
  | 'STORAGE_FULL'
  | 'STORAGE_FAILED'
  | 'CLOSED';

export class BusError extends Error {
  constructor(
    readonly code: BusErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'BusError';
  }
}

/** The JSON of a value within the bound, or a BusError that names what it was for. */
export function encodeJson(what: string, value: unknown, maxBytes: number): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new BusError('INVALID', `${what}: ${typeof value} is not a JSON value`);
  if (json.length > maxBytes || Buffer.byteLength(json) > maxBytes)
    throw new BusError('TOO_LARGE', `${what}: more than ${maxBytes} bytes as JSON`);
  return json;
}

export function requireKey(key: string): void {
  if (key.length > MAX_KEY_BYTES || !KEY_PATTERN.test(key))
    throw new BusError('INVALID', `"${key}" is not a key: letters, digits, "_=/-" and inner dots`);
}

/** Whether it is a BusError of that code. */
export function isBusError(reason: unknown, code: BusErrorCode): reason is BusError {
  return reason instanceof BusError && reason.code === code;
}
