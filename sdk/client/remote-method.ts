import type { CompiledMethod } from '../codec/compiled.js';
import type { Reader } from '../codec/reader.js';
import type { RoutingKey } from '../protocol/routing-key.js';
import type { ReplicaSet } from '../routing/replica-set.js';
import type { RetryBudget } from '../routing/retry-budget.js';
import type { UsualLatency } from '../routing/usual-latency.js';

/** All that a remote method's calls share. */
export interface RemoteMethod {
  readonly component: string;
  readonly method: string;
  /** Position among the app's compiled methods: what names the method on the wire. */
  readonly number: number;
  readonly compiled: CompiledMethod;
  readonly routing: ((...args: readonly unknown[]) => RoutingKey) | undefined;
  /** It may be executed twice. */
  readonly retry: boolean;
  readonly replicas: ReplicaSet;
  readonly usual: UsualLatency;
  readonly budget: RetryBudget;
  readonly defaultTimeoutMs: number;
  readonly decodeThrown: (reader: Reader) => unknown;
}
