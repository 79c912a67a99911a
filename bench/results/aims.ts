type Bound = '≥' | '≤' | '>';

export interface Aim {
  readonly bound: Bound;
  readonly value: number;
}

const atLeast = (value: number): Aim => ({ bound: '≥', value });
const atMost = (value: number): Aim => ({ bound: '≤', value });
const above = (value: number): Aim => ({ bound: '>', value });

/** What the ratios are to be; others are printed for comparison. */
export const AIMS: Readonly<Record<string, Aim>> = {
  'codec.tiny.vs_json': atLeast(9),
  'codec.product.vs_json': atLeast(5.5),
  'codec.cart.vs_json': atLeast(5.5),
  'codec.list.vs_json': atLeast(7),
  'codec.product.vs_best_peer': atLeast(2),
  'codec.list.vs_best_peer': atLeast(3),
  'rpc.30.c64.vs_raw': atLeast(0.65),
  'rpc.30.c64.vs_grpc': atLeast(60),
  'rpc.30.c64.vs_moleculer': atLeast(7),
  'rpc.1000.c64.vs_grpc': atLeast(60),
  'rpc.list.c64.vs_grpc': atLeast(40),
  'rpc.list.c64.vs_moleculer': atLeast(10),
  'rpc.30.c1.p50_vs_grpc': atMost(0.25),
  'rpc.30.c1.p50_vs_raw': atMost(1.05),
  'rpc.30.c64.cpu_vs_grpc': atMost(0.017),
  'busypoll.rpc.30.c1.p50_vs_raw': atMost(0.3),
  'busypoll.contended_vs_off': atLeast(0.95),
  'dispersed.16.cpu_vs_grpc': atMost(0.1),
  'dispersed.128.cpu_vs_grpc': atMost(0.045),
  'dispersed.128.cpu_vs_moleculer': atMost(0.25),
  'dispersed.128.cpu_vs_http': atMost(0.15),
  'local.overhead_ns': atMost(25),
  'stream.items_vs_grpc': atLeast(10),
  'stream.slow_reader_effect': atLeast(0.9),
  'stream.small_beside_large_p50': atMost(5),
  'boutique.split.cpu_gain': above(2.8),
  'boutique.colocated.cpu_gain': above(8.7),
  'boutique.split.p50_gain': above(2.06),
  'boutique.colocated.p50_gain': above(14.4),
  'overload.goodput': atLeast(0.8),
  'overload.p99_admitted_vs_peak': atMost(3),
  'overload.refused_at_peak': atMost(0),
  'slow_replica.p99_vs_healthy': atMost(1.5),
  'start.warm_vs_cold': atMost(0.1),
  'scale.plan_10k_ms': atMost(2000),
  'scale.plan_10k_vs_1k': atMost(12),
  'scale.needless_moves': atMost(0),
  'routing.moved_vs_minimum': atMost(1.05),
  'routing.imbalance': atMost(1.15),
  'routing.lookup_ns': atMost(100),
  'kv.c.vs_redis': atLeast(1.5),
  'kv.a.vs_redis': atLeast(0.6),
  'kv.f.vs_redis': atLeast(2),
};

export function isMet({ bound, value }: Aim, measured: number): boolean {
  switch (bound) {
    case '≥':
      return measured >= value;
    case '>':
      return measured > value;
    case '≤':
      return measured <= value;
  }
}

/** Of a ratio with an aim: `≥ 9 met`; empty for others. */
export function verdict(ratio: string, measured: number): string {
  const aim = AIMS[ratio];
  return aim === undefined ? '' : `${aim.bound} ${aim.value} ${isMet(aim, measured) ? 'met' : 'missed'}`;
}
