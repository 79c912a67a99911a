import { PROCLET_SPEC_VARIABLE } from '../../sdk/protocol/control.js';

/** What a proclet has of the daemon's own environment; all else, secrets above all, stays with the daemon. */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
] as const;

/** The manifest's variables win over the inherited ones, the spec file's over both. */
export function procletEnvironment(
  daemon: Readonly<Record<string, string | undefined>>,
  manifest: Readonly<Record<string, string>>,
  specFile: string,
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = daemon[name];
    if (value !== undefined) environment[name] = value;
  }
  return { ...environment, ...manifest, [PROCLET_SPEC_VARIABLE]: specFile };
}
