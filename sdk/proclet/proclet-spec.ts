import { readFileSync } from 'node:fs';
import { CONTROL_PROTOCOL, PROCLET_SPEC_VARIABLE, type ProcletSpec } from '../protocol/control.js';

/** What the envelope started this process for; undefined when no envelope did. Throws when the spec cannot be read. */
export function procletSpec(env: Readonly<Record<string, string | undefined>>): ProcletSpec | undefined {
  const path = env[PROCLET_SPEC_VARIABLE];
  if (path === undefined) return undefined;
  const spec = JSON.parse(readFileSync(path, 'utf8')) as ProcletSpec;
  if (spec.protocol < CONTROL_PROTOCOL) {
    throw new Error(
      `This app was built with a newer weaverd (control protocol ${CONTROL_PROTOCOL}) than the daemon (${spec.protocol}). Upgrade the daemon.`,
    );
  }
  return spec;
}
