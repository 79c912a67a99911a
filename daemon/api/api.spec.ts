import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { apiSocketOf } from '../state/state-folder.js';
import { ApiError } from './api-error.js';
import type { DaemonEvent, LogItem, LogLine } from './api-types.js';
import type { ApiBackend } from './backend.js';
import { ApiClient } from './client.js';
import { type ApiServer, serveApi } from './server.js';

const EVENT: DaemonEvent = { at: 1, app: 'shop', kind: 'deployed', message: 'shop is deployed' };
const LINE: LogLine = {
  sequence: 1,
  app: 'shop',
  version: 'v1',
  replica: 'Cart-0',
  source: 'log',
  time: 1,
  level: 30,
  component: 'Cart',
  message: 'hello',
  fields: {},
};

const CURSOR = { from: 5, after: { h1: 1 } };

describe('local API', () => {
  let folder: string;
  let server: ApiServer;
  let client: ApiClient;
  let asked: unknown[];
  let followers: ((event: DaemonEvent) => void)[];
  const failures: Error[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wa-'));
    await mkdir(join(folder, 'run'));
    asked = [];
    followers = [];
    const backend: Partial<ApiBackend> = {
      app: async () => undefined,
      artifact: async () => undefined,
      putArtifactFile: async (version, file, bytes) => void asked.push([version, file, bytes.length]),
      deploy: async (deployment) => {
        asked.push(deployment);
        throw new ApiError(409, 'UNKNOWN_COMPONENT', 'no component Crat', 'did you mean Cart?');
      },
      logs: async (query) => {
        asked.push(query);
        return [LINE, { cursor: CURSOR }];
      },
      followLogs: (query, listener) => {
        asked.push(query);
        listener(LINE);
        return () => undefined;
      },
      changeHost: async (host, change, user) => void asked.push([host, change, user]),
      events: () => [EVENT],
      followEvents: (listener) => {
        followers.push(listener);
        return () => void followers.splice(followers.indexOf(listener), 1);
      },
      history: async () => {
        throw new TypeError('a mistake in the daemon');
      },
    };
    server = await serveApi(apiSocketOf(folder), backend as ApiBackend, (error) => failures.push(error));
    client = new ApiClient(folder);
  });

  afterEach(async () => {
    client.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is on a socket that only its user may open', async () => {
    expect((await stat(apiSocketOf(folder))).mode & 0o777).to.equal(0o600);
  });

  it('brings the daemon’s refusals with code and mend', async () => {
    const reason = await client.deploy({ version: 'v1', manifest: {} }).catch((thrown: unknown) => thrown);
    expect(reason)
      .to.be.instanceOf(ApiError)
      .that.includes({ status: 409, code: 'UNKNOWN_COMPONENT', mend: 'did you mean Cart?' });
  });

  it('says which app or artifact is not there', async () => {
    expect(await client.artifact('0000')).to.equal(undefined);
    expect(await client.app('none').catch((thrown: unknown) => thrown)).to.have.property(
      'code',
      'NO_SUCH_APP',
    );
  });

  it('takes files as they are', async () => {
    await client.uploadArtifactFile('v1', 'app.mjs', Buffer.alloc(100_000));
    expect(asked).to.deep.equal([['v1', 'app.mjs', 100_000]]);
  });

  it('reads a query, and refuses one that makes no sense', async () => {
    const items: LogItem[] = [];
    for await (const item of client.logs({ app: 'shop', level: 40 })) items.push(item);
    expect(items).to.deep.equal([LINE, { cursor: CURSOR }]);
    expect(asked[0]).to.deep.include({ app: 'shop', level: 40, since: undefined });
    const lines = client.logs({ limit: -1 })[Symbol.asyncIterator]();
    expect(await lines.next().catch((thrown: unknown) => thrown)).to.have.property('code', 'INVALID_QUERY');
  });

  it('follows the logs from a cursor: the one that is given, or that of what there is', async () => {
    for (const since of [undefined, CURSOR]) {
      asked.length = 0;
      for await (const item of client.logs({ app: 'shop', follow: true, since }))
        if ('sequence' in item) break;
      expect(asked.at(-1)).to.deep.include({ app: 'shop', since: CURSOR });
    }
    for (const since of ['nonsense', '{"from":1}', '{"from":1,"after":{"h1":-1}}']) {
      const path = `/v1/logs?since=${encodeURIComponent(since)}`;
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const sent = request({ socketPath: apiSocketOf(folder), path }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.once('error', reject);
        sent.end();
      });
      expect(status, since).to.equal(400);
    }
  });

  it('changes a host, whatever its name', async () => {
    await client.changeHost('h2.example', 'drain');
    expect(asked).to.deep.equal([['h2.example', 'drain', 'local']]);
    const unknown = await client.changeHost('h2', 'explode' as 'drain').catch((thrown: unknown) => thrown);
    expect(unknown).to.have.property('code', 'NO_SUCH_PATH');
  });

  it('follows until the reader leaves', async () => {
    const seen: DaemonEvent[] = [];
    for await (const event of client.events({ follow: true })) {
      seen.push(event);
      if (seen.length === 1) setTimeout(() => followers[0]?.({ ...EVENT, at: 2 }), 5);
      if (seen.length === 2) break;
    }
    expect(seen.map(({ at }) => at)).to.deep.equal([1, 2]);
    while (followers.length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('hides its own mistakes behind a code, and tells the daemon’s log', async () => {
    expect(await client.history('shop').catch((thrown: unknown) => thrown)).to.include({
      status: 500,
      code: 'INTERNAL',
    });
    expect(failures.at(-1)?.message).to.equal('a mistake in the daemon');
  });

  it('refuses bodies that are no JSON, too large, or of another shape; and unknown paths', async () => {
    const post = (path: string, body: string, method = 'POST') =>
      new Promise<number | undefined>((resolve, reject) => {
        const sent = request({ socketPath: apiSocketOf(folder), path, method }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.once('error', reject);
        sent.end(body);
      });
    expect(await post('/v1/deploy', '{')).to.equal(400);
    expect(await post('/v1/deploy', '{"version":1}')).to.equal(400);
    expect(await post('/v1/deploy', '{"version":"a","manifest":{},"more":1}')).to.equal(400);
    expect(await post('/v1/none', '{}')).to.equal(404);
    expect(await post('/v1/status', '{}')).to.equal(405);
  });

  it('says so when no daemon is there', async () => {
    const reason = await new ApiClient('/nonexistent/weaverd').status().catch((thrown: unknown) => thrown);
    expect(reason).to.be.instanceOf(ApiError).that.includes({ code: 'NO_DAEMON' });
    expect((reason as ApiError).mend).to.contain('weaverd start');
  });

  it('says so when the daemon goes away before, and while, it answers', async () => {
    await server.close();
    for (const begun of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{']) {
      const dying = createServer((socket) => {
        socket.once('data', () => socket.end(begun, () => socket.destroy()));
        socket.on('error', () => undefined); // the client may hang up first
      });
      await new Promise<void>((resolve) => dying.listen(apiSocketOf(folder), resolve));
      const reason = await client.status().catch((thrown: unknown) => thrown);
      expect(reason, begun).to.be.instanceOf(ApiError).that.includes({ code: 'DAEMON_LOST' });
      await new Promise((resolve) => dying.close(resolve));
    }
  });
});
