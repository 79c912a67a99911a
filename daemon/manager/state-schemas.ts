import type { AppDescription } from '../../sdk/protocol/app-description.js';
import { resolveAvro } from '../../sdk/protocol/avro-resolution.js';
import type { StateCheck } from '../api/api-types.js';
import type { AppRecord } from './app-record.js';

/** Schemas in which values may be stored, the newest last, by component and state: of every version that was deployed. */
export type StoredSchemas = Readonly<Record<string, Readonly<Record<string, readonly StoredSchema[]>>>>;
interface StoredSchema {
  readonly schema: string;
  /** The first that had it. */
  readonly version: string;
  /** A later version was deployed though it cannot read it. */
  readonly isGivenUp?: true;
}

/** A pair of versions of which one could not read what the other stores. */
interface StateConflict {
  readonly component: string;
  readonly state: string;
  /** `forward`: what `version` stored cannot be read by the new one; `back`: the other way round. */
  readonly direction: 'forward' | 'back';
  readonly version: string;
  /** Of the value; empty for all of it. */
  readonly path: string;
  readonly problem: string;
}

/** What values of one state are remembered in, at most: the oldest is forgotten, and then found out at its first use. */
const MAX_SCHEMAS = 32;

/** What a version would not be able to read, and what versions before could not read of it. */
function stateConflicts(before: AppRecord | undefined, next: AppDescription): readonly StateConflict[] {
  if (before === undefined) return [];
  const conflicts: StateConflict[] = [];
  const stored = storedSchemas(before);
  const look = (
    place: Pick<StateConflict, 'component' | 'state' | 'direction' | 'version'>,
    from: string,
    to: string,
  ) => {
    const resolution = resolveAvro(from, to);
    if (resolution.kind === 'resolved') return;
    const { path, problem } = resolution;
    const { component, state, direction } = place;
    const isKnown = conflicts.some(
      (each) =>
        each.component === component &&
        each.state === state &&
        each.direction === direction &&
        each.path === path &&
        each.problem === problem,
    );
    if (!isKnown) conflicts.push({ ...place, path, problem });
  };
  for (const [component, state, schema] of schemasOf(next)) {
    const known = stored[component]?.[state] ?? [];
    for (const older of known.filter(({ isGivenUp }) => isGivenUp !== true))
      look({ component, state, direction: 'forward', version: older.version }, older.schema, schema);
    // The way back itself: what it stores was stored before.
    if (known.some((each) => each.schema === schema)) continue;
    for (const { version, description } of [before.current, ...before.older]) {
      const older = description.components.find(({ name }) => name === component)?.stateSchemas?.[state];
      if (older !== undefined) look({ component, state, direction: 'back', version }, schema, older);
    }
  }
  return conflicts;
}

/** What is to be remembered when the version is deployed. */
function rememberSchemas(
  before: AppRecord | undefined,
  next: AppDescription,
  inSpiteOf: readonly StateConflict[],
): StoredSchemas {
  const all: Record<string, Record<string, readonly StoredSchema[]>> = structuredClone(
    before === undefined ? {} : storedSchemas(before),
  );
  for (const [component, state, schema] of schemasOf(next)) {
    const isGivenUp = (version: string): boolean =>
      inSpiteOf.some(
        (each) =>
          each.direction === 'forward' &&
          each.component === component &&
          each.state === state &&
          each.version === version,
      );
    const states = all[component] ?? {};
    const known = states[state] ?? [];
    const { version } = known.find((each) => each.schema === schema) ?? next;
    const others = known
      .filter((each) => each.schema !== schema)
      .map((each) => (isGivenUp(each.version) ? { ...each, isGivenUp: true as const } : each));
    states[state] = [...others, { schema, version }].slice(-MAX_SCHEMAS);
    all[component] = states;
  }
  return all;
}

/** The new version is not deployed: state would be unreadable, to it or after a return to the version before. */
export class IncompatibleStateError extends Error {
  override readonly name = 'IncompatibleStateError';
  readonly mend: string;

  constructor(conflicts: readonly StateConflict[]) {
    super(conflicts.map(conflictInWords).join('; '));
    const anyway = '`weaverd deploy --allow-incompatible-state` deploys it nevertheless';
    this.mend = conflicts.some(({ direction }) => direction === 'forward')
      ? `make what was added optional, keep what was stored as it is, or give the state another name. Where nothing was stored yet, ${anyway}`
      : `nothing stored is at risk, but there would be no way back to that version: ${anyway}`;
  }
}

/** Whether the version may be deployed, as far as its states go. Throws IncompatibleStateError. */
export function checkStates(
  before: AppRecord | undefined,
  next: AppDescription,
  check: StateCheck,
): { readonly stateSchemas: StoredSchemas; readonly warnings: readonly string[] } {
  const conflicts = stateConflicts(before, next);
  const refused = conflicts.filter(
    ({ direction }) => check === 'both-ways' || (check === 'forward' && direction === 'forward'),
  );
  if (refused.length > 0) throw new IncompatibleStateError(refused);
  return {
    stateSchemas: rememberSchemas(before, next, conflicts),
    warnings: conflicts.map(conflictInWords),
  };
}

function conflictInWords({ component, state, direction, version, path, problem }: StateConflict): string {
  const what = path === '' ? 'the value' : `\`${path}\``;
  return direction === 'forward'
    ? `the state ${state} of ${component}: this version cannot read what version ${version} stored: ${what} ${problem}`
    : `the state ${state} of ${component}: version ${version}, deployed before, cannot read what this one stores: ${what} ${problem}`;
}

function storedSchemas({ stateSchemas, current }: AppRecord): StoredSchemas {
  if (stateSchemas !== undefined) return stateSchemas;
  const { version, description } = current;
  return Object.fromEntries(
    description.components.map(({ name, stateSchemas: schemas = {} }) => [
      name,
      Object.fromEntries(Object.entries(schemas).map(([state, schema]) => [state, [{ schema, version }]])),
    ]),
  );
}

function* schemasOf(
  description: AppDescription,
): Iterable<readonly [component: string, state: string, schema: string]> {
  for (const { name, stateSchemas = {} } of description.components)
    for (const [state, schema] of Object.entries(stateSchemas)) yield [name, state, schema];
}
