import type { Finding } from '../api/api-types.js';
import type { HostExamination, RedisServerExamination } from './examination.js';

const LEAST_MAJOR = 7;
const MOST_FULL = 0.9;

/** What is wrong with the Redis that keeps the state of apps, as the hosts see it. */
export function redisFindings(examinations: readonly HostExamination[]): readonly Finding[] {
  const found: Finding[] = [];
  const judged = new Set<string>();
  for (const { host, redis } of examinations) {
    if (redis?.problem !== undefined) found.push(unreachable(host, redis.problem));
    for (const server of redis?.servers ?? []) {
      if ('reason' in server) found.push(unreachable(host, `${server.server}: ${server.reason}`));
      else if (!judged.has(server.server)) {
        judged.add(server.server);
        found.push(...judge(server));
      }
    }
  }
  return found;
}

function unreachable(host: string, reason: string): Finding {
  const mend = 'start it, open its port to this host, or correct [redis] in weaverd.toml';
  return { check: 'redis', level: 'problem', host, message: `Redis does not answer: ${reason}`, mend };
}

function judge(facts: Exclude<RedisServerExamination, { readonly reason: string }>): readonly Finding[] {
  const { server, version, role, usedBytes, maxBytes, connectedReplicas, isLogFailing, settings } = facts;
  const found: Finding[] = [];
  const add = (level: 'problem' | 'note', message: string, mend: string) =>
    found.push({ check: 'redis', level, message: `Redis at ${server} ${message}`, mend });
  if (Number.parseInt(version, 10) < LEAST_MAJOR)
    add(
      'problem',
      `has version ${version}, which is too old for state`,
      `use Redis ${LEAST_MAJOR}.0 or newer`,
    );
  if (role !== 'master')
    add('problem', 'is a replica', 'name its master, or its sentinels, in [redis] of weaverd.toml');
  if (isLogFailing) add('problem', 'cannot write its append-only file', 'look at its log and its disk');
  if (maxBytes > 0 && usedBytes >= maxBytes * MOST_FULL)
    add(
      'problem',
      `uses ${mib(usedBytes)} MiB of ${mib(maxBytes)} MiB`,
      'raise maxmemory, or let values have a ttl',
    );
  if (settings === undefined) {
    add('problem', 'does not say how it is configured', 'ACL SETUSER <user> +config|get');
    return found;
  }
  const policy = settings['maxmemory-policy'];
  if (policy !== 'noeviction')
    add(
      'problem',
      `deletes what it likes when its memory is full (${policy})`,
      'CONFIG SET maxmemory-policy noeviction',
    );
  if (settings.appendonly !== 'yes')
    add(
      'problem',
      'keeps nothing on its disk',
      'CONFIG SET appendonly yes; apps that do not mind have durability = "none"',
    );
  else if (settings.appendfsync !== 'always' || settings['no-appendfsync-on-rewrite'] !== 'no')
    add(
      'note',
      `syncs with appendfsync ${settings.appendfsync}, no-appendfsync-on-rewrite ${settings['no-appendfsync-on-rewrite']}: apps with a stronger [state] durability have no state there`,
      'CONFIG SET appendfsync always no-appendfsync-on-rewrite no; or durability = "everysec" in their weaver.toml',
    );
  if (connectedReplicas > 0 && settings['min-replicas-to-write'] === '0')
    add(
      'note',
      'acknowledges writes that no replica has: a fail-over loses those',
      'CONFIG SET min-replicas-to-write 1',
    );
  return found;
}

function mib(bytes: number): number {
  return Math.round(bytes / 1024 ** 2);
}
