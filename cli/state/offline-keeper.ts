import { spawn } from 'node:child_process';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StateAnswer } from '../../sdk/protocol/state-query.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';
import type { StateKeeper } from './state-source.js';

interface Pending {
  readonly resolve: (answer: StateAnswer) => void;
  readonly reject: (reason: Error) => void;
}

type Reply = { readonly id: number } & (
  | { readonly answer: StateAnswer }
  | { readonly error: { readonly code: string; readonly message: string } }
);

/** What the process may take to answer, ms; a large log is read first. */
const ANSWER_MS = 120_000;

/**
 * Reads the file of a component that does not run, by a process that does it as the component would: it holds the file's lock
 * until `close`, so that nobody writes beside it.
 */
export function offlineKeeper(
  folder: string,
  component: string,
): { readonly keeper: StateKeeper; close(): Promise<void> } {
  const program = fileURLToPath(
    new URL(`../../sdk/state/desk/offline-main${extname(import.meta.url)}`, import.meta.url),
  );
  const child = spawn(process.execPath, [...process.execArgv, program, folder, component], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const pending = new Map<number, Pending>();
  const exited = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      const how = new CliError(EXIT.failure, `the process that read ${folder} ended with ${signal ?? code}`);
      for (const { reject } of pending.values()) reject(how);
      pending.clear();
      resolve();
    });
  });
  child.on('error', () => undefined); // `close` follows
  child.stdin.on('error', () => undefined); // it has ended, and whoever asks hears of that
  createInterface({ input: child.stdout }).on('line', (line) => {
    const reply = JSON.parse(line) as Reply;
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ('answer' in reply) waiting?.resolve(reply.answer);
    else waiting?.reject(refusal(reply.error));
  });
  let asked = 0;
  const keeper: StateKeeper = {
    name: `the file in ${folder}`,
    ask: (query) =>
      new Promise((resolve, reject) => {
        if (child.exitCode !== null || child.signalCode !== null)
          return reject(new CliError(EXIT.failure, `the process that read ${folder} has ended`));
        const id = ++asked;
        const timer = setTimeout(() => {
          pending.delete(id);
          reject(new CliError(EXIT.failure, `${folder} was not read within ${ANSWER_MS} ms`));
        }, ANSWER_MS);
        const end =
          <T>(act: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer);
            act(value);
          };
        pending.set(id, { resolve: end(resolve as (answer: StateAnswer) => void), reject: end(reject) });
        child.stdin.write(`${JSON.stringify({ id, query })}\n`);
      }),
  };
  return {
    keeper,
    close: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

function refusal({ code, message }: { readonly code: string; readonly message: string }): CliError {
  const mend =
    code === 'LOCKED'
      ? 'that process keeps it: ask its daemon, by --state, or stop it'
      : code === 'CORRUPT'
        ? 'restore the folder from a backup'
        : undefined;
  return new CliError(EXIT.failure, message, { mend });
}
