import type { Durability } from '../driver.js';

/** What a server says about itself: of INFO and CONFIG GET. Undefined: it does not say. */
export interface ServerFacts {
  readonly address: string;
  readonly version: string;
  readonly role: string;
  readonly isLoading: boolean;
  /** Another after each start. */
  readonly runId: string;
  readonly connectedReplicas: number;
  readonly settings: Readonly<Record<string, string>> | undefined;
}

/** The settings that are asked for. */
export const SETTINGS = [
  'appendonly',
  'appendfsync',
  'no-appendfsync-on-rewrite',
  'maxmemory-policy',
  'min-replicas-to-write',
] as const;

const LEAST_MAJOR = 7;

/** Why state may not be kept there, with the mend; undefined when it may. */
export function unfitness(server: ServerFacts, durability: Durability): string | undefined {
  const { address, version, role, settings } = server;
  const at = `Redis at ${address}`;
  if (Number.parseInt(version, 10) < LEAST_MAJOR)
    return `${at} has version ${version}; ${LEAST_MAJOR}.0 is the oldest that serves: upgrade it`;
  if (role !== 'master')
    return `${at} is a replica; name its master, or its sentinels, in [redis] of weaverd.toml`;
  if (settings === undefined)
    return `${at} does not say how it is configured; let its user run CONFIG GET: ACL SETUSER <user> +config|get`;
  const policy = settings['maxmemory-policy'];
  if (policy !== 'noeviction')
    return `${at} deletes what it likes when its memory is full (maxmemory-policy ${policy}): CONFIG SET maxmemory-policy noeviction, and in its redis.conf`;
  const weaker = weakness(settings, durability);
  return (
    weaker &&
    `${at} keeps less than durability = "${durability}" promises: ${weaker}, and in its redis.conf; or choose a weaker [state] durability in weaver.toml`
  );
}

function weakness(settings: Readonly<Record<string, string>>, durability: Durability): string | undefined {
  if (durability === 'none') return undefined;
  if (settings.appendonly !== 'yes') return 'appendonly is off: CONFIG SET appendonly yes';
  const wanted = durability === 'always' ? ['always'] : ['always', 'everysec'];
  if (!wanted.includes(settings.appendfsync ?? ''))
    return `appendfsync is ${settings.appendfsync}: CONFIG SET appendfsync ${durability}`;
  if (settings['no-appendfsync-on-rewrite'] !== 'no')
    return 'it does not sync while it rewrites its log: CONFIG SET no-appendfsync-on-rewrite no';
  return undefined;
}

/** What is allowed, but loses more at a fail-over than it need. */
export function warning({ address, connectedReplicas, settings }: ServerFacts): string | undefined {
  return connectedReplicas > 0 && settings?.['min-replicas-to-write'] === '0'
    ? `Redis at ${address} has replicas and acknowledges writes that none of them has: a fail-over loses those. CONFIG SET min-replicas-to-write 1 bounds it to min-replicas-max-lag`
    : undefined;
}

/** @param info as INFO gives it */
export function serverFacts(
  address: string,
  info: string,
  settings: Readonly<Record<string, string>> | undefined,
): ServerFacts {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1] ?? '';
  return {
    address,
    version: field('redis_version'),
    role: field('role'),
    isLoading: field('loading') === '1',
    runId: field('run_id'),
    connectedReplicas: Number(field('connected_slaves')),
    settings,
  };
}
