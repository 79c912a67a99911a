import { expect } from 'chai';
import fc from 'fast-check';
import { readPlacements, readRefusal, readReport, readRoutes, readRouting } from './host-messages.js';

const FROM_LEADER = { epoch: 7, leader: 'h1/1' };
const TCP = { kind: 'tcp', host: '10.0.0.1', port: 7 };

const PLACEMENTS = {
  ...FROM_LEADER,
  generation: 3,
  reportEveryMs: 2000,
  placements: [
    {
      app: 'shop',
      version: 'v1',
      group: 'Cart',
      replica: 'Cart-0',
      env: { LEVEL: 'info' },
      graceMs: 1000,
      memoryMiB: 64,
      hosting: {
        components: [{ name: 'Cart', config: {} }],
        main: false,
        mainConfig: {},
        defaultTimeoutMs: 1000,
      },
    },
  ],
};
const ROUTING = {
  ...FROM_LEADER,
  routing: [
    {
      component: 'Cart',
      epoch: 7,
      replicas: [
        {
          replica: 'Cart-0',
          group: 'Cart',
          generation: 1,
          host: 'h1',
          address: { kind: 'unix', path: '/p' },
          remoteAddress: TCP,
        },
      ],
      assignment: { starts: [0], owners: [0] },
    },
  ],
};
const ROUTES = {
  ...FROM_LEADER,
  routes: [
    {
      app: 'shop',
      listener: 'shop',
      component: 'Web',
      host: '127.0.0.1',
      port: 80,
      backends: [{ replica: 'Web-0', version: 'v1', generation: 1, address: TCP }],
    },
  ],
};
const REFUSAL = {
  ...FROM_LEADER,
  generation: 3,
  installation: 'x',
  refusal: { reason: 'dead-generation', deadUpTo: 3, message: 'restart' },
};
const FACTS = {
  host: 'h1',
  generation: 3,
  installation: 'x',
  labels: {},
  capacity: { cpus: 1, memoryBytes: 1, maxReplicas: 1 },
  version: '1',
  protocol: 1,
};
const REPORT = {
  facts: FACTS,
  sequence: 4,
  leaving: false,
  host: 'h1',
  highestEpoch: 7,
  leader: 'h1/1',
  memory: 'digest',
  placementsEpoch: 7,
  routesEpoch: 7,
  wantsToLeave: false,
  problems: ['full'],
  versions: [{ app: 'shop', version: 'v1', routingEpoch: 7 }],
  replicas: [
    {
      app: 'shop',
      version: 'v1',
      group: 'Cart',
      replica: 'Cart-0',
      generation: 1,
      state: 'serving',
      restarts: 0,
      pid: 7,
      listeners: [{ name: 'shop', address: TCP }],
      address: TCP,
      load: {},
    },
  ],
  ingress: {
    state: 'serving',
    routesApplied: true,
    listeners: [
      {
        app: 'shop',
        listener: 'shop',
        url: 'http://x',
        state: 'open',
        backends: [{ replica: 'Web-0', version: 'v1', inFlight: 0, draining: false }],
      },
    ],
  },
};

const heartbeat = { facts: { ...FACTS, address: undefined }, sequence: 4, leaving: false };
const report = (body: unknown) => {
  const read = readReport(body, heartbeat);
  return 'problem' in read ? undefined : read.report;
};
const MESSAGES = [
  { name: 'placements', read: readPlacements, sound: PLACEMENTS },
  { name: 'routing', read: readRouting, sound: ROUTING },
  { name: 'routes', read: readRoutes, sound: ROUTES },
  { name: 'refusal', read: readRefusal, sound: REFUSAL },
  { name: 'report', read: report, sound: REPORT },
] as const;

/** Paths to everything within, such as `['placements', '0', 'app']`. */
function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    [key],
    ...pathsOf(inner).map((path) => [key, ...path]),
  ]);
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) };
  (copy as Record<string, unknown>)[key] = replaced((value as Record<string, unknown>)[key], rest, by);
  return copy;
}

/** Not read here: the app's own, or looked at elsewhere. */
const FREE = /config|mainConfig|pid|facts|sequence|leaving|epoch$|highestEpoch|leader|^memory$|memoryMiB/i;

describe('messages between leader and hosts', () => {
  for (const { name, read, sound } of MESSAGES) {
    it(`takes ${name} as they are sent, also over JSON`, () => {
      expect(read(JSON.parse(JSON.stringify(sound)))).to.deep.equal(sound);
    });

    it(`takes no ${name} of which a part is of another type`, () => {
      for (const path of pathsOf(sound)) {
        if (path.some((key) => FREE.test(key))) continue;
        const broken = replaced(sound, path, null);
        const isOptional = path.at(-1) === 'address' && read(replaced(sound, path, undefined)) !== undefined;
        if (!isOptional) expect(read(broken), path.join('.')).to.equal(undefined);
      }
    });

    it(`throws for nothing that comes instead of ${name}`, () => {
      const path = fc.constantFrom(...pathsOf(sound));
      fc.assert(
        fc.property(path, fc.jsonValue(), (at, value) => {
          read(replaced(sound, at, value));
          read(value);
        }),
      );
    });
  }
});
