import { callsPerSecond, type Load, type LoadReport } from './load.js';
import type { Bench } from './report.js';
import { inRounds, lines, ratio } from './rounds.js';
import { heat, TestBed } from './test-bed.js';

const megabytesPerSecond = ({ bytes, seconds }: LoadReport) => bytes / 1e6 / seconds;
const p50 = ({ p50Us }: LoadReport) => p50Us;

/** Streamed results beside gRPC's, and whether what shares a connection leaves the others their turn. */
export const stream: Bench = {
  name: 'stream',
  summary: 'streamed results, beside gRPC; a fast reader beside a slow one; small calls beside 8 MB ones',
  async *run({ quick }) {
    const bed = await TestBed.open();
    try {
      const echo = await bed.echo({ transport: 'unix' });
      const both = [echo, await bed.peer('grpc')];
      await heat(both);
      const rounds = quick ? 3 : 7;
      const timed = { warmUpMs: quick ? 300 : 500, measuredMs: quick ? 1000 : 3000 };

      const items = await inRounds(both, { kind: 'stream', operation: 'items', ...timed }, rounds);
      yield* lines('stream', 'items of 30 B', 'items/s', items, callsPerSecond);
      const chunks = await inRounds(both, { kind: 'stream', operation: 'chunks', ...timed }, rounds);
      yield* lines('stream', 'chunks of 64 KiB', 'MB/s', chunks, megabytesPerSecond);

      const under = (name: string, load: Load) => ({ name, run: () => echo.run(load) });
      const reading: Load = { kind: 'stream', operation: 'items', ...timed };
      const [besideSlow, alone] = await inRounds(
        [
          under('weaverd, beside a slow reader', { ...reading, beside: 'slow-reader' }),
          under('weaverd, alone', reading),
        ],
        reading,
        rounds,
      );
      yield* lines('stream', 'a fast reader', 'items/s', present(besideSlow, alone), callsPerSecond);

      const calling: Load = { kind: 'closed', operation: 'echo-30', inFlight: 1, ...timed };
      const [busy, idle] = await inRounds(
        [
          under('weaverd, beside 8 MB echoes', { ...calling, beside: 'large-echo' }),
          under('weaverd, alone', calling),
        ],
        calling,
        rounds,
      );
      yield* lines('stream', '30 B, 1 in flight, p50', 'µs', present(busy, idle), p50);
      return {
        'stream.items_vs_grpc': ratio(items[0], items[1], callsPerSecond),
        'stream.megabytes_vs_grpc': ratio(chunks[0], chunks[1], megabytesPerSecond),
        'stream.slow_reader_effect': ratio(besideSlow, alone, callsPerSecond),
        'stream.small_beside_large_p50': ratio(busy, idle, p50),
      };
    } finally {
      await bed.close();
    }
  },
};

function present<T>(...given: readonly (T | undefined)[]): readonly T[] {
  return given.filter((each): each is T => each !== undefined);
}
