import { expect } from 'chai';
import { FakeClock } from './fixtures/harness.js';
import type { IngressListenerStatus } from './ingress-routes.js';
import { listenersOf } from './reported-listeners.js';
import { StatusReporter } from './status-reporter.js';

describe('StatusReporter', () => {
  let clock: FakeClock;
  let requests: number;
  let rate: number;
  let sent: number[];
  let reporter: StatusReporter;

  beforeEach(() => {
    clock = new FakeClock();
    requests = 0;
    rate = 0;
    sent = [];
    const listeners = {
      status: () => [status(rate)],
      inFlight: 0,
      rotate: (elapsedMs: number) => {
        rate = requests / (elapsedMs / 1000);
        requests = 0;
      },
    };
    reporter = new StatusReporter(listeners, clock, (statuses) =>
      sent.push(statuses[0]?.requestsPerSecond ?? -1),
    );
  });

  it('reports traffic every two seconds, then once that it is over, and rests', () => {
    for (let second = 0; second < 4; second++) {
      requests += 10 + second;
      reporter.activity();
      clock.advance(1_000);
    }
    expect(sent).to.deep.equal([10.5, 12.5]);
    clock.advance(60_000);
    expect(sent).to.deep.equal([10.5, 12.5, 0]);
    expect(clock.timers).to.equal(0);
  });

  it('gathers changes and leaves out what says nothing new', () => {
    reporter.changed();
    reporter.changed();
    clock.advance(100);
    reporter.changed();
    clock.advance(100);
    expect(sent).to.deep.equal([0]);
    reporter.forget();
    reporter.changed();
    clock.advance(100);
    expect(sent).to.deep.equal([0, 0]);
  });
});

describe('listenersOf', () => {
  const route = { app: 'a', listener: 'l', component: 'C', host: '127.0.0.1', port: 0, backends: [] };

  it('shows a route as opening until the process has told of it', () => {
    expect(listenersOf([route], [], { 'a/l': 4711 })[0]).to.include({
      state: 'opening',
      url: 'http://127.0.0.1:4711',
    });
    expect(listenersOf([route], [status(3)], {})[0]).to.include({ state: 'open', requestsPerSecond: 3 });
  });

  it('shows no listener whose route is gone, and all of them until routes are known', () => {
    expect(listenersOf([], [status(3)], {})).to.deep.equal([]);
    expect(listenersOf(undefined, [status(3)], {})).to.have.length(1);
  });
});

function status(requestsPerSecond: number): IngressListenerStatus {
  return {
    app: 'a',
    listener: 'l',
    url: 'http://127.0.0.1:80',
    state: 'open',
    requestsPerSecond,
    errorsPerSecond: 0,
    p50Ms: 0,
    p99Ms: 0,
    answers: {},
    inFlight: 0,
    backends: [],
  };
}
