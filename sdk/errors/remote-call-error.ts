/**
 * Stable codes of the runtime's own failures. Whether the method may have run is told by
 * {@link RemoteCallError.executed}.
 */
export type RemoteCallErrorCode =
  /** No replica could be reached, or it was draining: the call was not executed. */
  | 'UNAVAILABLE'
  /** The connection was lost after the call was sent: it may or may not have been executed. */
  | 'UNKNOWN_OUTCOME'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  /** A bound was reached: calls in flight, bytes queued, message size. */
  | 'RESOURCE_EXHAUSTED'
  /** An argument violates its declared type; found before it left the caller. */
  | 'INVALID_ARGUMENT'
  /** A result violates its declared type; found before it left the callee. */
  | 'INVALID_RESULT'
  | 'MESSAGE_TOO_LARGE'
  /** The replica no longer owns the key. */
  | 'STALE_OWNER'
  /** The peer is of another app, version or replica generation. */
  | 'VERSION_MISMATCH'
  /** The peer sent bytes that are not the protocol. */
  | 'PROTOCOL_ERROR'
  /** The app has no such component, or it has no such method. */
  | 'NOT_FOUND'
  /** A failure of weaverd itself. */
  | 'INTERNAL';

/** Whether the method ran: `no` is certain; `unknown` means it may have. */
export type Executed = 'no' | 'unknown' | 'yes';

export interface RemoteCallErrorOptions {
  readonly component?: string | undefined;
  readonly method?: string | undefined;
  readonly replica?: string | undefined;
  readonly executed?: Executed | undefined;
  readonly cause?: unknown;
}

/**
 * A failure of the runtime, not of the app: the call did not arrive, or its answer did not. Errors thrown by a
 * component arrive as themselves instead.
 */
export class RemoteCallError extends Error {
  override readonly name = 'RemoteCallError';
  readonly component: string | undefined;
  readonly method: string | undefined;
  readonly replica: string | undefined;
  readonly executed: Executed;

  constructor(
    readonly code: RemoteCallErrorCode,
    message: string,
    options: RemoteCallErrorOptions = {},
  ) {
    super(
      `${callName(options)}${message} [${code}]`,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.component = options.component;
    this.method = options.method;
    this.replica = options.replica;
    this.executed = options.executed ?? 'unknown';
  }

  /** Any thrown value as a RemoteCallError; one that already is comes back unchanged. */
  static from(
    reason: unknown,
    code: RemoteCallErrorCode = 'INTERNAL',
    options: RemoteCallErrorOptions = {},
  ): RemoteCallError {
    if (reason instanceof RemoteCallError) return reason;
    const message = reason instanceof Error ? reason.message : String(reason);
    return new RemoteCallError(code, message, { ...options, cause: reason });
  }
}

/** The message without the code that the constructor adds. */
export function plainMessage({ message, code }: RemoteCallError): string {
  const suffix = ` [${code}]`;
  return message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
}

function callName({ component, method, replica }: RemoteCallErrorOptions): string {
  if (component === undefined) return '';
  const name = method === undefined ? component : `${component}.${method}`;
  return replica === undefined ? `${name}: ` : `${name} on ${replica}: `;
}
