import { ApiError } from '../../daemon/api/api-error.js';
import type { AppStatus, DaemonStatus, LogCursor, LogLine, StateCheck } from '../../daemon/api/api-types.js';
import { ApiClient } from '../../daemon/api/client.js';
import type { CliEnvironment } from '../environment.js';
import { CliError, ReportedFailure } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import { type AwaitedOutcome, awaitDeployment, describeWaiting } from '../session/await-deployment.js';
import type { BuiltProgram } from '../session/build-program.js';
import { type DaemonProcess, startDaemonProcess } from '../session/daemon-process.js';
import { deployArtifact } from '../session/deploy-artifact.js';
import { failedMain, isCompleted } from '../session/deployment-outcome.js';
import { followLogs, readLogs } from '../session/follow-logs.js';
import type { RunReporter } from './run-events.js';
import { SeenProcesses } from './seen-processes.js';

const REFRESH_MS = 1000;
const START_TIMEOUT_MS = 120_000;
/** On top of the app's own grace, until the daemon is killed. */
const SHUTDOWN_MARGIN_MS = 15_000;
const SHUTDOWN_POLL_MS = 300;
/** A daemon that ended by itself is started again so often; its proclets keep serving meanwhile. */
const DAEMON_RESTARTS = 5;
const DAEMON_RESTART_MS = 250;
/** For the last log lines to arrive when the daemon has ended. */
const LAST_LOGS_MS = 2000;
const FAILURE_LOG_LINES = 200;
const STDERR_LINES_SHOWN = 10;
const LEVEL_ERROR = 50;
/** In the foreground one wants to hear of it at once, not when the daemon calls it a crash loop. */
const POLICY = { startAttempts: 2 };

/** One `weaverd run`: a daemon of its own, with one app, as long as this process. */
export class RunSession {
  readonly #cli: CliEnvironment;
  readonly #reporter: RunReporter;
  readonly #stateFolder: string;
  readonly #program: BuiltProgram;
  readonly #client: ApiClient;
  readonly #seen = new SeenProcesses();
  readonly #interrupted: AbortSignal;
  readonly #stateCheck: StateCheck;
  readonly #ended = new AbortController();
  #daemon: DaemonProcess | undefined;
  #daemonRestarts = 0;
  #stopping = false;

  constructor(
    cli: CliEnvironment,
    options: {
      readonly reporter: RunReporter;
      readonly stateFolder: string;
      readonly program: BuiltProgram;
      /** Stops the app. */
      readonly interrupted: AbortSignal;
      readonly stateCheck: StateCheck;
    },
  ) {
    this.#cli = cli;
    this.#reporter = options.reporter;
    this.#stateFolder = options.stateFolder;
    this.#program = options.program;
    this.#interrupted = options.interrupted;
    this.#stateCheck = options.stateCheck;
    this.#client = new ApiClient(options.stateFolder);
  }

  /** Resolves when the app has completed, or was stopped; rejects, with all stopped too, when it failed. */
  async run(): Promise<void> {
    const { name } = this.#program.app;
    let logs: Promise<void> = Promise.resolve();
    try {
      await this.#startDaemon();
      await this.#stopLeftOver();
      const after = (await readLogs(this.#client, { app: name, limit: 1 })).cursor;
      logs = this.#showLogs(after).catch((reason: unknown) =>
        this.#reporter.progress(`no more logs: ${reason instanceof Error ? reason.message : reason}`),
      );
      const outcome = await this.#deploy();
      if (outcome.kind === 'failed' || outcome.kind === 'timed-out') await this.#fail(outcome);
      else if (outcome.kind === 'serving') await this.#watch();
      else if (outcome.kind === 'completed') this.#reporter.event({ event: 'completed', app: name });
    } catch (reason) {
      throw await this.#withLastWords(reason);
    } finally {
      await this.#stop();
      await Promise.race([logs, this.#cli.sleep(LAST_LOGS_MS, this.#ended.signal)]);
      this.#ended.abort();
      await logs;
      this.#client.close();
    }
  }

  /** The second Ctrl-C: nothing of the run is left running. */
  kill(): void {
    this.#daemon?.kill();
    this.#seen.kill();
  }

  async #startDaemon(): Promise<void> {
    this.#reporter.progress('starting the daemon …');
    this.#daemon = await startDaemonProcess(this.#cli, {
      stateFolder: this.#stateFolder,
      life: 'ours',
      args: [],
      signal: this.#interrupted,
    });
    const { pid, stateFolder } = this.#daemon;
    this.#reporter.event({ event: 'daemon', pid, stateFolder });
  }

  /** A run that was killed had no time to take the app off the daemon's list. */
  async #stopLeftOver(): Promise<void> {
    const { name } = this.#program.app;
    const left = this.#daemon?.status.apps.find(({ app }) => app === name);
    if (left !== undefined && left.state !== 'stopped') await this.#client.stop(name, { remove: false });
  }

  async #deploy(): Promise<AwaitedOutcome> {
    const { app, manifest, description, folder } = this.#program;
    const { version } = description;
    const stateCheck = this.#stateCheck;
    const { unchanged } = await deployArtifact(this.#client, { version, folder, manifest, stateCheck }, () =>
      this.#reporter.progress(`uploading ${version} …`),
    );
    this.#reporter.event({ event: 'deployed', app: app.name, version, unchanged });
    const outcome = await awaitDeployment(this.#client, this.#cli, {
      app: app.name,
      version,
      timeoutMs: START_TIMEOUT_MS,
      policy: POLICY,
      signal: this.#interrupted,
      observe: (status, seen) => {
        if (seen.kind === 'waiting') this.#reporter.progress(describeWaiting(app.name, seen));
        this.#reporter.status(status);
        this.#see(status, this.#daemon?.status);
      },
    });
    if (outcome.kind === 'serving') {
      const { listeners } = await this.#client.app(app.name);
      this.#reporter.event({
        event: 'serving',
        app: app.name,
        listeners: listeners.filter(({ state }) => state === 'open').map(({ name, url }) => ({ name, url })),
      });
    }
    return outcome;
  }

  /** Until it is interrupted, or the app has completed or was stopped from elsewhere. */
  async #watch(): Promise<void> {
    const { name } = this.#program.app;
    while (!this.#interrupted.aborted) {
      const daemon = await this.#statusOrRestart();
      const status = daemon?.apps.find(({ app }) => app === name);
      if (status !== undefined) {
        this.#see(status, daemon);
        this.#reporter.status(status, daemon);
        if (isCompleted(status)) return this.#reporter.event({ event: 'completed', app: name });
        if (status.state === 'stopped') return;
        const broken = failedMain(status, POLICY);
        if (broken !== undefined)
          await this.#fail({ kind: 'failed', reason: broken.lastFailure ?? '', replica: broken.replica });
      } else if (daemon !== undefined) return; // stopped and removed
      await this.#cli.sleep(REFRESH_MS, this.#interrupted);
    }
  }

  /** Undefined when the daemon does not answer now; one that has ended is started again, and adopts the proclets. */
  async #statusOrRestart(): Promise<DaemonStatus | undefined> {
    try {
      return await this.#client.status();
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
    }
    const daemon = this.#daemon;
    if (daemon === undefined || !(await daemon.waitForExit(DAEMON_RESTART_MS))) return undefined;
    const how = await daemon.exited;
    if (++this.#daemonRestarts > DAEMON_RESTARTS)
      throw new CliError(
        EXIT.failure,
        `the daemon ${how}, for the ${this.#daemonRestarts}th time:\n${daemon.lastWords()}`,
        {
          mend: `see ${daemon.logFile}`,
        },
      );
    this.#reporter.progress(`the daemon ${how}; starting it again …`);
    await this.#startDaemon();
    return this.#client.status();
  }

  async #fail(outcome: Extract<AwaitedOutcome, { readonly kind: 'failed' | 'timed-out' }>): Promise<never> {
    const { name } = this.#program.app;
    const replica = outcome.kind === 'failed' ? outcome.replica : undefined;
    const reason =
      outcome.kind === 'failed'
        ? outcome.reason
        : `it did not serve within ${START_TIMEOUT_MS / 1000} s; still waiting for ${outcome.for.join(', ')}`;
    this.#reporter.event({
      event: 'failed',
      app: name,
      replica,
      reason,
      logs: await this.#lastErrors(replica),
    });
    throw new ReportedFailure(EXIT.unhealthy);
  }

  async #lastErrors(replica: string | undefined): Promise<readonly LogLine[]> {
    if (replica === undefined) return [];
    const { name } = this.#program.app;
    const { lines } = await readLogs(this.#client, {
      app: name,
      replica,
      level: LEVEL_ERROR,
      limit: FAILURE_LOG_LINES,
    });
    // The structured log has the stack; stderr has it again, in more lines.
    const structured = lines.filter(({ source }) => source === 'log');
    return structured.length > 0 ? structured.slice(-1) : lines.slice(-STDERR_LINES_SHOWN);
  }

  /** A daemon of ours that is gone is no `weaverd start` that was forgotten. */
  async #withLastWords(reason: unknown): Promise<unknown> {
    const daemon = this.#daemon;
    if (daemon === undefined || !(reason instanceof ApiError) || reason.status < 500) return reason;
    if (!(await daemon.waitForExit(DAEMON_RESTART_MS))) return reason;
    return new CliError(EXIT.failure, `the daemon ${await daemon.exited}:\n${daemon.lastWords()}`, {
      mend: `see ${daemon.logFile}`,
      cause: reason,
    });
  }

  async #stop(): Promise<void> {
    const daemon = this.#daemon;
    const { app, manifest } = this.#program;
    this.#stopping = true;
    if (daemon === undefined) return;
    this.#reporter.event({ event: 'stopping', app: app.name });
    const deadline = this.#cli.now() + manifest.shutdown.grace + SHUTDOWN_MARGIN_MS;
    try {
      // The next daemon on this state folder shall not start it again by itself.
      await this.#client.stop(app.name, { remove: false });
    } catch (reason) {
      // Not deployed yet, or the daemon has ended already.
      if (!(reason instanceof ApiError)) throw reason;
    }
    // Refused by a daemon that has ended already: then there is nothing to ask for.
    await this.#client.shutdown({ stopProclets: true }).catch(() => undefined);
    while (!(await daemon.waitForExit(SHUTDOWN_POLL_MS))) {
      if (this.#cli.now() < deadline) {
        await this.#showStopping();
        continue;
      }
      this.kill();
      throw new CliError(EXIT.failure, `the daemon did not stop in time, and was killed with the app`, {
        mend: `see ${daemon.logFile}`,
      });
    }
    this.#reporter.event({ event: 'stopped', app: app.name });
  }

  async #showStopping(): Promise<void> {
    const daemon = await this.#client.status().catch(() => undefined); // it is going away
    const status = daemon?.apps.find(({ app }) => app === this.#program.app.name);
    if (status === undefined) return;
    this.#see(status, daemon);
    this.#reporter.status(status, daemon);
  }

  async #showLogs(after: LogCursor): Promise<void> {
    const lines = followLogs(this.#client, { app: this.#program.app.name }, this.#cli, {
      after,
      signal: this.#ended.signal,
      outliveDaemon: () => !this.#stopping,
    });
    for await (const line of lines) this.#reporter.log(line);
  }

  #see(status: AppStatus, daemon: DaemonStatus | undefined): void {
    const pids = status.groups.flatMap(({ replicas }) => replicas.map(({ pid }) => pid));
    this.#seen.see([...pids, daemon?.ingress.pid]);
  }
}
