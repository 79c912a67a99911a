import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestNetwork } from '../cluster/support/test-network.js';
import type { ClientLoad, ClientLoadOptions } from './client-load.js';
import type { LedgerHistory } from './ledger-history.js';

const PROCESS = fileURLToPath(new URL('./load-process.ts', import.meta.url));

export type LoadQuestion =
  | { readonly ask: 'unserved'; readonly since: number }
  | { readonly ask: 'settle' }
  | { readonly ask: 'finish' };
export interface LoadAnswer {
  readonly unserved?: readonly string[];
  readonly history?: LedgerHistory;
  readonly error?: string;
}

/** Clients on a host of a test network, in a process of their own. */
export class RemoteLoad implements ClientLoad {
  readonly #child: ChildProcess;

  constructor(network: TestNetwork, host: string, options: ClientLoadOptions) {
    const program = ['--import', 'tsx', PROCESS, JSON.stringify(options)];
    const [command, args] = network.command(host, process.execPath, program);
    this.#child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async unservedSince(since: number): Promise<readonly string[]> {
    return (await this.#ask({ ask: 'unserved', since })).unserved ?? [];
  }

  async settle(): Promise<void> {
    await this.#ask({ ask: 'settle' });
  }

  async finish(): Promise<LedgerHistory> {
    const { history } = await this.#ask({ ask: 'finish' });
    this.#child.disconnect();
    if (history === undefined) throw new Error('the load gave no history');
    return history;
  }

  /** One after the other. */
  #ask(question: LoadQuestion): Promise<LoadAnswer> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('the load ended'));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer: LoadAnswer) => {
        this.#child.off('exit', ended);
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      });
      this.#child.send(question, (error) => {
        if (error !== null) reject(error);
      });
    });
  }
}
