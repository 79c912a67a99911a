import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Address } from '../protocol/address.js';
import { listen } from './index.js';
import { CALLEE, outgoing, Rig, TOKEN } from './spec-support.js';
import type { IncomingCall } from './transport.js';

const echo = (call: IncomingCall, text: string) => call.succeed((writer) => writer.writeString(text));

async function failureToListen(address: Address): Promise<string> {
  const options = { identity: CALLEE, token: TOKEN, receiver: { receive() {} } };
  return listen(address, options).then(
    async (server) => {
      await server.close();
      return 'it listens';
    },
    (error: Error) => error.message,
  );
}

describe('Listening', () => {
  let rig: Rig;
  let folder: string;
  beforeEach(() => {
    rig = new Rig();
    folder = mkdtempSync(join(tmpdir(), 'weaverd-listen-'));
  });
  afterEach(async () => {
    await rig.end();
    rmSync(folder, { recursive: true, force: true });
  });

  it('tells the port that it got', async () => {
    const { address } = await rig.serve('tcp', [echo]);
    expect(address).to.have.property('port').that.is.above(0);
    expect(await failureToListen(address))
      .to.contain('cannot listen on 127.0.0.1:')
      .and.to.contain('EADDRINUSE');
  });

  it('opens its socket to this user only, and removes it at the end', async () => {
    const server = await rig.serve('unix', [echo]);
    const path = server.address.kind === 'unix' ? server.address.path : '';
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    await server.close();
    expect(() => lstatSync(path)).to.throw('ENOENT');
  });

  it('replaces a socket that nobody listens on any more', async () => {
    const path = join(folder, 'stale.sock');
    const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', program])).to.throw();
    expect(lstatSync(path).isSocket()).to.equal(true);
    const server = await listen(
      { kind: 'unix', path },
      {
        identity: CALLEE,
        token: TOKEN,
        receiver: { receive: (call) => echo(call, call.arguments.readString()) },
      },
    );
    rig.atEnd(() => server.close());
    const connection = await rig.connect(server.address);
    expect(await connection.call(outgoing(0, 'here'))).to.equal('here');
  });

  it('takes neither a live socket nor a file that is something else', async () => {
    const live = join(folder, 'live.sock');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(live, resolve));
    rig.atEnd(() => other.close());
    expect(await failureToListen({ kind: 'unix', path: live })).to.contain('another process listens there');
    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    symlinkSync(file, join(folder, 'link'));
    for (const path of [file, join(folder, 'link')]) {
      expect(await failureToListen({ kind: 'unix', path })).to.contain('a file that is no socket');
    }
  });

  it('names a path that is too long or a folder that is missing', async () => {
    const long = join(folder, 'x'.repeat(120));
    expect(await failureToListen({ kind: 'unix', path: long })).to.contain('use a shorter folder');
    expect(await failureToListen({ kind: 'unix', path: join(folder, 'no', 'such') })).to.contain(
      'cannot listen on',
    );
  });
});
