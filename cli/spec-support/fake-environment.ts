import type { CliEnvironment, TextOutput } from '../environment.js';

export interface FakeOutput extends TextOutput {
  text(): string;
}

export interface FakeEnvironment extends CliEnvironment {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  /** As Ctrl-C does. */
  interrupt(): void;
}

/** A world in memory: sleeping moves the clock on at once. */
export function fakeEnvironment(
  given: {
    readonly cwd?: string;
    readonly env?: NodeJS.ProcessEnv;
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  } = {},
): FakeEnvironment {
  let now = 1_700_000_000_000;
  const handlers = new Set<() => void>();
  return {
    cwd: given.cwd ?? '/nowhere',
    env: { HOME: '/nowhere', ...given.env },
    userId: 1000,
    stdout: fakeOutput(given),
    stderr: fakeOutput(given),
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
    onInterrupt: (handler) => {
      handlers.add(handler);
      return () => void handlers.delete(handler);
    },
    interrupt: () => {
      for (const handler of [...handlers]) handler();
    },
  };
}

export function fakeOutput({
  isTTY = false,
  columns = 80,
  rows = 24,
}: {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}): FakeOutput {
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  return { write, isTTY, columns, rows, text: () => text };
}
