import type { IngressRoute } from '../../daemon/ingress/ingress-routes.js';
import type { Epoch } from '../../daemon/leader/epoch.js';
import type { ComponentRouting } from '../../sdk/protocol/control.js';
import type { Sender } from './network.js';
import type { Proclet, ProcletPhase } from './sim-machine.js';

/** What is told to the invariants as it happens on a host. */
export interface Observer {
  /** A message of that epoch is acted upon. */
  followed(host: string, epoch: Epoch, from: Sender, subject: string): void;
  /** The host's daemon ends that replica; `restarts`: to start it anew with another spec. */
  stopping(host: string, proclet: Proclet, restarts: boolean): void;
  /** A proclet was in `before` until now. */
  phaseChanged(host: string, proclet: Proclet, before: ProcletPhase): void;
  routed(host: string, app: string, version: string, routing: ComponentRouting): void;
  ingressRouted(host: string, routes: readonly IngressRoute[]): void;
}
