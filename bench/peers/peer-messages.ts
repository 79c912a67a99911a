import type { Load, LoadReport } from '../load.js';
import type { Serving } from './peer.js';

export type ToPeer =
  | { readonly kind: 'serve'; readonly folder: string }
  | { readonly kind: 'connect'; readonly endpoint: string }
  | { readonly kind: 'load'; readonly load: Load; readonly serverPids: readonly number[] };

/** One for each message, in order. */
export type FromPeer =
  | { readonly kind: 'serving'; readonly serving: Serving }
  | { readonly kind: 'connected' }
  | { readonly kind: 'report'; readonly report: LoadReport }
  | { readonly kind: 'failed'; readonly message: string };
