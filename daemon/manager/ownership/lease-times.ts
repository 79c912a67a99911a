/**
 * The lease of exclusive keys on a fleet: a replica acts for them until so long after its host sent a heartbeat that the
 * leader has answered. Long enough for another leader to be elected (5 s), to wait for hosts that do not report (3 s) and to
 * hear that the replicas have its routing; nobody else is given the keys of a host that is silent any earlier.
 */
export const LEASE_MS = 15_000;
/** Beyond which the lease of a host has certainly run out: its clock may be slower than the leader's. */
export const LEASE_MARGIN_MS = 1000;
/** Between two leases for one host. */
export const LEASE_EVERY_MS = 2000;
