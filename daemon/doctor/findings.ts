import type { Finding } from '../api/api-types.js';
import { SAFE_PAYLOAD_BYTES, serverProblems, unsafeReplicas } from '../bus/nats/server-problems.js';
import type { MissingHost } from '../cluster/ask-hosts.js';
import type { ClusterView } from '../manager/cluster-view.js';
import type { BusExamination, ClockReading, HostExamination, ServerExamination } from './examination.js';
import { redisFindings } from './redis-findings.js';

export interface Examined {
  readonly view: ClusterView;
  readonly examinations: readonly HostExamination[];
  readonly missing: readonly MissingHost[];
  readonly clocks: readonly ClockReading[];
  readonly isAlone: boolean;
}

/** Logs are merged, and certificates are checked, by the wall clock. */
const MAX_SKEW_MS = 1000;
const LEAST_OPEN_FILES = 4096;
const LEAST_FREE_BYTES = 512 * 1024 * 1024;
const LEAST_FREE_SHARE = 0.05;

/** What is wrong, each with its mend; of what is well, that it was looked at. */
export function findings(examined: Examined): readonly Finding[] {
  const { examinations, isAlone } = examined;
  const own = [
    ...examinations.flatMap((each) => [...openFiles(each), ...disk(each), ...secrets(each)]),
    ...redisFindings(examinations),
  ];
  const found = isAlone
    ? own
    : [
        ...hosts(examined),
        ...versions(examinations),
        ...natsServers(examinations),
        ...streams(examinations),
        ...clocks(examined),
        ...ports(examinations),
        ...own,
      ];
  const wrong = new Set(found.map(({ check }) => check));
  const hasRedis = examinations.some(({ redis }) => redis !== undefined);
  const looked = [...(isAlone ? [] : CLUSTER_CHECKS), ...OWN_CHECKS, ...(hasRedis ? [REDIS_CHECK] : [])];
  const well = looked
    .filter(([check]) => !wrong.has(check))
    .map(([check, message]) => ({ check, level: 'ok', message }) as const);
  return [...found, ...well].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
}

const LEVELS: readonly Finding['level'][] = ['problem', 'note', 'ok'];
const OWN_CHECKS = [
  ['open files', `at least ${LEAST_OPEN_FILES} may be open`],
  ['disk', 'the state folders have room'],
  ['secrets', 'nobody but their owner may read them'],
] as const;
const REDIS_CHECK = ['redis', 'it answers, and keeps what it acknowledges'] as const;
const CLUSTER_CHECKS = [
  ['hosts', 'a leader leads, and all hosts answer'],
  ['versions', 'all hosts run the same weaverd'],
  ['nats', 'all servers answer, and are new enough'],
  ['jetstream', 'all copies of all streams are current'],
  ['clocks', `the hosts' clocks differ by less than ${MAX_SKEW_MS} ms`],
  ['ports', 'the hosts reach each other’s replicas'],
] as const;

type Check = (typeof OWN_CHECKS)[number][0] | (typeof CLUSTER_CHECKS)[number][0];

function problem(check: Check, host: string | undefined, message: string, mend: string): Finding {
  return { check, level: 'problem', host, message, mend };
}

function hosts({ view, missing }: Examined): readonly Finding[] {
  const found = missing.map(({ host, reason }) =>
    problem('hosts', host, `does not answer: ${reason}`, `see to its daemon and its network`),
  );
  if (view.leader === undefined)
    found.push(
      problem('hosts', undefined, 'no leader answers', 'see whether NATS is there: `weaverd status`'),
    );
  for (const { host, state, draining } of view.hosts) {
    if (state === 'dead' || state === 'left')
      found.push(
        problem(
          'hosts',
          host,
          state === 'dead' ? 'is dead' : 'has left the cluster',
          `start its daemon again, or \`weaverd remove ${host}\` for good`,
        ),
      );
    else if (state === 'suspect' && !missing.some((each) => each.host === host))
      found.push(problem('hosts', host, 'is suspected to be dead', 'see to its daemon and its network'));
    else if (draining)
      found.push({
        ...{ check: 'hosts', level: 'note', host, message: 'is draining' },
        mend: `\`weaverd undrain ${host}\` ends it`,
      });
  }
  return found;
}

function versions(examinations: readonly HostExamination[]): readonly Finding[] {
  const known = new Map<string, string[]>();
  for (const { host, weaverd } of examinations) known.set(weaverd, [...(known.get(weaverd) ?? []), host]);
  if (known.size <= 1) return [];
  const message = [...known].map(([version, on]) => `${version} on ${on.join(', ')}`).join('; ');
  return [{ check: 'versions', level: 'note', message, mend: 'upgrade the others when it suits' }];
}

function natsServers(examinations: readonly HostExamination[]): readonly Finding[] {
  const found: Finding[] = [];
  const judged = new Set<string>();
  for (const { host, bus } of examinations)
    for (const server of bus?.servers ?? []) {
      if ('reason' in server) {
        const mend = 'start it, open its port to this host, or take it out of [nats] servers in weaverd.toml';
        found.push(problem('nats', host, `NATS does not answer: ${server.reason}`, mend));
      } else if (!judged.has(server.server)) {
        judged.add(server.server);
        found.push(...natsServer(server, bus?.replicas ?? 1));
      }
    }
  if (judged.size > 0)
    found.push({
      check: 'nats sync',
      level: 'note',
      message:
        'sync_interval cannot be seen by a client of NATS; by default what JetStream acknowledges reaches the disk within 2 minutes only',
      mend: 'set sync_interval: always in jetstream {} of every server (2.10 and newer); what is lost all the same, the hosts give back',
    });
  return found;
}

function natsServer(
  { server, version, jetStream, maxPayload }: Exclude<ServerExamination, { readonly reason: string }>,
  replicas: number,
): readonly Finding[] {
  const wrong = [unsafeReplicas(version, replicas), ...serverProblems(version)].filter(
    (each) => each !== undefined,
  );
  const found = wrong.map((each) => {
    const [message = '', ...mend] = each.split('; ');
    return problem('nats', undefined, `${server}: ${message}`, mend.join('; ') || 'use nats-server');
  });
  if (!jetStream)
    found.push(
      problem(
        'nats',
        undefined,
        `${server}: JetStream is off`,
        'add jetstream { store_dir: … } to its configuration',
      ),
    );
  if (maxPayload < SAFE_PAYLOAD_BYTES)
    found.push({
      check: 'nats payload',
      level: 'note',
      message: `${server}: max_payload is ${maxPayload} bytes; what is sent to hosts with very many replicas may be larger`,
      mend: 'set max_payload: 8MB in its configuration',
    });
  return found;
}

function streams(examinations: readonly HostExamination[]): readonly Finding[] {
  const seen = examinations.flatMap(({ bus }) => (bus === undefined ? [] : [bus]));
  const best: BusExamination | undefined = seen.find(({ streams: each }) => each.length > 0) ?? seen[0];
  if (best === undefined) return [];
  if (best.problem !== undefined)
    return [
      problem('jetstream', undefined, `the streams cannot be seen: ${best.problem}`, 'see to NATS first'),
    ];
  return best.streams.flatMap(({ stream, replicas, leader, copies }) => {
    const found: Finding[] = [];
    if (replicas !== best.replicas)
      found.push(
        problem(
          'jetstream',
          undefined,
          `${stream} is kept ${replicas} times, and should be ${best.replicas} times`,
          `nats stream edit ${stream} --replicas=${best.replicas}`,
        ),
      );
    if (replicas > 1 && leader === undefined)
      found.push(
        problem('jetstream', undefined, `${stream} has no leader`, 'start the NATS servers that are missing'),
      );
    for (const { server, isCurrent, isOffline } of copies)
      if (isOffline || !isCurrent)
        found.push(
          problem(
            'jetstream',
            undefined,
            `the copy of ${stream} on ${server} is ${isOffline ? 'offline' : 'behind'}`,
            isOffline ? `start the NATS server ${server}` : 'wait, or look at the log of that server',
          ),
        );
    return found;
  });
}

/** Against the leader's clock where that is known. */
function clocks({ clocks: read, view }: Examined): readonly Finding[] {
  const base = read.find(({ host }) => host === view.leader?.host) ?? read[0];
  if (base === undefined) return [];
  return read.flatMap(({ host, aheadMs, boundMs }) => {
    const skew = aheadMs - base.aheadMs;
    const bound = boundMs + base.boundMs;
    if (Math.abs(skew) - bound <= MAX_SKEW_MS) return [];
    const message = `its clock is ${Math.round(Math.abs(skew))} ms (± ${Math.ceil(bound)} ms) ${skew > 0 ? 'ahead of' : 'behind'} that of ${base.host}`;
    return [problem('clocks', host, message, 'run chrony or systemd-timesyncd on all hosts')];
  });
}

function ports(examinations: readonly HostExamination[]): readonly Finding[] {
  return examinations.flatMap(({ host, reached }) =>
    reached.flatMap(({ replica, host: other, address, port, reason }) =>
      reason === undefined
        ? []
        : [
            problem(
              'ports',
              host,
              `cannot reach ${replica} on ${other} at ${address}:${port}: ${reason}`,
              `open the TCP ports of ${other} to ${host}, or correct [cluster] address in weaverd.toml on ${other}`,
            ),
          ],
    ),
  );
}

function openFiles({ host, maxOpenFiles }: HostExamination): readonly Finding[] {
  if (maxOpenFiles === undefined || maxOpenFiles >= LEAST_OPEN_FILES) return [];
  const message = `weaverd may open ${maxOpenFiles} files and connections`;
  return [
    problem('open files', host, message, 'set LimitNOFILE=65536 in its unit, or ulimit -n 65536 before it'),
  ];
}

function disk({ host, disk: space }: HostExamination): readonly Finding[] {
  if (space === undefined) return [];
  const { folder, freeBytes, totalBytes } = space;
  if (freeBytes >= LEAST_FREE_BYTES && freeBytes >= totalBytes * LEAST_FREE_SHARE) return [];
  const message = `${folder} has ${Math.round(freeBytes / 1024 ** 2)} MiB left of ${Math.round(totalBytes / 1024 ** 2)} MiB`;
  return [problem('disk', host, message, 'make room, or move stateFolder to a larger disk')];
}

function secrets({ host, exposed }: HostExamination): readonly Finding[] {
  return exposed.map(({ path, mode }) => {
    const message = `${path} may be read by others (mode ${mode.toString(8).padStart(4, '0')})`;
    return problem('secrets', host, message, `chmod go= ${path}`);
  });
}
