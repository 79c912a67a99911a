import { readFileSync } from 'node:fs';
import { startIngressProcess } from './ingress-process.js';
import { INGRESS_SPEC_VARIABLE, type IngressSpec } from './ingress-protocol.js';

/** The ingress process; started by ingress-keeper.ts. */

/** On SIGTERM, what is in flight has this long. */
const SIGTERM_GRACE_MS = 10_000;

const file = process.env[INGRESS_SPEC_VARIABLE];
if (file === undefined) {
  process.stderr.write(`${INGRESS_SPEC_VARIABLE} is not set: the daemon starts this process, nobody else\n`);
  process.exit(2);
}
process.title = 'weaverd ingress';
const spec = JSON.parse(readFileSync(file, 'utf8')) as IngressSpec;
const ingress = startIngressProcess(spec, () => process.exit(0));
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => void ingress.shutdown(SIGTERM_GRACE_MS).then(() => process.exit(0)));
// It outlives the terminal that it was started from.
process.on('SIGHUP', () => undefined);
