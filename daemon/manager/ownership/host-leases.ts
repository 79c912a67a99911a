import type { LeaseMessage } from '../../host/host-messages.js';
import { isIn } from '../../membership/membership.js';
import type { AppRecord } from '../app-record.js';
import type { FleetHost } from '../fleet.js';
import { formatHolder, type Holder } from './holder.js';
import { isLeasable } from './leasable.js';
import { hasEnded } from './let-go.js';

/** What one host is to be told. */
export interface HostLease {
  readonly host: string;
  /** When the leader heard the heartbeat that this answers, monotonic ms. */
  readonly heardAt: number;
  readonly message: Pick<LeaseMessage, 'generation' | 'heard' | 'replicas'>;
}

export interface Tenant {
  readonly app: string;
  readonly holder: Holder;
}

/** Of each host with replicas that own keys and know of all that went to others. */
export function hostLeases(
  records: readonly AppRecord[],
  fleet: readonly FleetHost[],
  tenants: readonly Tenant[],
  knownSince: (app: string, component: string, holder: Holder) => number | undefined,
): readonly HostLease[] {
  const byApp = new Map(records.map((record) => [record.app, record]));
  const byHost = new Map<string, Map<string, Tenant>>();
  for (const tenant of tenants) {
    const { app, holder } = tenant;
    const of = byHost.get(holder.host) ?? new Map<string, Tenant>();
    byHost.set(holder.host, of.set(`${app}/${formatHolder(holder)}`, tenant));
  }
  return fleet.flatMap(({ member, report }) => {
    const { host, generation } = member.facts;
    const there = byHost.get(host);
    if (there === undefined || report === undefined || !isIn(member) || member.sequence === 0) return [];
    const replicas = report.replicas.filter((replica) => {
      const tenant = there.get(`${replica.app}/${formatHolder({ ...replica, host })}`);
      const record = byApp.get(replica.app);
      if (tenant === undefined || record === undefined || hasEnded(replica)) return false;
      return isLeasable(record, replica, (component) => knownSince(replica.app, component, tenant.holder));
    });
    if (replicas.length === 0) return [];
    const leased = replicas.map((each) => ({
      app: each.app,
      version: each.version,
      replica: each.replica,
      generation: each.generation,
    }));
    return [
      { host, heardAt: member.heardAt, message: { generation, heard: member.sequence, replicas: leased } },
    ];
  });
}
