import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type StreamConfig } from 'nats';

/** What weaverd asks of a stream; the rest is the server's default. */
export type StreamSettings = Pick<
  StreamConfig,
  | 'name'
  | 'subjects'
  | 'storage'
  | 'retention'
  | 'discard'
  | 'max_msgs_per_subject'
  | 'num_replicas'
  | 'allow_rollup_hdrs'
  | 'allow_direct'
  | 'duplicate_window'
>;

/** The stream of a NATS KV bucket (ADR-8), so that `nats kv` reads it too; reads ask its leader. */
export function keyValueStream(bucket: string, replicas: number): StreamSettings {
  return { ...stream(`KV_${bucket}`, [`$KV.${bucket}.>`], replicas), max_msgs_per_subject: 1 };
}

/** The stream of a NATS object store (ADR-20), so that `nats object` reads it too. */
export function objectStream(bucket: string, replicas: number): StreamSettings {
  return {
    ...stream(`OBJ_${bucket}`, [`$O.${bucket}.C.>`, `$O.${bucket}.M.>`], replicas),
    max_msgs_per_subject: -1,
  };
}

function stream(
  name: string,
  subjects: string[],
  replicas: number,
): Omit<StreamSettings, 'max_msgs_per_subject'> {
  return {
    name,
    subjects,
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    allow_rollup_hdrs: true,
    allow_direct: false,
    duplicate_window: nanos(120_000),
  };
}

/** What of a stream that was found is not as weaverd needs it; each with what to do. */
export function settingsProblems(wanted: StreamSettings, found: StreamConfig): readonly string[] {
  const wrong: string[] = [];
  const compare = (name: string, is: unknown, needed: unknown, mend: string) => {
    if (is !== needed)
      wrong.push(`${wanted.name}: ${name} is ${String(is)}, and should be ${String(needed)}; ${mend}`);
  };
  const edit = (flag: string) => `nats stream edit ${wanted.name} ${flag}`;
  const rebuild = 'it cannot be changed: back it up and delete it, weaverd makes it anew';
  compare('storage', found.storage, wanted.storage, rebuild);
  compare('retention', found.retention, wanted.retention, rebuild);
  compare('subjects', [...found.subjects].sort().join(), [...wanted.subjects].sort().join(), rebuild);
  compare('sealed', found.sealed ?? false, false, rebuild);
  compare('mirror', found.mirror?.name ?? 'none', 'none', rebuild);
  compare('discard', found.discard, wanted.discard, edit(`--discard=${wanted.discard}`));
  compare(
    'num_replicas',
    found.num_replicas,
    wanted.num_replicas,
    `${edit(`--replicas=${wanted.num_replicas}`)}, or change replicas in [nats] of weaverd.toml`,
  );
  compare(
    'max_msgs_per_subject',
    found.max_msgs_per_subject,
    wanted.max_msgs_per_subject,
    edit(`--max-msgs-per-subject=${wanted.max_msgs_per_subject}`),
  );
  compare('max_age', found.max_age, 0, edit('--max-age=0'));
  compare('allow_rollup_hdrs', found.allow_rollup_hdrs, wanted.allow_rollup_hdrs, edit('--allow-rollup'));
  return wrong;
}
