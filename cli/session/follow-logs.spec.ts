import { expect } from 'chai';
import { ApiError } from '../../daemon/api/api-error.js';
import type { LogCursor, LogItem, LogLine, LogNotice } from '../../daemon/api/api-types.js';
import type { LogQuery } from '../../daemon/api/client.js';
import { fakeEnvironment } from '../spec-support/fake-environment.js';
import { logLine } from '../spec-support/sample-status.js';
import { followLogs } from './follow-logs.js';

const AFTER: LogCursor = { from: 9, after: { h1: 4 } };

type Stream = readonly (LogItem | Error)[];

/** Answers each request with the next stream. */
function source(streams: readonly Stream[]): {
  readonly asked: LogQuery[];
  logs(query: LogQuery): AsyncIterable<LogItem>;
} {
  const asked: LogQuery[] = [];
  return {
    asked,
    async *logs(query) {
      asked.push(query);
      for (const item of streams[asked.length - 1] ?? []) {
        if (item instanceof Error) throw item;
        yield item;
      }
    },
  };
}

async function sequences(
  streams: readonly Stream[],
  outliveDaemon: (requests: number) => boolean,
): Promise<{
  readonly sequences: readonly number[];
  readonly since: readonly (number | undefined)[];
  readonly notices: readonly LogNotice[];
}> {
  const from = source(streams);
  const lines: number[] = [];
  const notices: LogNotice[] = [];
  const following = followLogs(from, { app: 'boutique' }, fakeEnvironment(), {
    after: AFTER,
    onNotice: (notice) => notices.push(notice),
    signal: new AbortController().signal,
    outliveDaemon: () => outliveDaemon(from.asked.length),
  });
  for await (const { sequence } of following) lines.push(sequence);
  return { sequences: lines, since: from.asked.map(({ since }) => since?.after.h1), notices };
}

const lost = new ApiError(503, 'DAEMON_LOST', 'the daemon went away');
const lines = (...numbers: readonly number[]) => numbers.map((sequence) => logLine({ sequence, host: 'h1' }));

describe('followLogs', () => {
  it('goes on where the daemon cut a slow reader off', async () => {
    expect(await sequences([[...lines(5, 6), { cut: 'slow' }], lines(7)], () => false)).to.deep.include({
      sequences: [5, 6, 7],
      since: [4, 6],
    });
  });

  it('waits for a daemon that went away to come back', async () => {
    const noDaemon = new ApiError(503, 'NO_DAEMON', 'none');
    expect(
      await sequences([[...lines(5), lost], [noDaemon], lines(6)], (requests) => requests < 3),
    ).to.deep.include({
      sequences: [5, 6],
      since: [4, 5, 5],
    });
  });

  it('goes on from the last line of each host, and tells once of a host that is missing', async () => {
    const from = source([
      [...lines(5), { missing: 'h3', reason: 'r' }, logLine({ sequence: 2, host: 'h2' }), { cut: 'slow' }],
      [{ missing: 'h3', reason: 'r' }, { found: 'h3' }],
    ]);
    const notices: LogNotice[] = [];
    const found: LogLine[] = [];
    const following = followLogs(from, {}, fakeEnvironment(), {
      after: AFTER,
      signal: new AbortController().signal,
      outliveDaemon: () => false,
      onNotice: (notice) => notices.push(notice),
    });
    for await (const line of following) found.push(line);
    expect(from.asked.map(({ since }) => since)).to.deep.equal([AFTER, { from: 9, after: { h1: 5, h2: 2 } }]);
    expect(found).to.have.length(2);
    expect(notices).to.deep.equal([{ missing: 'h3', reason: 'r' }, { found: 'h3' }]);
  });

  it('ends with the daemon otherwise', async () => {
    expect((await sequences([[...lines(5), lost]], () => false)).sequences).to.deep.equal([5]);
  });

  it('rejects when there is no daemon to follow', async () => {
    const reason = await sequences([[new ApiError(503, 'NO_DAEMON', 'none')]], () => false).catch(
      (error) => error,
    );
    expect(reason).to.be.instanceOf(ApiError);
  });
});
