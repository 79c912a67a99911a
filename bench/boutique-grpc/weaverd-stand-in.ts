// What the business code imports from weaverd, without weaverd: the baseline pays for gRPC only.

export function component(): void {}

export function currentCall(): undefined {}

export function withCall<T>(_options: object, call: () => T): T {
  return call();
}

/** Never thrown here. */
export class RemoteCallError extends Error {
  readonly code = 'UNAVAILABLE';
}
