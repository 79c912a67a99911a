import type { AppStatus, DaemonStatus, LogLine } from '../../daemon/api/api-types.js';
import type { CliEnvironment } from '../environment.js';
import { type Colours, coloursFor } from '../output/colours.js';
import { writeJsonLine } from '../output/json.js';
import { LiveScreen } from '../output/live-screen.js';
import { formatLogLine } from '../output/log-line.js';
import { printable } from '../output/printable.js';
import { Progress } from '../output/progress.js';
import { describeRunEvent } from './describe-event.js';
import { renderLiveFrame } from './live-frame.js';
import type { RunEvent, RunReporter } from './run-events.js';
import { describeChange, stateChanges } from './state-changes.js';

export function createReporter(cli: CliEnvironment, json: boolean): RunReporter {
  if (json) return new JsonReporter(cli);
  return cli.stdout.isTTY ? new TerminalReporter(cli) : new LineReporter(cli);
}

/** Newline-delimited JSON on stdout. */
class JsonReporter implements RunReporter {
  readonly #cli: CliEnvironment;
  #status: AppStatus | undefined;

  constructor(cli: CliEnvironment) {
    this.#cli = cli;
  }

  progress(): void {}

  event(event: RunEvent): void {
    this.#write(event);
  }

  status(status: AppStatus): void {
    for (const change of stateChanges(this.#status, status)) this.#write({ event: 'state', ...change });
    this.#status = status;
  }

  log(line: LogLine): void {
    writeJsonLine(this.#cli.stdout, { event: 'log', ...line });
  }

  close(): void {}

  #write(value: object): void {
    writeJsonLine(this.#cli.stdout, { time: this.#cli.now(), ...value });
  }
}

/** A line for each change: changes of state on stderr, addresses and logs on stdout. */
class LineReporter implements RunReporter {
  readonly #cli: CliEnvironment;
  readonly #colours: Colours;
  readonly #progress: Progress;
  #status: AppStatus | undefined;

  constructor(cli: CliEnvironment) {
    this.#cli = cli;
    this.#colours = coloursFor(cli.stdout, cli.env);
    this.#progress = new Progress(cli.stderr);
  }

  progress(text: string): void {
    this.#progress.update(text);
  }

  event(event: RunEvent): void {
    const output =
      event.event === 'serving' || event.event === 'completed' ? this.#cli.stdout : this.#cli.stderr;
    const colours = coloursFor(output, this.#cli.env);
    for (const line of describeRunEvent(event, colours)) output.write(`${line}\n`);
  }

  status(status: AppStatus): void {
    for (const change of stateChanges(this.#status, status))
      this.#progress.above(() => this.#cli.stderr.write(`${describeChange(change)}\n`));
    this.#status = status;
  }

  log(line: LogLine): void {
    this.#progress.above(() => this.#cli.stdout.write(`${formatLogLine(line, this.#colours)}\n`));
  }

  close(): void {
    this.#progress.clear();
  }
}

/** Log lines that are kept for the screen. */
const LOG_LINES_KEPT = 200;

/** After these there is nothing that goes on. */
const LAST_EVENTS: ReadonlySet<RunEvent['event']> = new Set(['completed', 'failed', 'stopping', 'stopped']);

/**
 * Milestones as they come, then a table that is redrawn in place with the newest log lines below it. What happens beside
 * the app while the table stands, such as a restart of the daemon, goes among the log lines.
 */
class TerminalReporter implements RunReporter {
  readonly #cli: CliEnvironment;
  readonly #colours: Colours;
  readonly #progress: Progress;
  readonly #screen: LiveScreen;
  readonly #logLines: string[] = [];
  #live = false;
  #status: AppStatus | undefined;
  #daemon: DaemonStatus | undefined;
  #note = 'Ctrl-C stops the app';

  constructor(cli: CliEnvironment) {
    this.#cli = cli;
    this.#colours = coloursFor(cli.stdout, cli.env);
    this.#progress = new Progress(cli.stdout);
    this.#screen = new LiveScreen(cli.stdout);
  }

  progress(text: string): void {
    if (this.#live) this.#amongLogs([this.#colours.dim(printable(text))]);
    else this.#progress.update(text);
  }

  event(event: RunEvent): void {
    const lines = describeRunEvent(event, this.#colours);
    if (this.#live && event.event === 'stopping') {
      this.#note = 'stopping; Ctrl-C again kills the app';
      return;
    }
    if (this.#live && !LAST_EVENTS.has(event.event)) return this.#amongLogs(lines);
    this.#screen.release();
    this.#progress.clear();
    for (const line of lines) this.#cli.stdout.write(`${line}\n`);
    this.#live = event.event === 'serving';
    if (this.#live) this.#cli.stdout.write('\n');
  }

  status(status: AppStatus, daemon?: DaemonStatus): void {
    this.#status = status;
    this.#daemon = daemon ?? this.#daemon;
    this.#draw();
  }

  log(line: LogLine): void {
    const text = formatLogLine(line, this.#colours);
    if (this.#live) this.#keep(text);
    else this.#progress.above(() => this.#cli.stdout.write(`${text}\n`));
  }

  close(): void {
    this.#screen.release();
    this.#progress.clear();
    this.#live = false;
  }

  /** Drawn at once: while the daemon is away no status comes. */
  #amongLogs(lines: readonly string[]): void {
    for (const line of lines) this.#keep(line);
    this.#draw();
  }

  #keep(text: string): void {
    this.#logLines.push(text);
    if (this.#logLines.length > LOG_LINES_KEPT) this.#logLines.shift();
  }

  #draw(): void {
    if (!this.#live || this.#status === undefined) return;
    const { columns, rows } = this.#cli.stdout;
    this.#screen.draw(
      renderLiveFrame({
        status: this.#status,
        daemon: this.#daemon,
        logLines: this.#logLines,
        now: this.#cli.now(),
        columns,
        rows,
        colours: this.#colours,
        note: this.#note,
      }),
    );
  }
}
