import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

const post = (path: string, body: unknown): Asked => ({ method: 'POST', path, body: JSON.stringify(body) });

const requests: readonly Asked[] = [
  { method: 'GET', path: '/stock' },
  { method: 'GET', path: '/stock/gear' },
  { method: 'GET', path: '/stock/nothing' },
  post('/quotes', { sku: 'bolt', quantity: 9 }),
  post('/quotes', { sku: 'bolt', quantity: 10 }),
  post('/quotes', { sku: 'spring', quantity: 7 }),
  post('/quotes', { sku: 'nothing', quantity: 1 }),
  post('/quotes', { sku: 'bolt', quantity: 'many' }),
  post('/quotes', {}),
  post('/reservations', { sku: 'spring', quantity: 2 }),
  post('/reservations', { sku: 'spring', quantity: 2 }),
  post('/reservations', { sku: 'spring', quantity: 1 }),
  { method: 'GET', path: '/stock' },
  { method: 'POST', path: '/quotes', body: '{"sku":' },
  { method: 'GET', path: '/nowhere' },
];

/** Their answers in order, one after the other, as text that can be compared. */
async function answers(base: string): Promise<string[]> {
  const given: string[] = [];
  for (const { body, method, path } of requests) {
    const init = {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
    };
    const response = await fetch(base + path, { ...init, signal: AbortSignal.timeout(10_000) });
    const type = response.headers.get('content-type');
    // Express shows the stack of an error it does not know; its lines differ with the program's own.
    const text = (await response.text()).replace(/<br>.*<\/pre>/s, '');
    given.push(`${method} ${path} ${body ?? ''}: ${response.status} ${type} ${text}`);
  }
  return given;
}

describe('examples/adopt', () => {
  const children: ChildProcess[] = [];

  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });

  it('behaves the same before and after', async () => {
    const port = await freePort();
    start('before/main.ts', { PORT: String(port) });
    const before = `http://127.0.0.1:${port}`;
    await answering(before);
    const after = await announced(start('after/main.ts', {}));
    await answering(after);
    const expected = await answers(before);
    expect(await answers(after)).to.deep.equal(expected);
    expect(expected.join('\n')).to.contain('409 application/json').and.contain('"left":1');
  });

  it('is what the documentation shows', async () => {
    const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');
    const guide = await read('../../docs/adopt.md');
    const shown = (sign: string) =>
      [...guide.matchAll(new RegExp(`^[${sign} ](.*)$`, 'gm'))].map(([, line]) => line);
    for (const [file, sign] of [
      ['before/main.ts', '-'],
      ['after/main.ts', '+'],
    ] as const) {
      const lines = (await read(file)).split('\n').filter((line) => line !== '');
      expect(shown(sign), file).to.include.members(lines);
    }
  });

  function start(file: string, env: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL(file, import.meta.url))],
      {
        cwd: fileURLToPath(new URL('../..', import.meta.url)),
        // In the environment `test`, Express does not print the errors that it answers with.
        env: { ...process.env, NODE_ENV: 'test', ...env },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    children.push(child);
    return child;
  }
});

async function answering(base: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    // Refused until the program listens.
    const response = await fetch(`${base}/stock`).catch(() => undefined);
    if (response?.ok === true) return;
    await sleep(100);
  }
  throw new Error(`${base} does not answer`);
}

/** The address that the runtime says it listens at. */
async function announced({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('the program has no output');
  for await (const line of createInterface({ input: stdout })) {
    const [address] = /http:\/\/[\d.]+:\d+/.exec(line) ?? [];
    if (address !== undefined) {
      stdout.resume();
      return address;
    }
  }
  throw new Error('the program ended without a listener');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
