import { expect } from 'chai';
import { appManifestSchema } from '../../config/app-manifest.js';
import type { AppDescription } from '../../sdk/protocol/app-description.js';
import type { StateCheck } from '../api/api-types.js';
import { type AppRecord, deployed } from './app-record.js';
import { checkStates, IncompatibleStateError } from './state-schemas.js';

const account = (...fields: object[]): string =>
  JSON.stringify({ type: 'record', name: 'Account', fields: [{ name: 'owner', type: 'string' }, ...fields] });
const NOTE = { name: 'note', type: ['null', 'string'], default: null };
const LIMIT = { name: 'limit', type: 'double' };

function version(name: string, schema: string | undefined): AppDescription {
  return {
    format: 1,
    app: 'bank',
    version: name,
    builtWith: '0',
    components: [
      {
        name: 'Bank',
        methods: [],
        references: [],
        ...(schema === undefined ? {} : { states: ['accounts'], stateSchemas: { accounts: schema } }),
        declaredAt: 'main.ts:1',
      },
    ],
    hasMain: false,
    listeners: [],
  };
}

/** What is on record after these versions, each deployed with that check. */
function recordOf(...versions: readonly (readonly [AppDescription, StateCheck?])[]): AppRecord | undefined {
  let record: AppRecord | undefined;
  for (const [description, check = 'both-ways'] of versions) {
    const { stateSchemas } = checkStates(record, description, check);
    const manifest = appManifestSchema.parse({});
    const next = deployed(record, { version: description.version, manifest, description, deployedAt: 0 });
    if (next !== undefined) record = { ...next, stateSchemas };
  }
  return record;
}

function refusal(record: AppRecord | undefined, next: AppDescription, check: StateCheck = 'both-ways') {
  try {
    checkStates(record, next, check);
  } catch (reason) {
    if (reason instanceof IncompatibleStateError) return reason;
    throw reason;
  }
  throw new Error('it was accepted');
}

describe('types of states at a deployment', () => {
  const v1 = version('v1', account());

  it('may change so that either version reads what the other stores', () => {
    const record = recordOf([v1], [version('v2', account(NOTE))], [v1]);
    expect(record?.stateSchemas?.Bank?.accounts?.map((each) => each.version)).to.deep.equal(['v2', 'v1']);
  });

  it('may not change so that what is stored cannot be read, which names component, state, field, version and mend', () => {
    const { message, mend } = refusal(recordOf([v1]), version('v2', account(LIMIT)), 'forward');
    expect(message).to.equal(
      'the state accounts of Bank: this version cannot read what version v1 stored: `limit` is not optional, and was not stored',
    );
    expect(mend).to.contain('optional').and.to.contain('--allow-incompatible-state');
  });

  it('are compared with every version that was deployed, not with the last alone', () => {
    const second = version('v2', account({ ...NOTE, type: ['null', 'string', 'double'] }));
    const third = version('v3', account());
    const record = recordOf([second], [third, 'forward']);
    expect(refusal(record, version('v4', account(NOTE))).message).to.contain(
      'version v2 stored: `note` was number',
    );
    const without = recordOf([v1], [version('v2', undefined)]);
    expect(refusal(without, version('v3', account(LIMIT))).message).to.contain('version v1 stored');
  });

  it('may not change so that the version before could not read it, unless there need be no way back', () => {
    const before = recordOf([version('v1', account(LIMIT))]);
    const next = version('v2', account());
    const { message, mend } = refusal(before, next);
    expect(message).to.contain('version v1, deployed before, cannot read what this one stores: `limit`');
    expect(mend).to.contain('no way back');
    expect(checkStates(before, next, 'forward').warnings).to.deep.equal([message]);
    expect(checkStates(before, next, 'none').warnings).to.deep.equal([message]);
  });

  it('are not held against later versions when they were given up', () => {
    const next = version('v2', account(LIMIT));
    const record = recordOf([v1], [next, 'none']);
    expect(checkStates(record, version('v3', account(LIMIT, NOTE)), 'both-ways').warnings).to.deep.equal([]);
  });

  it('may be those of a version before again: there is always a way back', () => {
    const next = version('v2', account(LIMIT));
    const record = recordOf([v1], [next, 'none'], [v1]);
    expect(refusal(record, next).message).to.contain('version v1 stored: `limit`');
  });

  it('are known of a record of before this check, too', () => {
    const record = recordOf([v1]);
    const older = record === undefined ? undefined : { ...record, stateSchemas: undefined };
    expect(refusal(older, version('v2', account(LIMIT))).message).to.contain('version v1 stored');
  });

  it('say the same of several versions once', () => {
    const record = recordOf([v1], [version('v2', account(NOTE))]);
    expect(refusal(record, version('v3', account(LIMIT)), 'forward').message.match(/limit/g)).to.have.length(
      1,
    );
  });
});
