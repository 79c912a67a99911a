import type { StreamInfo } from 'nats';
import type { StreamExamination } from '../../doctor/examination.js';
import { BusError } from '../bus.js';
import type { Deadline } from './deadline.js';
import { JETSTREAM, jetStreamCode, readError } from './nats-errors.js';
import type { NatsLink, Session } from './nats-link.js';
import { unsafeReplicas } from './server-problems.js';
import { type StreamSettings, settingsProblems } from './stream-settings.js';

const ATTEMPTS = 4;

/** The stream of one bucket: made when it is not there, checked when it is. */
export class NatsStream {
  readonly settings: StreamSettings;
  readonly #link: NatsLink;
  /** The session in which it was last found to be there. */
  #foundIn: Session | undefined;
  #verifying: { readonly session: Session; readonly result: Promise<void> } | undefined;
  #problems: readonly string[] = [];

  constructor(link: NatsLink, settings: StreamSettings) {
    this.#link = link;
    this.settings = settings;
  }

  get name(): string {
    return this.settings.name;
  }

  /** Settings that are not as they should be. */
  problems(): readonly string[] {
    return this.#problems;
  }

  /** As its leader sees it. Rejects with the bus's BusError. */
  async examine({ manager }: Session): Promise<StreamExamination> {
    try {
      const { config, cluster } = await manager.streams.info(this.name);
      return {
        stream: this.name,
        replicas: config.num_replicas,
        leader: cluster?.leader,
        copies: (cluster?.replicas ?? []).map(({ name, current, offline }) => ({
          server: name,
          isCurrent: current,
          isOffline: offline === true,
        })),
      };
    } catch (reason) {
      throw readError(this.name, reason);
    }
  }

  /** A connection on which the stream is there. Rejects with UNAVAILABLE, TIMEOUT, CLOSED and the like. */
  async ready(what: string, deadline: Deadline): Promise<Session> {
    const session = this.#link.session(what);
    if (this.#foundIn !== session) await deadline.race(what, this.verify(session));
    return session;
  }

  /** After such an error it may be gone, and is looked for again before the next use. */
  doubted(error: BusError): BusError {
    if (error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT') this.#foundIn = undefined;
    return error;
  }

  /** Makes it when it is not there, which others may do at the same moment. */
  verify(session: Session): Promise<void> {
    if (this.#verifying?.session === session) return this.#verifying.result;
    const result = this.#verify(session).finally(() => {
      if (this.#verifying?.session === session) this.#verifying = undefined;
    });
    this.#verifying = { session, result };
    return result;
  }

  async #verify(session: Session): Promise<void> {
    this.#foundIn = undefined;
    const unsafe = unsafeReplicas(session.version, this.settings.num_replicas);
    if (unsafe !== undefined) throw new BusError('REFUSED', unsafe);
    try {
      const { config } = await this.#findOrMake(session);
      this.#problems = settingsProblems(this.settings, config);
      this.#foundIn = session;
    } catch (reason) {
      throw readError(this.name, reason);
    }
  }

  async #findOrMake({ manager }: Session): Promise<StreamInfo> {
    for (let attempt = 1; ; attempt++)
      try {
        return await manager.streams.info(this.name);
      } catch (notFound) {
        if (jetStreamCode(notFound) !== JETSTREAM.STREAM_NOT_FOUND) throw notFound;
        try {
          return await manager.streams.add(this.settings);
        } catch (reason) {
          // A cluster does not answer some of those who make the same stream at the same moment.
          const answered = jetStreamCode(reason);
          const mayBeThere = answered === undefined || answered === JETSTREAM.STREAM_NAME_IN_USE;
          if (!mayBeThere || attempt === ATTEMPTS) throw reason;
        }
      }
  }
}
