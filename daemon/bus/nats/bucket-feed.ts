import {
  AckPolicy,
  type ConsumerInfo,
  createInbox,
  DeliverPolicy,
  type Msg,
  nanos,
  ReplayPolicy,
} from 'nats';
import { BusError } from '../bus.js';
import { type Delivery, deliveryOf } from './key-value-message.js';
import { JETSTREAM, jetStreamCode, natsMessage } from './nats-errors.js';
import type { Session } from './nats-link.js';

const HEARTBEAT_MS = 1000;
const SILENCE_MS = 3 * HEARTBEAT_MS;
/** After that long without anyone listening the server removes the consumer. */
const INACTIVE_MS = 10_000;
const CONTROL_STATUS = 100;

export interface BucketFeedOptions {
  readonly session: Session;
  readonly stream: string;
  readonly filter: string;
  /** The newest message of each subject, then each new one; without gaps. */
  readonly onMessage: (message: Msg, delivery: Delivery) => void;
  /** All that was there when the feed began has been told. Once. */
  readonly onCaughtUp: () => void;
}

/**
 * What a stream holds and what is added to it, by an ephemeral consumer of its own. Unlike the client's ordered consumer
 * it does not go on from where it was: the stream may have been rebuilt, with sequences that start again.
 */
export class BucketFeed {
  /** Resolves when nothing follows any more, with the reason: begin anew. */
  readonly ended: Promise<BusError>;
  readonly #options: BucketFeedOptions;
  readonly #inbox = createInbox();
  readonly #subscription: { unsubscribe(): void };
  #end: (reason: BusError) => void = () => undefined;
  #caughtUp: () => void = () => undefined;
  #silence: NodeJS.Timeout | undefined;
  #delivered = 0;
  /** The stream's last sequence before the feed began, as its leader has it. */
  #newest = 0;
  #consumer: ConsumerInfo | undefined;
  #isCaughtUp = false;
  #isOver = false;
  readonly #lose = () => this.#break('the connection was lost');

  constructor(options: BucketFeedOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#subscription = options.session.connection.subscribe(this.#inbox, {
      callback: (error, message) => (error === null ? this.#onMessage(message) : this.#break(error.message)),
    });
    options.session.ended.addEventListener('abort', this.#lose);
  }

  /** Resolves after `onCaughtUp`. Rejects with the client's error, or with the reason for which it ended. */
  async open(): Promise<void> {
    const caughtUp = new Promise<void>((resolve) => {
      this.#caughtUp = resolve;
    });
    const isLost = this.ended.then((reason) => Promise.reject(reason));
    await Promise.race([this.#begin(), isLost]);
    await Promise.race([caughtUp, isLost]);
  }

  /** Nothing is told after it. Idempotent. */
  close(reason = new BusError('CLOSED', `${this.#stream}: no longer followed`)): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#silence);
    this.#subscription.unsubscribe();
    this.#options.session.ended.removeEventListener('abort', this.#lose);
    const { session, stream } = this.#options;
    if (this.#consumer !== undefined && !session.connection.isClosed())
      session.manager.consumers.delete(stream, this.#consumer.name).catch(() => undefined); // or it goes by itself
    this.#end(reason);
  }

  get #stream(): string {
    return this.#options.stream;
  }

  async #begin(): Promise<void> {
    const { session, stream, filter } = this.#options;
    this.#newest = (await session.manager.streams.info(stream)).state.last_seq;
    this.#consumer = await session.manager.consumers.add(stream, {
      deliver_subject: this.#inbox,
      deliver_policy: DeliverPolicy.LastPerSubject,
      filter_subject: filter,
      ack_policy: AckPolicy.None,
      replay_policy: ReplayPolicy.Instant,
      max_deliver: 1,
      flow_control: true,
      idle_heartbeat: nanos(HEARTBEAT_MS),
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
    });
    if (this.#isOver) return;
    this.#expectMore();
    // An empty stream has no last message that could say so.
    const { num_pending, delivered } = this.#consumer;
    if (num_pending === 0 && delivered.consumer_seq === 0) await this.#verify(0);
  }

  #onMessage(message: Msg): void {
    if (this.#isOver) return;
    this.#expectMore();
    if (message.headers?.code === CONTROL_STATUS) return this.#onControl(message);
    const delivery = deliveryOf(message);
    if (delivery === undefined) return; // not the server's: whoever knows the inbox may write to it
    if (delivery.delivered !== this.#delivered + 1) return this.#break('a message was lost');
    this.#delivered = delivery.delivered;
    this.#options.onMessage(message, delivery);
    if (delivery.pending === 0 && !this.#isCaughtUp) void this.#verify(delivery.sequence);
  }

  /** A heartbeat, or the question whether all came so far (flow control). */
  #onControl(message: Msg): void {
    const stalled = message.headers?.get('Nats-Consumer-Stalled') ?? '';
    if (message.reply !== undefined && message.reply !== '') message.respond();
    else if (stalled !== '') this.#options.session.connection.publish(stalled);
    const last = message.headers?.get('Nats-Last-Consumer') ?? '';
    if (last !== '' && Number(last) !== this.#delivered) this.#break('a message was lost');
  }

  #expectMore(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#break(`nothing was heard for ${SILENCE_MS} ms`), SILENCE_MS);
    this.#silence.unref();
  }

  /**
   * A consumer may run on a server that is behind the stream's leader, such as one that was just started: what it calls
   * all would be an outdated snapshot.
   */
  async #verify(sequence: number): Promise<void> {
    if (sequence >= this.#newest) return this.#catchUp();
    const { session, stream } = this.#options;
    try {
      await session.manager.streams.getMessage(stream, { seq: this.#newest });
      this.#break('what the server has is outdated');
    } catch (reason) {
      // It was removed since, so that nothing newer is missing.
      if (jetStreamCode(reason) === JETSTREAM.NO_MESSAGE) this.#catchUp();
      else this.#break(natsMessage(reason));
    }
  }

  #catchUp(): void {
    if (this.#isCaughtUp || this.#isOver) return;
    this.#isCaughtUp = true;
    this.#options.onCaughtUp();
    this.#caughtUp();
  }

  #break(reason: string): void {
    this.close(new BusError('UNAVAILABLE', `${this.#stream}: ${reason}`));
  }
}
