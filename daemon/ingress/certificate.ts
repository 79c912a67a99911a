import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { IngressClock, TlsFiles } from './ingress-routes.js';

/** How often the files are looked at. */
export const CERTIFICATE_CHECK_MS = 10_000;

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** The pair in the files. Throws with the file, what is wrong with it, and the mend. */
export function readKeyPair({ certificate, key }: TlsFiles): KeyPair {
  const mode = statSync(key, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o007) !== 0)
    throw new Error(
      `${key} may be used by every user of this machine; chmod 640 it, for the user of weaverd alone`,
    );
  const pair = { cert: read(certificate, 'certificate'), key: read(key, 'key') };
  let leaf: X509Certificate;
  try {
    leaf = new X509Certificate(pair.cert);
  } catch (reason) {
    throw new Error(`${certificate} is no PEM certificate: ${messageOf(reason)}`, { cause: reason });
  }
  if (Date.parse(leaf.validTo) <= Date.now())
    throw new Error(`${certificate} has expired (${leaf.validTo}); renew it`);
  try {
    createSecureContext(pair);
  } catch (reason) {
    throw new Error(
      `${key} is not the private key of ${certificate}, or needs a passphrase: ${messageOf(reason)}`,
      { cause: reason },
    );
  }
  return pair;
}

/** Tells of each new pair in the files; what cannot be used is told once, and the former stays. Returns what ends it. */
export function watchKeyPair(
  files: TlsFiles,
  clock: IngressClock,
  renewed: (pair: KeyPair) => void,
  failed: (message: string) => void,
): () => void {
  let seen = stampOf(files);
  let cancel: () => void;
  const look = () => {
    cancel = clock.after(CERTIFICATE_CHECK_MS, look);
    const stamp = stampOf(files);
    if (stamp === seen) return;
    seen = stamp;
    let pair: KeyPair;
    try {
      pair = readKeyPair(files);
    } catch (reason) {
      failed(messageOf(reason));
      return;
    }
    renewed(pair);
  };
  cancel = clock.after(CERTIFICATE_CHECK_MS, look);
  return () => cancel();
}

/** Changes with the files, also where they are links that are set anew. */
function stampOf({ certificate, key }: TlsFiles): string {
  return [certificate, key]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? 'none' : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(' ');
}

function read(file: string, setting: string): Buffer {
  try {
    return readFileSync(file);
  } catch (reason) {
    throw new Error(
      `${file} (tls.${setting}) cannot be read: ${messageOf(reason)}; put it there, readable for the user of weaverd`,
      { cause: reason },
    );
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
