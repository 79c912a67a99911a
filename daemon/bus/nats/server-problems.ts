/** Below it messages between daemons may not pass in large clusters, see MAX_BODY_BYTES. */
export const SAFE_PAYLOAD_BYTES = 8_000_000;
/** Before it, streams could be lost when a server was killed (nats-server issue 6888). */
const SOUND = [2, 10, 23] as const;
/** Before it, a replicated stream let several concurrent writers win one compare-and-set (nats-server issue 4320). */
const COMPARES = [2, 9, 21] as const;

type Version = readonly [number, number, number];

/** What a server's version lets fear, with the mend. */
export function serverProblems(version: string): readonly string[] {
  const known = parse(version);
  if (known === undefined)
    return [`NATS says of itself to be of version "${version}", which is none that is known`];
  if (isAtLeast(known, SOUND)) return [];
  return [
    `NATS ${version} may lose what it acknowledged when it is killed; upgrade it to ${text(SOUND)} or newer`,
  ];
}

/** Why a bucket cannot be kept that many times on such a server: nothing could be decided by it. */
export function unsafeReplicas(version: string, replicas: number): string | undefined {
  const known = parse(version);
  if (replicas === 1 || known === undefined || isAtLeast(known, COMPARES)) return undefined;
  return (
    `NATS ${version} lets several writers win the same compare-and-set in a bucket of ${replicas} replicas; ` +
    `upgrade all its servers to ${text(SOUND)} or newer, or use one server with replicas = 1`
  );
}

function parse(version: string): Version | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || minor === undefined || patch === undefined) return undefined;
  return [Number(major), Number(minor), Number(patch)];
}

function isAtLeast(version: Version, least: Version): boolean {
  return (version[0] - least[0] || version[1] - least[1] || version[2] - least[2]) >= 0;
}

function text(version: Version): string {
  return version.join('.');
}
