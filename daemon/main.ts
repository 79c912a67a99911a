import { pino } from 'pino';
import { loadDaemonConfig } from '../config/daemon-config.js';
import { startDaemon } from './daemon.js';

/**
 * The daemon's process: `main.js [--state folder] [--config file] [--stop-proclets-on-exit] [--json]`. Says
 * `{"ready":true,"pid":…,"stateFolder":…,"apiSocket":…}` in a line on standard output, and over IPC when there is a
 * channel, once it answers. SIGTERM and SIGINT end it; the proclets go on unless they are to stop with it, as they are
 * when `weaverd run` started it: then the end of the IPC channel ends it too. What it cannot start for is a line on standard
 * error, with `--json` of `{"error":{"message":…}}`.
 */
async function main(): Promise<void> {
  const args = readArguments(process.argv.slice(2));
  const config = await loadDaemonConfig({
    file: args.config,
    stateFolder: args.state,
    env: process.env,
    cwd: process.cwd(),
    userId: process.getuid?.(),
  });
  const log = pino({ level: config.logLevel, base: { pid: process.pid } }, pino.destination({ sync: true }));
  // The state on disk is always whole, so that ending at once is the safe thing to do.
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'the daemon ends, by a mistake of its own; its proclets go on');
    process.exit(70);
  });
  const daemon = await startDaemon({
    stateFolder: config.stateFolder,
    hostName: config.hostName,
    transport: config.transport,
    compression: config.compression,
    warmProclets: config.warmProclets,
    cluster:
      config.cluster === undefined || config.nats === undefined
        ? undefined
        : { config: config.cluster, nats: config.nats },
    redis: config.redis,
    onLog: (level, message, fields) => log[level](fields, message),
  });
  const end = (why: string) => {
    log.info(`${why}: ending`);
    void daemon.close({ stopProclets: args.stopProcletsOnExit });
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
  process.on('SIGHUP', () => log.info('SIGHUP: nothing to read again'));
  if (args.stopProcletsOnExit) {
    if (process.connected) process.on('disconnect', () => end('the parent has gone'));
    else if (process.send !== undefined) end('the parent has gone');
  }
  process.stdout.on('error', () => undefined); // nobody reads it any more; the daemon goes on
  const { stateFolder, apiSocket } = daemon;
  const ready = { ready: true, pid: process.pid, stateFolder, apiSocket };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  if (process.connected) process.send?.(ready);
  await daemon.closed;
  if (process.connected) process.disconnect();
}

const JSON_ERRORS = '--json';

interface Arguments {
  readonly state: string | undefined;
  readonly config: string | undefined;
  readonly stopProcletsOnExit: boolean;
}

function readArguments(given: readonly string[]): Arguments {
  let state: string | undefined;
  let config: string | undefined;
  let stopProcletsOnExit = false;
  const rest = [...given];
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '--state') state = rest.shift();
    else if (name === '--config') config = rest.shift();
    else if (name === '--stop-proclets-on-exit') stopProcletsOnExit = true;
    else if (name !== JSON_ERRORS)
      throw new Error(
        `unknown argument ${name}; known are --state, --config, --stop-proclets-on-exit, ${JSON_ERRORS}`,
      );
  }
  return { state, config, stopProcletsOnExit };
}

main().then(
  () => process.exit(0),
  (reason: unknown) => {
    const message = reason instanceof Error ? reason.message : String(reason);
    const json = process.argv.includes(JSON_ERRORS);
    process.stderr.write(`${json ? JSON.stringify({ error: { message } }) : `weaverd: ${message}`}\n`);
    process.exit(1);
  },
);
