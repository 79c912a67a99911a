import { join } from 'node:path';
import { deferred } from '../call/deferred.js';
import { registeredComponents } from '../component/registry.js';
import { embeddedDriver } from '../state/app-states.js';
import { consoleDestination } from '../telemetry/console-log.js';
import { createLogger, logLevel } from '../telemetry/log.js';
import { freePort } from './free-port.js';
import type { Main } from './main-function.js';
import { Program } from './program.js';

/** Path of another manifest than the one beside the program's entry. */
const MANIFEST_VARIABLE = 'WEAVER_MANIFEST';
/** Beside `state`, that of the daemon of `weaverd run`: what a built program stores, an unbuilt one cannot read. */
const LOCAL_STATE_FOLDER = 'local-state';
/** Keeps the process alive while nothing else does. */
const KEEP_ALIVE_MS = 2 ** 30;

/** Runs all components in this process, with the manifest beside the program's entry when there is one. */
export async function runSingleProcess(main: Main | undefined): Promise<void> {
  const { loadApp } = await import('../../config/load-app-manifest.js');
  const { name, folder, manifest } = await loadApp(
    process.env[MANIFEST_VARIABLE] ?? process.argv[1],
    process.cwd(),
  );
  for (const [variable, value] of Object.entries(manifest.env)) process.env[variable] ??= value;
  let listeners = 0;
  const logger = createLogger(consoleDestination(process.stdout), logLevel(process.env));
  const program = new Program({
    app: name,
    components: registeredComponents(),
    implementation: (component) => manifest.components[component]?.implementation,
    config: (owner) => (owner === 'main' ? manifest.main.config : (manifest.components[owner]?.config ?? {})),
    logger,
    stateDriver: embeddedDriver({
      folder: () => join(folder, '.weaver', LOCAL_STATE_FOLDER),
      durability: manifest.state.durability,
      onProblem: (message, err) => logger.error({ component: 'weaverd', err }, message),
    }),
    listener: async (listener) => {
      listeners++;
      const { host, port } = manifest.listeners[listener] ?? { host: '127.0.0.1', port: 0 };
      const free = await freePort(listener, host, port);
      logger.info({ component: 'weaverd' }, `listener ${listener}: http://${host}:${free}`);
      return { host, port: free };
    },
  });
  const interrupted = untilInterrupted();
  await program.start();
  if (main !== undefined) await main(program.context);
  const serves = main === undefined || listeners > 0;
  if (serves) await interrupted.promise;
  interrupted.forget();
  await program.stop();
  if (serves) process.exit(0);
}

/** Resolves at the first SIGINT or SIGTERM; the second ends the process at once. */
function untilInterrupted(): { readonly promise: Promise<void>; forget(): void } {
  const { promise, resolve } = deferred<void>();
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  let signals = 0;
  const onSignal = () => {
    if (++signals > 1) process.exit(130);
    resolve();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    promise,
    forget: () => clearInterval(keepAlive),
  };
}
