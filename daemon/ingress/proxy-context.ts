import type { AccessSinks } from './access.js';
import type { BackendPool } from './backend-pool.js';
import type { IngressClock } from './ingress-routes.js';
import type { ProxyLimits } from './proxy-limits.js';

/** What the requests of one listener share. */
export interface ProxyContext {
  readonly listener: string;
  readonly pool: BackendPool;
  readonly limits: ProxyLimits;
  readonly clock: IngressClock;
  readonly access: AccessSinks;
  /** Of this listener's address. */
  readonly scheme: 'http' | 'https';
  readonly trusts: (peer: string) => boolean;
  /** Host and port of the listener. */
  readonly boundHost: () => string;
  /** The listener goes away: connections end with the answer under way. */
  readonly closing: () => boolean;
}
