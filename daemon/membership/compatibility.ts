import type { HostFacts } from './host-facts.js';

/** Raised when older daemons could not understand a message between daemons any more. */
export const PROTOCOL = 1;
/** The oldest that this daemon still understands. */
export const OLDEST_PROTOCOL = 1;

export interface Understood {
  readonly version: string;
  readonly protocol: number;
  readonly oldestProtocol: number;
}

/**
 * Why a leader cannot direct that host, with the mend; undefined when it can. Daemons of other versions but an
 * understood protocol work together, so that a fleet is upgraded host by host. What runs on a host that cannot be
 * directed is left alone, and counts as running.
 */
export function incompatibility(facts: HostFacts, leader: Understood): string | undefined {
  const { host, version, protocol } = facts;
  const theirs = `weaverd ${version} on ${host} speaks protocol ${protocol}`;
  if (protocol < leader.oldestProtocol)
    return `${theirs}, the leader (${leader.version}) ${leader.oldestProtocol} at least: upgrade weaverd on ${host}`;
  if (protocol > leader.protocol)
    return `${theirs}, the leader (${leader.version}) only ${leader.protocol}: upgrade weaverd on the leader's host`;
  return undefined;
}
