import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { TestNetwork } from './test-network.js';

const PROCESS = fileURLToPath(new URL('./intruder-process.ts', import.meta.url));

export type IntruderTask =
  | { readonly kind: 'publish'; readonly messages: readonly { readonly subject: string; base64: string }[] }
  | { readonly kind: 'damage-blobs' };

export interface IntruderOptions {
  readonly network: TestNetwork;
  /** Where it runs. */
  readonly host: string;
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** A client of NATS with the credentials of a daemon that does what no daemon does. */
export class Intruder {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (error: string | undefined) => void>();
  #tasks = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, error }: { readonly id: number; readonly error?: string }) => {
      this.#waiting.get(id)?.(error);
      this.#waiting.delete(id);
    });
  }

  static async start({ network, host, url, user, password }: IntruderOptions): Promise<Intruder> {
    const [command, args] = network.command(host, process.execPath, [
      '--import',
      'tsx',
      PROCESS,
      url,
      user,
      password,
    ]);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the intruder ended'))),
    ]);
    return new Intruder(child);
  }

  publish(messages: readonly { readonly subject: string; readonly body: Uint8Array }[]): Promise<void> {
    return this.#perform({
      kind: 'publish',
      messages: messages.map(({ subject, body }) => ({
        subject,
        base64: Buffer.from(body).toString('base64'),
      })),
    });
  }

  damageBlobs(): Promise<void> {
    return this.#perform({ kind: 'damage-blobs' });
  }

  stop(): void {
    this.#child.disconnect();
  }

  #perform(task: IntruderTask): Promise<void> {
    const id = ++this.#tasks;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (error) => (error === undefined ? resolve() : reject(new Error(error))));
      this.#child.send({ id, task });
    });
  }
}
