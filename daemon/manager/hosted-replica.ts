import type { ObservedReplica } from '../envelope/replica-host.js';

/** A replica as its host reports it. */
export interface HostedReplica extends ObservedReplica {
  readonly host: string;
}
