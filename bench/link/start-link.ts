import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STARTING_MS = 30_000;

export interface Link {
  /** Where `connectThroughLink` leads to. */
  readonly port: number;
  stop(): Promise<void>;
}

/** A process that passes on so many megabits a second in each direction. */
export async function startLink(megabitsPerSecond: number): Promise<Link> {
  const file = fileURLToPath(new URL('./link-process.ts', import.meta.url));
  const child = fork(file, [String(megabitsPerSecond * 1e6)], {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      void stop();
      reject(new Error(`the link did not listen within ${STARTING_MS} ms`));
    }, STARTING_MS);
    child.once('message', ({ port }: { readonly port: number }) => {
      clearTimeout(timer);
      resolve({ port, stop });
    });
    void exited.then(() => {
      clearTimeout(timer);
      reject(new Error('the link has ended before it listened'));
    });
  });
}
