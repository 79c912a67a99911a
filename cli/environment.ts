/** A stream of text that may be a terminal. */
export interface TextOutput {
  write(text: string): void;
  readonly isTTY: boolean;
  /** Of the terminal, now; 80 × 24 when there is none. */
  readonly columns: number;
  readonly rows: number;
}

/** What a command has of the world around it. Results go to `stdout`, progress and errors to `stderr`. */
export interface CliEnvironment {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Undefined where users have no number. */
  readonly userId: number | undefined;
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Unix time, ms. */
  now(): number;
  /** Resolves after the time, or as soon as the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls the handler at each SIGINT or SIGTERM, until the returned function is called. */
  onInterrupt(handler: () => void): () => void;
}

export function processEnvironment(): CliEnvironment {
  return {
    cwd: process.cwd(),
    env: process.env,
    userId: process.getuid?.(),
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    now: () => Date.now(),
    sleep,
    onInterrupt(handler) {
      process.on('SIGINT', handler);
      process.on('SIGTERM', handler);
      return () => {
        process.off('SIGINT', handler);
        process.off('SIGTERM', handler);
      };
    },
  };
}

export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

function outputOf(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => void stream.write(text),
    get isTTY() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns ?? 80;
    },
    get rows() {
      return stream.rows ?? 24;
    },
  };
}
