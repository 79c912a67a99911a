import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { identifyProcess, type ProcessIdentity } from '../../sdk/protocol/process-identity.js';
import { INGRESS_PROTOCOL, INGRESS_SPEC_VARIABLE, type IngressSpec } from './ingress-protocol.js';
import { writeSecretFile } from './ingress-record.js';

const MAX_LOG_BYTES = 1024 * 1024;
/** Of the daemon's environment, what a proxy may need; the rest, secrets perhaps, is not its business. */
const ENVIRONMENT = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'NODE_V8_COVERAGE'];
/** A proxy's objects die young: a small nursery keeps the process small after a burst of load. */
const SMALL_HEAP = '--max-semi-space-size=4';

export interface LaunchOptions {
  readonly socketPath: string;
  readonly folder: string;
  readonly logFolder: string;
  readonly token: string;
  /** Called once; `how` says how it ended, or why it could not be started. */
  readonly onExit: (how: string) => void;
}

/**
 * Starts the ingress in a session of its own, so that neither the daemon's end nor a terminal's touches it. Undefined when
 * it could not be started or ended at once; `onExit` says why. Throws when its files cannot be written.
 */
export function launchIngress(options: LaunchOptions): ProcessIdentity | undefined {
  const specFile = join(options.folder, 'ingress-spec.json');
  const spec: IngressSpec = {
    protocol: INGRESS_PROTOCOL,
    controlSocket: options.socketPath,
    token: options.token,
    logFolder: options.logFolder,
  };
  writeSecretFile(specFile, JSON.stringify(spec));
  const log = openLog(options.logFolder);
  try {
    const child = spawn(process.execPath, programArguments(), {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...pickEnvironment(), [INGRESS_SPEC_VARIABLE]: specFile },
    });
    child.on('error', (error) => {
      // One that runs may report other errors, which its exit will follow.
      if (child.pid === undefined) options.onExit(`could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) =>
      options.onExit(signal === null ? `ended with code ${code}` : `was ended by ${signal}`),
    );
    child.unref();
    return child.pid === undefined ? undefined : identifyProcess(child.pid);
  } finally {
    closeSync(log);
  }
}

/** The built program beside this file, or its source, which needs tsx. */
function programArguments(): string[] {
  const extension = extname(fileURLToPath(import.meta.url));
  const program = fileURLToPath(new URL(`./main${extension}`, import.meta.url));
  if (extension !== '.ts') return [SMALL_HEAP, program];
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return [SMALL_HEAP, '--import', tsx, program];
}

function pickEnvironment(): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of ENVIRONMENT) {
    const value = process.env[name];
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}

function openLog(folder: string): number {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'ingress.log');
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}
