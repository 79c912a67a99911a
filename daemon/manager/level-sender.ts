import { type Bus, publishBestEffort } from '../bus/bus.js';
import type { Clock } from '../processes/clock.js';

/** Time for a message to be acknowledged before it is sent again, ms. */
const RESEND_MS = 1000;

/**
 * Sends the newest of each subject until it is acknowledged: a change at once, the same again after a while. The
 * bus may lose it.
 */
export class LevelSender {
  readonly #bus: Pick<Bus, 'publish'>;
  readonly #clock: Clock;
  readonly #sent = new Map<string, { epoch: number; json: string; at: number }>();

  constructor(bus: Pick<Bus, 'publish'>, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** With a new epoch if the content is another than last time. Returns its epoch. */
  send(
    subject: string,
    content: object,
    nextEpoch: () => number,
    isAcknowledged: (epoch: number) => boolean,
  ): number {
    const json = JSON.stringify(content);
    const known = this.#sent.get(subject);
    const sent = known?.json === json ? known : { epoch: nextEpoch(), json, at: Number.NEGATIVE_INFINITY };
    this.#sent.set(subject, sent);
    const now = this.#clock.monotonic();
    if (!isAcknowledged(sent.epoch) && now - sent.at >= RESEND_MS) {
      publishBestEffort(this.#bus, subject, { ...content, epoch: sent.epoch });
      sent.at = now;
    }
    return sent.epoch;
  }

  epochOf(subject: string): number | undefined {
    return this.#sent.get(subject)?.epoch;
  }

  /** Forgets all subjects but those. */
  retain(subjects: ReadonlySet<string>): void {
    for (const subject of this.#sent.keys()) if (!subjects.has(subject)) this.#sent.delete(subject);
  }
}
