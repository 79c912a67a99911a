import { callsPerSecond, cpuPerMillion, type Load, type LoadReport, type LoadTarget } from './load.js';
import type { Bench } from './report.js';
import { inRounds, lines, type Measured, ratio } from './rounds.js';
import { heat, TestBed } from './test-bed.js';

const IN_FLIGHT = [16, 128] as const;

/** Handlers wait 0–4 ms, so that calls and answers are spread in time and do not travel in batches. */
export const dispersed: Bench = {
  name: 'dispersed',
  summary:
    'CPU per call when handlers wait 0–4 ms and calls do not batch, beside gRPC, Moleculer, HTTP and others',
  async *run({ quick }) {
    const bed = await TestBed.open();
    try {
      const targets = await startAll(bed, quick);
      const ratios: Record<string, number> = {};
      for (const inFlight of IN_FLIGHT) {
        const load: Load = {
          kind: 'closed',
          operation: 'wait',
          inFlight,
          warmUpMs: quick ? 300 : 500,
          measuredMs: quick ? 1000 : 3000,
        };
        const all = await inRounds(targets, load, quick ? 3 : 7);
        const title = `handlers wait 0–4 ms, ${inFlight} in flight`;
        const timers = all.find(({ system }) => system === 'timers only');
        const net = all.filter((measured) => measured !== timers).map((measured) => netOf(measured, timers));
        yield* lines('dispersed', title, 'calls/s', net, callsPerSecond);
        yield* lines('dispersed', `${title}, CPU net of the timers`, 's/1M', net, cpuPerMillion);
        const against = (peer: string) =>
          ratio(
            net.find(({ system }) => system.startsWith('weaverd, Unix')),
            net.find(({ system }) => system.startsWith(peer)),
            cpuPerMillion,
          );
        ratios[`dispersed.${inFlight}.cpu_vs_grpc`] = against('grpc');
        if (inFlight === 128) {
          ratios['dispersed.128.cpu_vs_moleculer'] = against('Moleculer');
          ratios['dispersed.128.cpu_vs_http'] = against('HTTP');
        }
      }
      return ratios;
    } finally {
      await bed.close();
    }
  },
};

async function startAll(bed: TestBed, quick: boolean): Promise<readonly LoadTarget[]> {
  const targets: LoadTarget[] = [await bed.echo({ transport: 'unix' })];
  if (!quick) targets.push(await bed.echo({ transport: 'tcp' }));
  const peers = ['timers', 'grpc', 'moleculer', 'http'] as const;
  for (const peer of quick ? peers : ([...peers, 'nest', 'nats'] as const))
    targets.push(await bed.peer(peer));
  await heat(targets);
  return targets;
}

/** Without what the same number of waits costs in a process that only waits. */
function netOf({ system, reports }: Measured, timers: Measured | undefined): Measured {
  const net = (report: LoadReport, round: number): LoadReport => {
    const timed = timers?.reports[round];
    const perCall = timed === undefined ? Number.NaN : timed.cpuSeconds / timed.completed;
    return { ...report, cpuSeconds: report.cpuSeconds - report.completed * perCall };
  };
  return { system, reports: reports.map(net) };
}
