import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ControlError } from '../../sdk/protocol/control-channel.js';
import type { StateAnswer } from '../../sdk/protocol/state-query.js';
import type { StateRequest } from '../api/api-types.js';
import { LocalBus } from '../bus/local-bus.js';
import { subjectsOf } from '../bus/subjects.js';
import type { ReplicaAddressed, ReplicaHost } from '../envelope/replica-host.js';
import { askState, type ClusterStateOptions, serveState } from './cluster-state.js';

describe('state of the replicas of a cluster', () => {
  let folder: string;
  let bus: LocalBus;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weaverd-state-'));
    bus = await LocalBus.open({ folder, report: () => undefined });
  });
  afterEach(async () => {
    await bus.close();
    await rm(folder, { recursive: true, force: true });
  });

  const onHost = (host: string): ClusterStateOptions => {
    const replicas: Pick<ReplicaHost, 'askState'> = {
      askState: async ({ replica }: ReplicaAddressed): Promise<StateAnswer> => {
        if (replica === 'Bank-9') throw new ControlError('STALE_OWNER', 'another has the key');
        return { states: [{ state: `${replica} on ${host}`, schema: undefined }] };
      },
    };
    return { host, replicas, bus, subjects: subjectsOf('c') };
  };
  const request = (host: string, replica: string): StateRequest => ({
    host,
    app: 'bank',
    version: 'v1',
    replica,
    query: { kind: 'states', component: 'Bank' },
  });

  it('is asked of the host of the replica, here or elsewhere, whose refusal keeps its code', async () => {
    const served = serveState(onHost('h2'));
    const here = onHost('h1');
    expect(await askState(here, request('h1', 'Bank-0'))).to.deep.include({
      states: [{ state: 'Bank-0 on h1', schema: undefined }],
    });
    expect(await askState(here, request('h2', 'Bank-1'))).to.deep.nested.include({
      'states[0].state': 'Bank-1 on h2',
    });
    for (const host of ['h1', 'h2']) {
      const reason = await askState(here, request(host, 'Bank-9')).catch((thrown: unknown) => thrown);
      expect(reason).to.be.instanceOf(ControlError).and.include({ code: 'STALE_OWNER' });
    }
    served.close();
    const gone = await askState(here, request('h2', 'Bank-1')).catch((thrown: unknown) => thrown);
    expect(gone).to.have.property('code', 'NO_RESPONDERS');
  });
});
