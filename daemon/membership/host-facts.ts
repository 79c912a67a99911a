/** What a daemon says of itself in each report. */
export interface HostFacts {
  readonly host: string;
  /** Unix ms at which this daemon started, but higher than any generation of its host that was declared dead. */
  readonly generation: number;
  /** Made once for each state folder, at random: tells a restarted daemon from another machine of the same name. */
  readonly installation: string;
  /** At which other hosts reach its proclets; undefined on a host that is alone. */
  readonly address: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: HostCapacity;
  /** Of weaverd. */
  readonly version: string;
  /** Of the messages between daemons. */
  readonly protocol: number;
}

export interface HostCapacity {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly maxReplicas: number;
}

export const MAX_LABELS = 64;
export const MAX_TEXT = 256;
const HOST_PATTERN = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** What a message holds, or why it is none. */
export function readHostFacts(body: unknown): { readonly facts: HostFacts } | { readonly problem: string } {
  if (typeof body !== 'object' || body === null) return { problem: 'it is not an object' };
  const given = body as Partial<Record<keyof HostFacts, unknown>>;
  const { host, generation, installation, address, labels, capacity, version, protocol } = given;
  if (!isText(host) || !HOST_PATTERN.test(host)) return { problem: 'host is not a name' };
  if (!isCount(generation) || generation < 1) return { problem: `${host}: generation is not a number of ms` };
  if (!isText(installation)) return { problem: `${host}: installation is not a text` };
  if (address !== undefined && !isText(address)) return { problem: `${host}: address is not a text` };
  if (!isText(version)) return { problem: `${host}: version is not a text` };
  if (!isCount(protocol)) return { problem: `${host}: protocol is not a whole number` };
  const readLabels = labelsOf(labels);
  if (readLabels === undefined)
    return { problem: `${host}: labels are not at most ${MAX_LABELS} texts by name` };
  const readCapacity = capacityOf(capacity);
  if (readCapacity === undefined)
    return { problem: `${host}: capacity is not { cpus, memoryBytes, maxReplicas }` };
  return {
    facts: {
      host,
      generation,
      installation,
      address,
      labels: readLabels,
      capacity: readCapacity,
      version,
      protocol,
    },
  };
}

/** The failure domain of a host: its label `zone`; without one, itself. */
export function zoneOf({ host, labels }: Pick<HostFacts, 'host' | 'labels'>): string {
  return labels.zone ?? `host ${host}`;
}

/** The generation of a daemon that starts: also above its past when the wall clock was set back. */
export function nextGeneration(unixMs: number, deadUpTo: number): number {
  return Math.max(Math.floor(unixMs), deadUpTo + 1);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

export function labelsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > MAX_LABELS) return undefined;
  const isSound = entries.every(
    ([name, text]) => isText(name) && typeof text === 'string' && text.length <= MAX_TEXT,
  );
  return isSound ? (value as Readonly<Record<string, string>>) : undefined;
}

function capacityOf(value: unknown): HostCapacity | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { cpus, memoryBytes, maxReplicas } = value as Partial<Record<keyof HostCapacity, unknown>>;
  return isAmount(cpus) && isAmount(memoryBytes) && isCount(maxReplicas)
    ? { cpus, memoryBytes, maxReplicas }
    : undefined;
}
