import { currentCallState, earlier, eitherSignal, sampleNewTrace } from '../call/call-context.js';
import { newTrace, type TraceContext } from '../call/trace-context.js';
import { TypeViolation } from '../codec/violations.js';
import type { CallOptions } from '../component/component-class.js';
import { type Executed, RemoteCallError, type RemoteCallErrorCode } from '../errors/remote-call-error.js';
import { withCallerStack } from '../errors/stack.js';
import { type Backoff, backoffMs } from '../routing/backoff.js';
import { hashKey, isRoutingKey } from '../routing/key-hash.js';
import type { ClientConnection, OutgoingCall } from '../transport/transport.js';
import type { RemoteMethod } from './remote-method.js';
import { decideRetry } from './retry-policy.js';

const RETRY_BACKOFF: Backoff = { firstMs: 10, capMs: 500 };
/** While no replica can be reached, how often to look again even without a new routing. */
const UNREACHABLE_RETRY_MS = 100;

/** One call of a remote method: its deadline, its key, and its attempts. */
export class RemoteCall {
  readonly #target: RemoteMethod;
  readonly #args: readonly unknown[];
  readonly #trace: TraceContext;
  readonly #deadline: number;
  readonly #signal: AbortSignal | undefined;
  readonly #metadata: ReadonlyMap<string, string> | undefined;
  readonly #retriable: boolean;
  readonly #hash: number | undefined;
  #replica: string | undefined;

  constructor(target: RemoteMethod, args: readonly unknown[], options: CallOptions | undefined) {
    const outer = currentCallState();
    this.#target = target;
    this.#args = args;
    this.#trace = outer?.trace ?? newTrace(sampleNewTrace());
    const own = performance.now() + (options?.timeout ?? target.defaultTimeoutMs);
    this.#deadline = earlier(outer?.deadline, own) ?? own;
    this.#signal = eitherSignal(outer?.signal, options?.signal);
    this.#metadata =
      options?.metadata === undefined
        ? outer?.metadata
        : new Map([...(outer?.metadata ?? []), ...Object.entries(options.metadata)]);
    this.#retriable = options?.retry ?? target.retry;
    this.#hash = this.#hashOfKey(options);
  }

  async unary(): Promise<unknown> {
    this.#target.budget.onCall();
    for (let attempt = 1; ; attempt++) {
      try {
        const connection = await this.#connection();
        return await connection.call(this.#outgoing());
      } catch (reason) {
        await this.#recover(reason, attempt);
      }
    }
  }

  async *stream(): AsyncGenerator<unknown> {
    this.#target.budget.onCall();
    for (let attempt = 1; ; attempt++) {
      let begun = false;
      try {
        const connection = await this.#connection();
        for await (const item of connection.stream(this.#outgoing())) {
          begun = true;
          yield item;
        }
        return;
      } catch (reason) {
        // A stream that gave items cannot begin again behind its reader's back.
        await this.#recover(reason, begun ? Number.POSITIVE_INFINITY : attempt);
      }
    }
  }

  #outgoing(): OutgoingCall {
    const { number, compiled, decodeThrown } = this.#target;
    const args = this.#args;
    return {
      method: number,
      header: {
        timeoutMs: Math.max(1, this.#deadline - performance.now()),
        trace: this.#trace,
        metadata: this.#metadata,
      },
      signal: this.#signal,
      encodeArguments: (writer) => compiled.encodeArguments(writer, args),
      decodeResult: (reader) => compiled.decodeResult(reader),
      decodeThrown,
    };
  }

  /** An open connection to a replica; waits for one while there is time. */
  async #connection(): Promise<ClientConnection> {
    const { replicas } = this.#target;
    let lastReason: unknown;
    for (;;) {
      this.#throwIfOver(lastReason);
      const peer = replicas.choose(this.#hash);
      this.#replica = peer?.routed.replica;
      if (peer?.open !== undefined) return peer.open;
      if (peer !== undefined && !replicas.unreachable) {
        try {
          return await this.#inTime(peer.connect());
        } catch (reason) {
          lastReason = reason;
          this.#throwIfOver(reason);
          continue;
        }
      }
      const wait = Math.min(UNREACHABLE_RETRY_MS, Math.max(1, this.#deadline - performance.now()));
      await this.#inTime(
        replicas.nextRouting(peer === undefined ? Math.max(1, this.#deadline - performance.now()) : wait),
      );
    }
  }

  #throwIfOver(lastReason: unknown): void {
    if (this.#signal?.aborted === true)
      throw this.#error('CANCELLED', 'cancelled before it was sent', 'no', this.#signal.reason);
    if (performance.now() < this.#deadline) return;
    const why = lastReason instanceof Error ? `: ${lastReason.message}` : '; see `weaverd status`';
    throw this.#error(
      'DEADLINE_EXCEEDED',
      `no replica could be reached before the deadline${why}`,
      'no',
      lastReason,
    );
  }

  /** The promise, or the end of the call's time, whichever is first. */
  #inTime<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          settle(() =>
            reject(this.#error('DEADLINE_EXCEEDED', 'no replica could be reached before the deadline', 'no')),
          ),
        Math.max(0, this.#deadline - performance.now()),
      );
      const onAbort = () =>
        settle(() =>
          reject(this.#error('CANCELLED', 'cancelled before it was sent', 'no', this.#signal?.reason)),
        );
      const settle = (then: () => void) => {
        clearTimeout(timer);
        this.#signal?.removeEventListener('abort', onAbort);
        then();
      };
      this.#signal?.addEventListener('abort', onAbort, { once: true });
      promise.then(
        (value) => settle(() => resolve(value)),
        (reason) => settle(() => reject(reason)),
      );
    });
  }

  /** Returns when another attempt should be made; else throws what the caller should see. */
  async #recover(reason: unknown, attempt: number): Promise<void> {
    if (reason instanceof TypeViolation) {
      throw withCallerStack(this.#error('INVALID_ARGUMENT', `argument ${reason.message}`, 'no', reason));
    }
    // What the component threw: a RemoteCallError too, when one of its own calls failed.
    if (!(reason instanceof RemoteCallError) || reason.component !== undefined) throw withCallerStack(reason);
    const decision = decideRetry(reason, attempt, this.#retriable);
    const left = this.#deadline - performance.now();
    if (decision === 'fail' || left <= 0 || !this.#target.budget.tryRetry()) throw this.#named(reason);
    const wait = attempt === 1 ? 0 : backoffMs(RETRY_BACKOFF, attempt - 1, Math.random);
    if (wait > 0) await this.#inTime(new Promise((resolve) => setTimeout(resolve, Math.min(wait, left))));
  }

  #named(error: RemoteCallError): RemoteCallError {
    return withCallerStack(
      this.#error(error.code, plainMessage(error), error.executed, error.cause ?? error),
    );
  }

  #error(code: RemoteCallErrorCode, message: string, executed: Executed, cause?: unknown): RemoteCallError {
    const { component, method } = this.#target;
    return new RemoteCallError(code, message, { component, method, replica: this.#replica, executed, cause });
  }

  #hashOfKey(options: CallOptions | undefined): number | undefined {
    const key: unknown = options?.key ?? this.#target.routing?.(...this.#args);
    if (key === undefined && this.#target.routing === undefined) return undefined;
    if (!isRoutingKey(key)) {
      throw this.#error(
        'INVALID_ARGUMENT',
        `its routing function gave ${typeof key}, not a string, number or bigint`,
        'no',
      );
    }
    return hashKey(key);
  }
}

/** The message without the code that the constructor adds. */
function plainMessage({ message, code }: RemoteCallError): string {
  const suffix = ` [${code}]`;
  return message.endsWith(suffix) ? message.slice(0, -suffix.length) : message;
}
