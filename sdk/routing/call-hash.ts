import { RemoteCallError } from '../errors/remote-call-error.js';
import { hashKey } from '../protocol/key-hash.js';
import { type RoutingKey, RoutingKeyError } from '../protocol/routing-key.js';

/** A method that calls may be routed of. */
export interface RoutedMethod {
  readonly component: string;
  readonly method: string;
  readonly routing: ((...args: readonly unknown[]) => RoutingKey) | undefined;
}

/**
 * The hash of a call's key: the one that was given, else what the routing function makes of the arguments. Throws
 * INVALID_ARGUMENT when that throws, or gives what is no key: the call is not sent.
 */
export function hashOfCall(
  target: RoutedMethod,
  args: readonly unknown[],
  given: RoutingKey | undefined,
): number {
  const { routing } = target;
  if (given !== undefined || routing === undefined)
    return hashOf(target, given, 'the key of `with({ key })`');
  let key: RoutingKey;
  try {
    key = routing(...args);
  } catch (reason) {
    const thrown = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
    const mend = 'make it give a key for every argument that callers may pass';
    throw refusal(target, `its routing function threw ${thrown}; ${mend}`, reason);
  }
  return hashOf(target, key, 'the key that its routing function gave');
}

function hashOf(target: RoutedMethod, key: RoutingKey | undefined, what: string): number {
  try {
    // What comes from an app may be anything: hashKey looks.
    return hashKey(key as RoutingKey);
  } catch (reason) {
    const why = reason instanceof RoutingKeyError ? reason.message : `cannot be read: ${String(reason)}`;
    throw refusal(target, `${what} ${why}`, reason);
  }
}

function refusal({ component, method }: RoutedMethod, message: string, cause: unknown): RemoteCallError {
  return new RemoteCallError('INVALID_ARGUMENT', message, { component, method, executed: 'no', cause });
}
