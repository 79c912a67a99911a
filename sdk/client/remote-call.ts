import { currentCallState, eitherSignal, sampleNewTrace } from '../call/call-context.js';
import { newTrace, type TraceContext } from '../call/trace-context.js';
import type { Reader } from '../codec/reader.js';
import { TypeViolation } from '../codec/violations.js';
import type { Writer } from '../codec/writer.js';
import type { CallOptions } from '../component/component-class.js';
import {
  type Executed,
  plainMessage,
  RemoteCallError,
  type RemoteCallErrorCode,
} from '../errors/remote-call-error.js';
import { withCallerStack } from '../errors/stack.js';
import { StackBudget, withoutStack } from '../errors/stackless.js';
import { type Backoff, backoffMs } from '../routing/backoff.js';
import { hashOfCall } from '../routing/call-hash.js';
import type { Member } from '../routing/member.js';
import { PATIENCE_MS, type Peer } from '../routing/peer.js';
import type { CallHeader, ClientConnection, OutgoingCall } from '../transport/transport.js';
import { refusalPause } from './refusal-pause.js';
import type { RemoteMethod } from './remote-method.js';
import { RemoteStream } from './remote-stream.js';
import { decideRetry, MAX_ATTEMPTS } from './retry-policy.js';

const RETRY_BACKOFF: Backoff = { firstMs: 10, capMs: 500 };
/** How long a call that the key's owner refused waits for a newer routing, before it asks again. */
const OWNER_BACKOFF: Backoff = { firstMs: 5, capMs: 250 };
/** While no replica can be reached, how often to look again even without a new routing. */
const UNREACHABLE_RETRY_MS = 100;
/** Of refusals: what comes in an overload must not cost more than the calls. */
const refusalStacks = new StackBudget();

/** What a call remembers of attempts that failed. */
interface Trouble {
  /** Attempts that the key's owner did not take, which do not count. */
  refused: number;
  /** Why it did not take the last of them. */
  refusal: RemoteCallError | undefined;
  /** The outcome of one of them is not known. */
  mayHaveRun: boolean;
}

/**
 * One call of a remote method. Nearly every call is sent at once over an open connection and succeeds: then this is all
 * that is made for it, and the connection's promise is what the caller gets. What waits or fails is taken over by
 * {@link recover} and its kind.
 */
export class RemoteCall implements OutgoingCall, CallHeader {
  readonly trace: TraceContext;
  /** Of the first attempt. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly metadata: ReadonlyMap<string, string> | undefined;
  readonly #target: RemoteMethod;
  readonly #args: readonly unknown[];
  readonly deadline: number;
  readonly #startedAt: number;
  readonly #retriable: boolean;
  readonly keyHash: number | undefined;
  #replica: Member | undefined;
  /** Of the first attempt. */
  #timed = false;
  #attempt = 1;
  /** The next attempt has been taken from the budget. */
  #isPaid = false;
  /** Of nearly no call. */
  #trouble: Trouble | undefined;

  constructor(target: RemoteMethod, args: readonly unknown[], options: CallOptions | undefined) {
    const outer = currentCallState();
    const now = performance.now();
    let deadline = now + (options?.timeout ?? target.defaultTimeoutMs);
    if (outer?.deadline !== undefined && outer.deadline < deadline) deadline = outer.deadline;
    this.trace = outer?.trace ?? newTrace(sampleNewTrace());
    this.timeoutMs = deadline - now;
    this.signal = eitherSignal(outer?.signal, options?.signal);
    this.metadata =
      options?.metadata === undefined
        ? outer?.metadata
        : new Map([...(outer?.metadata ?? []), ...Object.entries(options.metadata)]);
    this.#target = target;
    this.#args = args;
    this.#startedAt = now;
    this.deadline = deadline;
    this.#retriable = options?.retry ?? target.retry;
    this.keyHash =
      target.routing === undefined && options?.key === undefined
        ? undefined
        : hashOfCall(target, args, options?.key);
  }

  get method(): number {
    return this.#target.number;
  }

  get header(): CallHeader {
    return this;
  }

  encodeArguments(writer: Writer): void {
    this.#target.compiled.encodeArguments(writer, this.#args);
  }

  decodeResult(reader: Reader): unknown {
    const value = this.#target.compiled.decodeResult(reader);
    this.#answered();
    return value;
  }

  decodeThrown(reader: Reader): unknown {
    const thrown = this.#target.decodeThrown(reader);
    this.#answered();
    return thrown;
  }

  unary(): Promise<unknown> {
    const { budget, replicas } = this.#target;
    const now = this.#startedAt;
    budget.onCall();
    const probed = this.keyHash === undefined ? replicas.toProbe(now) : undefined;
    const replica = probed ?? replicas.choose(this.keyHash);
    this.#replica = replica;
    const connection = replica?.peer.open;
    if (replica === undefined || connection === undefined) return this.#attempts(1);
    this.#timed = replica.timesAt(now);
    return connection.call(this);
  }

  #answered(): void {
    const replica = this.#replica;
    if (replica === undefined || (!this.#timed && replica.failures === 0)) return;
    const { replicas, usual } = this.#target;
    const now = performance.now();
    const slowness = this.#timed ? usual.slowness(now - this.#startedAt) : undefined;
    this.#timed = false;
    replicas.answered(replica, slowness, now);
  }

  /** Undefined: for a reason that is not the runtime's. */
  #failed(failure: RemoteCallError | undefined): void {
    const replica = this.#replica;
    this.#timed = false;
    if (replica === undefined) return;
    if (failure !== undefined && speaksAgainst(failure))
      this.#target.replicas.failed(replica, performance.now());
    else if (replica.probing) this.#target.replicas.unknown(replica, performance.now());
  }

  /** The replica is silent: a call that may run twice moves to another, while there is one and the budget has room. */
  mayMove(): boolean {
    const { replicas, budget } = this.#target;
    const replica = this.#replica;
    if (!this.#retriable || this.#attempt >= MAX_ATTEMPTS || replica === undefined) return false;
    this.#isPaid = replicas.hasOther(replica, this.keyHash) && budget.tryRetry();
    return this.#isPaid;
  }

  async recover(reason: unknown): Promise<unknown> {
    // After two turns the caller's promise follows this one, and V8 knows whose stack this is on.
    await undefined;
    await undefined;
    await this.#recover(reason, 1);
    return this.#attempts(2);
  }

  async #attempts(first: number): Promise<unknown> {
    for (let attempt = first; ; attempt++) {
      this.#attempt = attempt;
      try {
        const connection = await this.#connection();
        return await connection.call({ ...this.#again(), mayMove: () => this.mayMove() });
      } catch (reason) {
        await this.#recover(reason, attempt);
      }
    }
  }

  stream(): AsyncIterableIterator<unknown> {
    return new RemoteStream({
      begin: () => this.#target.budget.onCall(),
      connection: () => this.#connection(),
      attempt: (recover) => ({ ...this.#again(), recover }),
      recover: (reason, attempt) => this.#recover(reason, attempt),
    });
  }

  /** The call as a further attempt sends it: with the time that is left, and without {@link recover}. */
  #again(): OutgoingCall {
    return {
      method: this.method,
      header: {
        timeoutMs: Math.max(1, this.deadline - performance.now()),
        trace: this.trace,
        metadata: this.metadata,
        keyHash: this.keyHash,
      },
      signal: this.signal,
      encodeArguments: (writer) => this.encodeArguments(writer),
      decodeResult: (reader) => this.decodeResult(reader),
      decodeThrown: (reader) => this.decodeThrown(reader),
    };
  }

  /** An open connection to a replica; waits for one while there is time. */
  async #connection(): Promise<ClientConnection> {
    const { replicas } = this.#target;
    let lastReason: unknown;
    for (;;) {
      this.#throwIfOver(lastReason);
      const replica = replicas.choose(this.keyHash);
      const peer = replica?.peer;
      this.#replica = replica;
      if (peer?.open !== undefined) return peer.open;
      if (replica !== undefined && peer !== undefined && !peer.unreachable) {
        replicas.beginWaiting();
        try {
          const opened = await this.#opened(replica, peer);
          if (opened !== undefined) return opened;
          continue;
        } catch (reason) {
          lastReason = reason;
          this.#throwIfOver(reason);
          continue;
        } finally {
          replicas.endWaiting();
        }
      }
      const wait = Math.min(UNREACHABLE_RETRY_MS, Math.max(1, this.deadline - performance.now()));
      await this.#inTime(
        replicas.nextRouting(peer === undefined ? Math.max(1, this.deadline - performance.now()) : wait),
      );
    }
  }

  /** Undefined when it is time to choose again; the connection goes on opening for later calls. */
  async #opened(replica: Member, peer: Peer): Promise<ClientConnection | undefined> {
    const connecting = peer.connect();
    if (peer.ejected && this.#target.replicas.hasOther(replica, this.keyHash)) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const impatience = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, undefined);
    });
    try {
      return await this.#inTime(Promise.race([connecting, impatience]));
    } finally {
      clearTimeout(timer);
    }
  }

  #throwIfOver(lastReason: unknown): void {
    if (this.signal?.aborted === true)
      throw this.#error('CANCELLED', 'cancelled before it was sent', 'no', this.signal.reason);
    if (performance.now() >= this.deadline) throw this.#late(lastReason);
  }

  /** It could not be sent in time. */
  #late(lastReason: unknown): RemoteCallError {
    const { replicas } = this.#target;
    const isOwnerless = replicas.needsOwner(this.keyHash) && replicas.choose(this.keyHash) === undefined;
    const what = isOwnerless ? 'its key had no owner' : 'no replica could be reached';
    const reason = lastReason ?? this.#trouble?.refusal;
    const why = reason instanceof Error ? `: ${reason.message}` : '; see `weaverd status`';
    return this.#error('DEADLINE_EXCEEDED', `${what} before the deadline${why}`, 'no', reason);
  }

  /** The promise, or the end of the call's time, whichever is first. */
  #inTime<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => settle(() => reject(this.#late(undefined))),
        Math.max(0, this.deadline - performance.now()),
      );
      const onAbort = () =>
        settle(() =>
          reject(this.#error('CANCELLED', 'cancelled before it was sent', 'no', this.signal?.reason)),
        );
      const settle = (then: () => void) => {
        clearTimeout(timer);
        this.signal?.removeEventListener('abort', onAbort);
        then();
      };
      this.signal?.addEventListener('abort', onAbort, { once: true });
      promise.then(
        (value) => settle(() => resolve(value)),
        (reason) => settle(() => reject(reason)),
      );
    });
  }

  /** Returns when another attempt should be made; else throws what the caller should see. */
  async #recover(reason: unknown, attempt: number): Promise<void> {
    if (reason instanceof TypeViolation) {
      this.#failed(undefined);
      throw withCallerStack(this.#error('INVALID_ARGUMENT', `argument ${reason.message}`, 'no', reason));
    }
    // What the component threw: a RemoteCallError too, when one of its own calls failed.
    if (!(reason instanceof RemoteCallError) || reason.component !== undefined) {
      this.#failed(undefined);
      throw withCallerStack(reason);
    }
    if (this.#isOwnersRefusal(reason) && Number.isFinite(attempt)) return this.#untilOwned(reason);
    this.#failed(reason);
    if (reason.executed !== 'no') this.#troubled().mayHaveRun = true;
    const decision = decideRetry(reason, attempt - (this.#trouble?.refused ?? 0), this.#retriable);
    const left = this.deadline - performance.now();
    if (decision === 'fail' || left <= 0 || !this.#pay()) {
      if (reason.code === 'RESOURCE_EXHAUSTED') await refusalPause();
      throw this.#named(reason);
    }
    const wait = attempt === 1 ? 0 : backoffMs(RETRY_BACKOFF, attempt - 1, Math.random);
    if (wait > 0) await this.#inTime(new Promise((resolve) => setTimeout(resolve, Math.min(wait, left))));
  }

  /** The call did not run, and nobody but the owner of its key can take it. */
  #isOwnersRefusal({ code, executed }: RemoteCallError): boolean {
    if (executed !== 'no') return false;
    return (
      code === 'STALE_OWNER' ||
      ((code === 'UNAVAILABLE' || code === 'VERSION_MISMATCH') &&
        this.#target.replicas.needsOwner(this.keyHash))
    );
  }

  /** The key is moving, or its owner out of reach: until there is a newer routing, or it is time to ask again. */
  async #untilOwned(reason: RemoteCallError): Promise<void> {
    const { replicas } = this.#target;
    const refusedBy = this.#replica;
    this.#failed(undefined);
    const trouble = this.#troubled();
    trouble.refusal = reason;
    trouble.refused++;
    const left = this.deadline - performance.now();
    if (left <= 0) throw this.#named(reason);
    const owner = replicas.choose(this.keyHash);
    if (owner !== undefined && owner !== refusedBy) return;
    const wait = backoffMs(OWNER_BACKOFF, trouble.refused, Math.random);
    await this.#inTime(replicas.nextRouting(Math.min(wait, left)));
  }

  #troubled(): Trouble {
    this.#trouble ??= { refused: 0, refusal: undefined, mayHaveRun: false };
    return this.#trouble;
  }

  #pay(): boolean {
    const isPaid = this.#isPaid;
    this.#isPaid = false;
    return isPaid || this.#target.budget.tryRetry();
  }

  #named(error: RemoteCallError): RemoteCallError {
    if (error.code === 'RESOURCE_EXHAUSTED' && !refusalStacks.take(performance.now())) {
      return withoutStack(() => this.#error(error.code, plainMessage(error), error.executed));
    }
    return withCallerStack(
      this.#error(error.code, plainMessage(error), error.executed, error.cause ?? error),
    );
  }

  #error(code: RemoteCallErrorCode, message: string, executed: Executed, cause?: unknown): RemoteCallError {
    const { component, method } = this.#target;
    return new RemoteCallError(code, message, {
      component,
      method,
      replica: this.#replica?.peer.routed.replica,
      executed: executed === 'no' && this.#trouble?.mayHaveRun === true ? 'unknown' : executed,
      cause,
    });
  }
}

/** A failure that a healthy replica would not have caused. */
function speaksAgainst({ code, executed }: RemoteCallError): boolean {
  switch (code) {
    case 'UNAVAILABLE':
    case 'UNKNOWN_OUTCOME':
    case 'RESOURCE_EXHAUSTED':
    case 'PROTOCOL_ERROR':
    case 'INTERNAL':
      return true;
    case 'DEADLINE_EXCEEDED':
      return executed !== 'no';
    default:
      return false;
  }
}
