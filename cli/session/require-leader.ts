import type { HostsReply } from '../../daemon/api/api-types.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';

/** Throws when nobody leads the cluster at present: then nobody knows its hosts. */
export function requireLeader({ leader, cluster }: HostsReply): void {
  if (leader !== undefined) return;
  const of = cluster === undefined ? 'this host' : `the cluster ${cluster}`;
  throw new CliError(EXIT.failure, `the leader of ${of} does not answer; what runs goes on`, {
    mend: 'a new one takes over within seconds if NATS is there: see `weaverd status`, then try again',
  });
}
