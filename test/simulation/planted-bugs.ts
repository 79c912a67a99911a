import type { Bus } from '../../daemon/bus/bus.js';
import type { ControlPlaneOptions } from '../../daemon/control-plane.js';
import type { ReplicaHost } from '../../daemon/envelope/replica-host.js';
import type { HostReport, PlacementsMessage, RoutingMessage } from '../../daemon/host/host-messages.js';
import { LEADER_BUCKET } from '../../daemon/leader/election.js';
import { NO_EPOCH } from '../../daemon/leader/epoch.js';
import { APPS_BUCKET } from '../../daemon/manager/desired-state.js';
import { isTombstone } from '../../daemon/memory/memory-entry.js';
import { NO_OWNER, type SliceAssignment } from '../../sdk/protocol/control.js';
import type { InvariantName } from './invariants.js';
import { forwarding, RevisionElection, trustingLate, UnfencedElection } from './planted-election.js';

export interface PlantedBug {
  readonly name: string;
  /** Any of them finds it. */
  readonly foundBy: readonly InvariantName[];
  readonly plant: (options: ControlPlaneOptions) => ControlPlaneOptions;
}

/** Mistakes that a control plane could have, made at its interfaces. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'a leader that goes on after its time',
    foundBy: ['ONE-OWNER'],
    plant: (options) => ({ ...options, createElection: (given) => new UnfencedElection(given) }),
  },
  {
    name: "epochs from the store's revision",
    foundBy: ['ONE-OWNER', 'CONVERGE'],
    plant: (options) => ({ ...options, createElection: (given) => new RevisionElection(given) }),
  },
  {
    name: 'trust in a write that timed out',
    foundBy: ['ONE-OWNER'],
    plant: (options) => withStore(options, LEADER_BUCKET, trustingLate),
  },
  {
    name: 'a host that follows lower incarnations',
    foundBy: ['ONE-OWNER'],
    plant: (options) => ({
      ...options,
      epochs: { ...options.epochs, highestEpoch: () => NO_EPOCH, leader: () => undefined },
    }),
  },
  {
    name: 'a host that follows two leaders of one incarnation',
    foundBy: ['ONE-OWNER'],
    plant: (options) => ({ ...options, epochs: { ...options.epochs, leader: () => undefined } }),
  },
  {
    name: 'a host that forgets its epoch when it is restarted',
    foundBy: ['ONE-OWNER'],
    plant: (options) => {
      let highest = NO_EPOCH;
      const sawEpoch: ControlPlaneOptions['epochs']['sawEpoch'] = (epoch, leader) => {
        if (epoch > highest) highest = epoch;
        options.epochs.sawEpoch(epoch, leader);
      };
      return { ...options, epochs: { highestEpoch: () => highest, leader: () => undefined, sawEpoch } };
    },
  },
  {
    name: 'hosts that remember nothing for the store',
    foundBy: ['KEEP-SERVING', 'ADOPT', 'NO-LOSS'],
    plant: (options) => ({ ...options, memory: undefined }),
  },
  {
    name: 'an app that is removed without a tombstone',
    foundBy: ['NO-LOSS', 'CONVERGE'],
    plant: (options) =>
      withStore(options, APPS_BUCKET, (store) => ({
        ...forwarding(store),
        update: async (key, value, revision) => {
          if (!isTombstone(value)) return store.update(key, value, revision);
          await store.delete(key, revision);
          return revision + 1;
        },
      })),
  },
  {
    name: 'a host that is declared dead and does not begin anew',
    foundBy: ['CONVERGE'],
    plant: (options) => {
      const refusal = options.subjects.refusal(options.facts.host);
      return withBus(options, {
        subscribe: (subject, handler) =>
          options.bus.subscribe(subject, (body, on) => {
            if (subject !== refusal) handler(body, on);
          }),
      });
    },
  },
  {
    name: 'a daemon that ends what it finds when it starts',
    foundBy: ['ADOPT', 'KEEP-SERVING'],
    plant: (options) => {
      const { replicaHost, clock } = options;
      clock.after(100, () => replicaHost.setDesired([]));
      return options;
    },
  },
  {
    name: 'a leader that takes hosts it has not heard for empty',
    foundBy: ['ADOPT', 'KEEP-SERVING'],
    plant: (options) => {
      const reports = options.subjects.report('*');
      return withBus(options, {
        subscribe: (subject, handler) =>
          options.bus.subscribe(subject, (body, on) =>
            handler(subject === reports ? emptyReport(body) : body, on),
          ),
      });
    },
  },
  {
    name: 'an old version that ends before the new one serves',
    foundBy: ['KEEP-SERVING'],
    plant: (options) =>
      withBus(options, {
        publish: (subject, body) =>
          options.bus.publish(subject, subject.endsWith('.placements') ? newestOnly(body) : body),
      }),
  },
  {
    name: 'routing that is told to another version',
    foundBy: ['ONE-VERSION'],
    plant: (options) => {
      const told = new Map<string, RoutingMessage>();
      return withBus(options, {
        publish: (subject, body) => {
          if (!subject.endsWith('.routing')) return options.bus.publish(subject, body);
          const app = subject.split('.').at(-3) ?? '';
          const other = told.get(app);
          if (other === undefined) told.set(app, body as RoutingMessage);
          const { epoch } = body as RoutingMessage;
          options.bus.publish(subject, { ...(other ?? (body as RoutingMessage)), epoch });
        },
      });
    },
  },
  {
    name: 'a leader that takes it for settled that keys were taken',
    foundBy: ['ONE-OWNER'],
    plant: (options) => {
      const reports = options.subjects.report('*');
      return withBus(options, {
        subscribe: (subject, handler) =>
          options.bus.subscribe(subject, (body, on) =>
            handler(subject === reports ? settledReport(body) : body, on),
          ),
      });
    },
  },
  {
    name: 'a host that takes a lease of keys for longer than it is',
    foundBy: ['ONE-OWNER'],
    plant: (options) => {
      const { replicaHost } = options;
      const lease: ReplicaHost['lease'] = (replicas, until) => replicaHost.lease(replicas, until + 20_000);
      return { ...options, replicaHost: forwardingHost(replicaHost, { lease }) };
    },
  },
  {
    name: 'keys that have their new owner before the old one heard of it',
    foundBy: ['ONE-OWNER'],
    plant: (options) =>
      publishingAssignments(options, ({ owners, ...rest }) => ({
        ...rest,
        owners: owners.map((owner) => (owner === NO_OWNER ? 0 : owner)),
      })),
  },
  {
    name: 'keys that change hands without a higher epoch',
    foundBy: ['ONE-OWNER'],
    plant: (options) =>
      publishingAssignments(options, ({ epochs, ...rest }) =>
        epochs === undefined ? rest : { ...rest, epochs: epochs.map(() => 1) },
      ),
  },
  {
    name: 'hosts that end what runs when they hear of no leader',
    foundBy: ['KEEP-SERVING'],
    plant: (options) => ({ ...options, replicaHost: giveUpWithoutBus(options) }),
  },
];

function withStore(
  options: ControlPlaneOptions,
  bucket: string,
  wrap: (store: ReturnType<Bus['store']>) => ReturnType<Bus['store']>,
): ControlPlaneOptions {
  const wrapped = wrap(options.bus.store(bucket));
  return withBus(options, { store: (name) => (name === bucket ? wrapped : options.bus.store(name)) });
}

function withBus(options: ControlPlaneOptions, changed: Partial<Bus>): ControlPlaneOptions {
  const { bus } = options;
  const whole: Bus = {
    publish: (subject, body) => bus.publish(subject, body),
    subscribe: (subject, handler) => bus.subscribe(subject, handler),
    request: (subject, body, how) => bus.request(subject, body, how),
    serve: (subject, handler) => bus.serve(subject, handler),
    store: (bucket) => bus.store(bucket),
    blobs: bus.blobs,
    check: () => bus.check(),
    state: () => bus.state(),
    onState: (handler) => bus.onState(handler),
    problems: () => bus.problems(),
    close: () => bus.close(),
    ...changed,
  };
  return { ...options, bus: whole };
}

/** Of a mere heartbeat a report that nothing runs there. */
function emptyReport(body: unknown): unknown {
  const heartbeat = body as { readonly facts: { readonly host: string } };
  if ('replicas' in heartbeat) return body;
  return {
    ...heartbeat,
    host: heartbeat.facts.host,
    highestEpoch: NO_EPOCH,
    placementsEpoch: 0,
    routesEpoch: 0,
    versions: [],
    replicas: [],
    ingress: { pid: undefined, rssBytes: 0, state: 'stopped', routesApplied: true, listeners: [] },
    wantsToLeave: false,
    problems: [],
  };
}

/** Every replica has settled all there will ever be. */
function settledReport(body: unknown): unknown {
  if (!hasReplicas(body)) return body;
  return {
    ...body,
    replicas: body.replicas.map((replica) => ({
      ...replica,
      settled: replica.settled?.map(({ component }) => ({ component, epoch: Number.MAX_SAFE_INTEGER })),
    })),
  };
}

function hasReplicas(body: unknown): body is Pick<HostReport, 'replicas'> {
  return typeof body === 'object' && body !== null && 'replicas' in body;
}

function publishingAssignments(
  options: ControlPlaneOptions,
  change: (assignment: SliceAssignment) => SliceAssignment,
): ControlPlaneOptions {
  return withBus(options, {
    publish: (subject, body) => {
      if (!subject.endsWith('.routing')) return options.bus.publish(subject, body);
      const message = body as RoutingMessage;
      const routing = message.routing.map(({ assignment, ...rest }) => ({
        ...rest,
        assignment: assignment && change(assignment),
      }));
      options.bus.publish(subject, { ...message, routing });
    },
  });
}

function forwardingHost(host: ReplicaHost, changed: Partial<ReplicaHost>): ReplicaHost {
  return {
    setDesired: (replicas) => host.setDesired(replicas),
    observed: () => host.observed(),
    onChange: (listener) => host.onChange(listener),
    setRouting: (app, version, routing) => host.setRouting(app, version, routing),
    askState: (replica, query, timeoutMs) => host.askState(replica, query, timeoutMs),
    lease: (replicas, until) => host.lease(replicas, until),
    close: (options) => host.close(options),
    ...changed,
  };
}

/** Of each app the version that was deployed last. */
function newestOnly(body: unknown): PlacementsMessage {
  const message = body as PlacementsMessage;
  const number = (version: string) => Number(version.slice(1));
  const newest = (app: string) =>
    Math.max(...message.placements.filter((each) => each.app === app).map(({ version }) => number(version)));
  const placements = message.placements.filter(({ app, version }) => number(version) === newest(app));
  return { ...message, placements };
}

function giveUpWithoutBus({ bus, clock, replicaHost }: ControlPlaneOptions): ReplicaHost {
  let since = clock.monotonic();
  const look = () => {
    if (bus.state().kind === 'connected') since = clock.monotonic();
    if (clock.monotonic() - since > 5000) replicaHost.setDesired([]);
    clock.after(1000, look);
  };
  look();
  return replicaHost;
}
