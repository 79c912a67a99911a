export { type BusyPollCounters, busyPollCounters, type LatencyOptions } from './busy-poll.js';
export { type Clock, systemClock } from './clock.js';
export type { Compression } from './compression/compression.js';
export { type EdgeReport, openEdges } from './compression/open-edges.js';
export { type ConnectOptions, connect } from './connect.js';
export { DEFAULT_LIMITS, resolveLimits } from './limits.js';
export { type ListenOptions, listen } from './server.js';
export type {
  CallHeader,
  CallReceiver,
  ClientConnection,
  IncomingCall,
  OutgoingCall,
  ReplicaIdentity,
  TransportLimits,
  TransportServer,
} from './transport.js';
