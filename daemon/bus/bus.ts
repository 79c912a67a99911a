/**
 * What the control plane needs of the network and of durable memory. Values and bodies are JSON: what arrives is a copy.
 * Subjects are tokens joined by dots; a subscription may use `*` for one token and a last `>` for one or more.
 */
export interface Bus {
  /**
   * At most once, to the subscribers of the moment. Throws a BusError (INVALID, TOO_LARGE, OVERLOADED, UNAVAILABLE,
   * CLOSED).
   */
  publish(subject: string, body: unknown): void;
  /** Holds over lost connections; what is published meanwhile is missed. */
  subscribe(subject: string, handler: (body: unknown, subject: string) => void): Subscription;
  /**
   * One answer, of any of those who serve the subject. Rejects with NO_RESPONDERS, UNAVAILABLE, TIMEOUT or REFUSED (the
   * handler threw).
   */
  request(subject: string, body: unknown, options: { readonly timeoutMs: number }): Promise<unknown>;
  serve(subject: string, handler: (body: unknown, subject: string) => unknown): Subscription;
  /** The same store for the same name. Names are lower-case letters, digits and dashes. */
  store(bucket: string): KeyedStore;
  readonly blobs: BlobStore;
  /** Tries the connection and the disk, and says how they are. Never rejects. */
  check(): Promise<BusState>;
  state(): BusState;
  /** Hears of each change of the state, or of its reason. */
  onState(handler: (state: BusState) => void): Subscription;
  /** Lasting troubles that do not stop it, with their mend: an old server, a bucket with other settings. */
  problems(): readonly string[];
  /** Rejects what is pending with CLOSED. Idempotent. */
  close(): Promise<void>;
}

/**
 * `connecting`: not connected yet, or no longer; tries for ever, and refuses with UNAVAILABLE meanwhile.
 * `degraded`: messages pass and reads may go on, writes are refused.
 */
export type BusState =
  | { readonly kind: 'connected' }
  | { readonly kind: 'connecting'; readonly reason: string }
  | { readonly kind: 'degraded'; readonly reason: string }
  | { readonly kind: 'closed' };

export interface Subscription {
  /** No handler is called after it. Idempotent. */
  close(): void;
}

export interface Entry {
  readonly key: string;
  readonly value: unknown;
  /**
   * Rises with each change within the bucket, and starts anew when a bucket is rebuilt; for compare-and-set only, never
   * an epoch.
   */
  readonly revision: number;
}

/**
 * What a watch tells. A snapshot replaces all that was told before. It comes first, and again whenever changes may
 * have been missed (a lost connection, a bucket rebuilt from nothing); then its revisions may be lower than before.
 */
export type Change =
  | { readonly kind: 'snapshot'; readonly entries: readonly Entry[] }
  | { readonly kind: 'put'; readonly key: string; readonly value: unknown; readonly revision: number }
  | { readonly kind: 'deleted'; readonly key: string; readonly revision: number };

/**
 * Acknowledged writes are durable as far as the store beneath is. Over the network each call settles within
 * {@link STORE_DEADLINE_MS} (`keys` and `watch`: {@link SNAPSHOT_DEADLINE_MS}). A write that rejects with
 * OUTCOME_UNKNOWN may have been applied, or may yet be: read it back, and mind that a read may be outdated. One that
 * rejects with anything else was not applied, and never will be. Reads reject with UNAVAILABLE or TIMEOUT. Keys match
 * {@link KEY_PATTERN}; values are at most {@link MAX_VALUE_BYTES} as JSON.
 */
export interface KeyedStore {
  /** May be outdated when the store is split; only compare-and-set decides. */
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
  /** A snapshot, then, in order, each change. Resolves when the first snapshot was told; goes on until closed. */
  watch(handler: (change: Change) => void): Promise<Subscription>;
}

/**
 * Blobs of at most {@link MAX_BLOB_BYTES}. Over the network each call settles within {@link BLOB_DEADLINE_MS}; each may
 * be repeated without harm.
 */
export interface BlobStore {
  /** The SHA-256 of the bytes in hex, by which they are had again. */
  put(bytes: Uint8Array): Promise<string>;
  /** Undefined when absent; CORRUPT when the bytes no longer match the digest. */
  get(digest: string): Promise<Uint8Array | undefined>;
  delete(digest: string): Promise<void>;
}

export const KEY_PATTERN = /^[A-Za-z0-9_=/-]+(?:\.[A-Za-z0-9_=/-]+)*$/;
export const STORE_DEADLINE_MS = 2000;
export const SNAPSHOT_DEADLINE_MS = 10_000;
export const BLOB_DEADLINE_MS = 120_000;
export const MAX_KEY_BYTES = 512;
export const MAX_VALUE_BYTES = 1024 * 1024;
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
export const MAX_BLOB_BYTES = 256 * 1024 * 1024;

export type BusErrorCode =
  | 'CONFLICT'
  | 'NO_RESPONDERS'
  | 'TIMEOUT'
  | 'OUTCOME_UNKNOWN'
  | 'UNAVAILABLE'
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

const TRANSIENT: readonly BusErrorCode[] = [
  'NO_RESPONDERS',
  'TIMEOUT',
  'OUTCOME_UNKNOWN',
  'UNAVAILABLE',
  'OVERLOADED',
];

/** Whether the same may go well in a while: nobody was reached, or nobody answered. */
export function isTransient(reason: unknown): reason is BusError {
  return reason instanceof BusError && TRANSIENT.includes(reason.code);
}

/** Publishes what will be said again: a bus that is busy or gone loses it, as it may lose any message. */
export function publishBestEffort(bus: Pick<Bus, 'publish'>, subject: string, body: unknown): void {
  try {
    bus.publish(subject, body);
  } catch (reason) {
    if (!isTransient(reason) && !isBusError(reason, 'CLOSED')) throw reason;
  }
}
