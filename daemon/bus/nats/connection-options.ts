import { readFile, stat } from 'node:fs/promises';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from 'nats';
import type { NatsConfig, NatsCredentials } from '../../../config/nats-config.js';

/** Sees in 2 to 3 s that a link is cut, ms. */
const PING_INTERVAL_MS = 1000;
const MAX_PINGS_OUT = 2;
export const CONNECT_TIMEOUT_MS = 2000;
const MAX_FILE_BYTES = 64 * 1024;

/**
 * For one attempt at one server: whether and when another is made is the caller's matter. The client's own reconnecting
 * buffers what is sent meanwhile without bound, hides why it fails, and keeps old credentials. Rejects with an Error
 * that names a file which cannot be used.
 */
export async function connectionOptions(
  config: NatsConfig,
  server: string,
  name: string,
): Promise<ConnectionOptions> {
  const { credentials, tls } = config;
  return {
    servers: [server],
    name,
    reconnect: false,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: MAX_PINGS_OUT,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    ...(credentials === undefined ? {} : { authenticator: await authenticatorOf(credentials) }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...verifiedAs(server),
            ...(tls.caFile === undefined ? {} : { ca: await textOf(tls.caFile) }),
            ...(tls.certFile === undefined ? {} : { cert: await textOf(tls.certFile) }),
            ...(tls.keyFile === undefined ? {} : { key: await secretOf(tls.keyFile) }),
          },
        }),
  };
}

/** What the client hands on to Node.js: without it the certificate of a server named by its address must be localhost's. */
function verifiedAs(server: string): { readonly host: string } {
  return { host: new URL(server).hostname.replace(/^\[|\]$/g, '') };
}

async function authenticatorOf({ kind, file }: NatsCredentials): Promise<Authenticator> {
  const secret = await secretOf(file);
  const bytes = new TextEncoder().encode(secret.trim());
  switch (kind) {
    case 'creds':
      if (!secret.includes('-----BEGIN NATS USER JWT-----'))
        throw new Error(`${file}: holds no NATS credentials (JWT and seed), as nsc writes them`);
      return credsAuthenticator(new TextEncoder().encode(secret));
    case 'nkey':
      if (!/^SU[A-Z2-7]{56}$/.test(secret.trim()))
        throw new Error(`${file}: holds no seed of a user's nkey; it begins with SU and has 58 characters`);
      return nkeyAuthenticator(bytes);
    case 'user': {
      const [, user, password] = /^([^:\n]+):([^\n]+)$/.exec(secret.trim()) ?? [];
      if (user === undefined || password === undefined) throw new Error(`${file}: must hold user:password`);
      return usernamePasswordAuthenticator(user, password);
    }
    case 'token':
      if (secret.trim() === '') throw new Error(`${file}: holds no token`);
      return tokenAuthenticator(secret.trim());
  }
}

async function secretOf(file: string): Promise<string> {
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0)
    throw new Error(`${file} may be read by others, and holds a secret; chmod 600 ${file}`);
  return textOf(file);
}

async function textOf(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size > MAX_FILE_BYTES) throw new Error(`${file}: ${size} bytes, more than ${MAX_FILE_BYTES}`);
  return readFile(file, 'utf8');
}
