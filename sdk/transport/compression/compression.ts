import type { Address } from '../../protocol/address.js';

/** `auto`: large bodies are compressed on connections on which that is measured to pay. The default. */
export type Compression = 'auto' | 'off';

/** Never over a Unix socket: it is as fast as memory. */
export function mayCompress({ kind }: Address, compression: Compression = 'auto'): boolean {
  return kind === 'tcp' && compression === 'auto';
}
