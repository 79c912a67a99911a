import { expect } from 'chai';
import type { IngressListenerStatus } from '../ingress/ingress-routes.js';
import { type AppRecord, deployed, shifted } from './app-record.js';
import { listenersOf, needsPort, routesOf, routesOn } from './listeners.js';
import { fakeReplica } from './spec-support/fake-replica-host.js';
import { sampleDeployment } from './spec-support/sample-app.js';

describe('listeners', () => {
  const deployment = sampleDeployment('v1', { listeners: { web: { port: 8080 }, admin: { host: '::1' } } });
  const frontend = fakeReplica('shop', 'v1', 'Frontend', 'Frontend-0', 'serving');
  const admin = {
    ...fakeReplica('shop', 'v1', 'Catalog', 'Catalog-0', 'serving'),
    listeners: [{ name: 'admin', address: { kind: 'unix' as const, path: '/a' } }],
  };

  it('are those the build knows and those that were opened, where the manifest wants them', () => {
    expect(listenersOf(deployment, [])).to.deep.equal([
      { name: 'web', component: 'Frontend', host: '127.0.0.1', port: 8080 },
    ]);
    expect(listenersOf(deployment, [frontend, admin])).to.deep.equal([
      { name: 'admin', component: 'Catalog', host: '::1', port: 0 },
      { name: 'web', component: 'Frontend', host: '127.0.0.1', port: 8080 },
    ]);
  });

  it('lead to the serving version only', () => {
    const first = deployed(undefined, deployment);
    if (first === undefined) throw new Error('a first deployment is a change');
    const portFor = () => 8080;
    expect(routesOf(first, [frontend], new Set(), portFor)).to.deep.equal([]);
    const serving = shifted(first, 'v1');
    const others = [
      fakeReplica('shop', 'v2', 'Frontend', 'Frontend-0', 'serving'),
      fakeReplica('shop', 'v1', 'Frontend', 'Frontend-1', 'draining'),
      fakeReplica('shop', 'v1', 'Frontend', 'Frontend-2', 'serving'),
    ];
    const [route] = routesOf(serving, [frontend, ...others], new Set(['shop/v1/Frontend-2']), portFor);
    expect(route).to.include({ app: 'shop', listener: 'web', host: '127.0.0.1', port: 8080 });
    expect(route?.backends).to.deep.equal([
      {
        replica: 'Frontend-0',
        version: 'v1',
        generation: 1,
        address: { kind: 'unix', path: '/v1/Frontend-0/web' },
        onHost: 'h1',
      },
    ]);
  });

  it('are served by the hosts that have a replica, and by a host that is alone in any case', () => {
    const serving = shifted(deployed(undefined, deployment) as AppRecord, 'v1');
    const routes = routesOf(serving, [frontend], new Set(), () => 8080);
    const backend = { ...routes[0]?.backends[0], onHost: undefined };
    expect(routesOn('h1', routes, false)[0]?.backends).to.have.lengthOf(1);
    expect(routesOn('h1', routes, false)[0]?.backends[0]).to.include({ replica: backend.replica });
    expect(routesOn('h1', routes, false)[0]?.backends[0]).not.to.have.property('onHost');
    expect(routesOn('h2', routes, false)).to.deep.equal([]);
    expect(routesOn('h2', routes, true)[0]?.backends).to.deep.equal([]);
  });

  it('need a port when none was chosen for that address, or another process has it', () => {
    const open = { name: 'web', component: 'Frontend', host: '127.0.0.1', port: 0 };
    const status = (port: number, state: 'open' | 'failed') =>
      ({ url: `http://127.0.0.1:${port}`, state }) as IngressListenerStatus;
    const chosen = { host: '127.0.0.1', port: 4000 };
    expect(needsPort({ ...open, port: 80 }, undefined, undefined)).to.equal(false);
    expect(needsPort(open, undefined, undefined)).to.equal(true);
    expect(needsPort(open, chosen, undefined)).to.equal(false);
    expect(needsPort({ ...open, host: '::1' }, chosen, undefined)).to.equal(true);
    expect(needsPort(open, chosen, status(4000, 'open'))).to.equal(false);
    expect(needsPort(open, chosen, status(4000, 'failed'))).to.equal(true);
    expect(needsPort(open, chosen, status(3999, 'failed'))).to.equal(false);
  });
});
