export { type CurrentCall, currentCall, type WithCallOptions, withCall } from './call/call-context.js';
export type {
  CallOptions,
  Client,
  ComponentClass,
  MethodName,
} from './component/component-class.js';
export type { ComponentOptions, ConstructibleClass } from './component/options.js';
export { ComponentError, component } from './component/registry.js';
export { ConfigError } from './context/config.js';
export type { Context, ListenOptions } from './context/context.js';
export type { StandardSchema } from './context/standard-schema.js';
export { type Executed, RemoteCallError, type RemoteCallErrorCode } from './errors/remote-call-error.js';
export { LifecycleError } from './hosting/component-host.js';
export type { KeySlice } from './ownership/key-slice.js';
export type { RoutingKey, RoutingKeyPart } from './protocol/routing-key.js';
export type { Main } from './run/main-function.js';
export { run } from './run/run.js';
export type {
  ListOptions,
  SetOptions,
  State,
  StateEntry,
  StateOptions,
  WakeHandler,
  WakingState,
} from './state/state.js';
export { StateError, type StateErrorCode } from './state/state-error.js';
