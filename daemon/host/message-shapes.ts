import { isEpoch } from '../leader/epoch.js';

/**
 * Whether what came in a message between daemons is what its type says, as deep as it is read. Who may publish is for NATS
 * to tell; but a daemon of a mistaken version, or a hand, must not bring down another.
 */
type Kind = 'number' | 'string' | 'boolean' | 'array' | 'object';

export function hasFields(body: unknown, fields: Readonly<Record<string, Kind>>): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return Object.entries(fields).every(([name, kind]) => isOf(kind, (body as Record<string, unknown>)[name]));
}

function isOf(kind: Kind, value: unknown): boolean {
  if (kind === 'array') return Array.isArray(value);
  return typeof value === kind && value !== null && !Array.isArray(value);
}

function field(body: unknown, name: string): unknown {
  return (body as Record<string, unknown>)[name];
}

function isEach(list: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(isOne);
}

function isOptional(value: unknown, isOne: (value: unknown) => boolean): boolean {
  return value === undefined || isOne(value);
}

const isText = (value: unknown) => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number';

function isAddress(value: unknown): boolean {
  const kind = hasFields(value, { kind: 'string' }) ? field(value, 'kind') : undefined;
  if (kind === 'unix') return hasFields(value, { path: 'string' });
  return kind === 'tcp' && hasFields(value, { host: 'string', port: 'number' });
}

export function isPlacement(value: unknown): boolean {
  const fields = {
    app: 'string',
    version: 'string',
    group: 'string',
    replica: 'string',
    hosting: 'object',
    env: 'object',
    graceMs: 'number',
  } as const;
  return (
    hasFields(value, fields) &&
    Object.values(field(value, 'env') as object).every(isText) &&
    isOptional(field(value, 'memoryMiB'), isNumber) &&
    isHosting(field(value, 'hosting'))
  );
}

function isHosting(value: unknown): boolean {
  return (
    hasFields(value, { components: 'array', main: 'boolean', defaultTimeoutMs: 'number' }) &&
    isEach(field(value, 'components'), (each) => hasFields(each, { name: 'string' }))
  );
}

export function isPublishedRouting(value: unknown): boolean {
  return (
    hasFields(value, { component: 'string' }) &&
    isEpoch(field(value, 'epoch')) &&
    isEach(field(value, 'replicas'), isPublishedReplica) &&
    isOptional(field(value, 'assignment'), isAssignment) &&
    isOptional(field(value, 'decidedAt'), isNumber)
  );
}

function isPublishedReplica(value: unknown): boolean {
  const fields = { replica: 'string', group: 'string', generation: 'number', host: 'string' } as const;
  return (
    hasFields(value, fields) &&
    isAddress(field(value, 'address')) &&
    isOptional(field(value, 'remoteAddress'), isAddress)
  );
}

function isAssignment(value: unknown): boolean {
  return (
    hasFields(value, { starts: 'array', owners: 'array' }) &&
    isEach(field(value, 'starts'), isNumber) &&
    isEach(field(value, 'owners'), isNumber) &&
    isOptional(field(value, 'epochs'), (epochs) => isEach(epochs, isNumber)) &&
    isOptional(field(value, 'others'), (others) => isEach(others, (each) => isEach(each, isNumber)))
  );
}

export function isRoute(value: unknown): boolean {
  const fields = {
    app: 'string',
    listener: 'string',
    component: 'string',
    host: 'string',
    port: 'number',
  } as const;
  return (
    hasFields(value, fields) &&
    isOptional(field(value, 'tls'), (tls) => hasFields(tls, { certificate: 'string', key: 'string' })) &&
    isOptional(field(value, 'trustedProxies'), isTexts) &&
    isOptional(field(value, 'accessLog'), (wanted) => typeof wanted === 'boolean') &&
    isEach(field(value, 'backends'), isBackend)
  );
}

function isBackend(value: unknown): boolean {
  return (
    hasFields(value, { replica: 'string', version: 'string', generation: 'number' }) &&
    isAddress(field(value, 'address'))
  );
}

export function isHostedVersion(value: unknown): boolean {
  return (
    hasFields(value, { app: 'string', version: 'string', routingEpoch: 'number' }) &&
    isOptional(field(value, 'decided'), (decided) =>
      isEach(decided, (each) => hasFields(each, { component: 'string', at: 'number' })),
    )
  );
}

export function isLeasedReplica(value: unknown): boolean {
  return hasFields(value, { app: 'string', version: 'string', replica: 'string', generation: 'number' });
}

export function isObservedReplica(value: unknown): boolean {
  const fields = {
    app: 'string',
    version: 'string',
    group: 'string',
    replica: 'string',
    generation: 'number',
    state: 'string',
    restarts: 'number',
  } as const;
  return (
    hasFields(value, fields) &&
    isEach(field(value, 'listeners'), isOpenedListener) &&
    isOptional(field(value, 'address'), isAddress) &&
    isOptional(field(value, 'remoteAddress'), isAddress) &&
    isOptional(field(value, 'load'), (load) => hasFields(load, {})) &&
    isOptional(field(value, 'settled'), (settled) =>
      isEach(settled, (each) => hasFields(each, { component: 'string', epoch: 'number' })),
    )
  );
}

function isOpenedListener(value: unknown): boolean {
  return hasFields(value, { name: 'string' }) && isAddress(field(value, 'address'));
}

export function isIngressStatus(value: unknown): boolean {
  return (
    hasFields(value, { state: 'string', routesApplied: 'boolean' }) &&
    isEach(field(value, 'listeners'), isListenerStatus)
  );
}

function isListenerStatus(value: unknown): boolean {
  const backend = { replica: 'string', version: 'string', inFlight: 'number', draining: 'boolean' } as const;
  return (
    hasFields(value, { app: 'string', listener: 'string', url: 'string', state: 'string' }) &&
    isEach(field(value, 'backends'), (each) => hasFields(each, backend))
  );
}

export function isTexts(value: unknown): boolean {
  return isEach(value, isText);
}
