import { ControlError } from '../../sdk/protocol/control-channel.js';
import type { StateAnswer } from '../../sdk/protocol/state-query.js';
import type { StateRequest } from '../api/api-types.js';
import type { Bus, Subscription } from '../bus/bus.js';
import type { Subjects } from '../bus/subjects.js';
import type { ReplicaHost } from '../envelope/replica-host.js';

export interface ClusterStateOptions {
  /** This host, whose replicas are at hand. */
  readonly host: string;
  readonly replicas: Pick<ReplicaHost, 'askState'>;
  readonly bus: Bus;
  readonly subjects: Subjects;
}

/** For a replica to answer, ms; a page of a large state is read from its store. */
const ANSWER_MS = 10_000;
/** On top of that, for the way. */
const WAY_MS = 2000;

type StateReply =
  | { readonly answer: StateAnswer }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Answers other daemons by the replicas of this host. */
export function serveState(options: ClusterStateOptions): Subscription {
  const { bus, subjects, host, replicas } = options;
  return bus.serve(subjects.stateQueries(host), async (body): Promise<StateReply> => {
    const request = body as StateRequest; // checked where it came in, by a daemon of this cluster
    try {
      return { answer: await replicas.askState(request, request.query, ANSWER_MS) };
    } catch (reason) {
      if (reason instanceof ControlError) return { error: { code: reason.code, message: reason.message } };
      throw reason;
    }
  });
}

/** Rejects with a ControlError, or the bus's BusError. */
export async function askState(options: ClusterStateOptions, request: StateRequest): Promise<StateAnswer> {
  const { bus, subjects, host, replicas } = options;
  if (request.host === host) return replicas.askState(request, request.query, ANSWER_MS);
  const timeoutMs = ANSWER_MS + WAY_MS;
  const reply = (await bus.request(subjects.stateQueries(request.host), request, {
    timeoutMs,
  })) as StateReply;
  if ('answer' in reply) return reply.answer;
  throw new ControlError(reply.error.code, reply.error.message);
}
