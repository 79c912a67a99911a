import type { ComponentRouting } from '../../sdk/protocol/control.js';
import type { PublishedRouting } from './host-messages.js';

/** The routing for the proclets of one host: its own replicas over their Unix sockets, the others over the network. */
export function routingOn(
  host: string,
  { replicas, decidedAt: _, ...rest }: PublishedRouting,
): ComponentRouting {
  return {
    ...rest,
    replicas: replicas.map(({ replica, group, generation, address, remoteAddress, host: at }) => ({
      replica,
      group,
      generation,
      ...(at === host ? { address } : { address: remoteAddress ?? address, elsewhere: true as const }),
    })),
  };
}
