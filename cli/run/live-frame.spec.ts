import { expect } from 'chai';
import fc from 'fast-check';
import { NO_COLOURS } from '../output/colours.js';
import { LiveScreen } from '../output/live-screen.js';
import { fakeOutput } from '../spec-support/fake-environment.js';
import {
  appStatus,
  daemonStatus,
  groupStatus,
  listenerStatus,
  NOW,
  replicaStatus,
} from '../spec-support/sample-status.js';
import { renderLiveFrame } from './live-frame.js';

function frame(given: {
  readonly replicas?: number;
  readonly logs?: number;
  readonly rows?: number;
  readonly columns?: number;
}): readonly string[] {
  const replicas = Array.from({ length: given.replicas ?? 1 }, (_, index) =>
    replicaStatus({ replica: `Cart-${index}` }),
  );
  return renderLiveFrame({
    status: appStatus({ groups: [groupStatus({ replicas })] }),
    daemon: daemonStatus(),
    logLines: Array.from({ length: given.logs ?? 0 }, (_, index) => `line ${index}`),
    now: NOW,
    columns: given.columns ?? 120,
    rows: given.rows ?? 24,
    colours: NO_COLOURS,
    note: 'Ctrl-C stops the app',
  });
}

describe('renderLiveFrame', () => {
  it('shows the app, its addresses, the replicas and the newest log lines', () => {
    const lines = frame({ logs: 30, rows: 12 });
    expect(lines).to.have.length(11);
    expect(lines.slice(0, 3)).to.deep.equal([
      'boutique  serving  version v1  deployed 1m05s ago',
      '  shop  http://127.0.0.1:8080  3.0 req/s to main',
      '  daemon 99 60.0MiB 0.2% CPU, ingress 100 40.0MiB 0.1% CPU',
    ]);
    expect(lines[5]).to.match(/^Cart {7}Cart-0 {3}serving/);
    expect(lines.slice(7)).to.deep.equal(['line 27', 'line 28', 'line 29', 'Ctrl-C stops the app']);
  });

  it('leaves the components out on a narrow screen, where the replicas name them', () => {
    const [header, row] = frame({ columns: 80 }).slice(4);
    expect(header).to.match(/^REPLICA .* CALLS\/S/);
    expect(row).to.match(/^Cart-0 {3}serving/);
  });

  it('leaves replicas out before it leaves the screen', () => {
    const lines = frame({ replicas: 40, logs: 10, rows: 20 });
    expect(lines).to.have.length(19);
    expect(lines.join('\n')).to.contain('… 32 more');
    expect(lines).to.include('line 9');
  });

  it('fits every screen', () => {
    const few = fc.integer({ min: 0, max: 40 });
    const size = fc.integer({ min: 1, max: 50 });
    fc.assert(
      fc.property(few, few, size, size, (replicas, logs, rows, columns) => {
        const lines = frame({ replicas, logs, rows, columns });
        expect(lines.length).to.be.at.most(Math.max(1, rows - 1));
        for (const line of lines) expect([...line].length).to.be.at.most(columns);
      }),
    );
  });

  it('says what is wrong with a listener, unless the app is stopping', () => {
    const render = (state: 'degraded' | 'stopping') =>
      renderLiveFrame({
        daemon: undefined,
        status: appStatus({ state, listeners: [listenerStatus({ state: 'opening' })] }),
        logLines: [],
        now: NOW,
        columns: 80,
        rows: 24,
        colours: NO_COLOURS,
        note: '',
      })[1];
    expect(render('degraded')).to.equal('  shop  http://127.0.0.1:8080  opening');
    expect(render('stopping')).to.equal('  shop  http://127.0.0.1:8080');
  });
});

describe('LiveScreen', () => {
  it('goes up over what it drew, and shows the cursor again', () => {
    const output = fakeOutput({ isTTY: true });
    const screen = new LiveScreen(output);
    screen.draw(['one', 'two']);
    screen.draw(['three']);
    screen.release();
    screen.release();
    expect(output.text().replaceAll('\u001b', 'ESC')).to.equal(
      'ESC[?25lone' + 'ESC[K\ntwoESC[K\nESC[J' + '\rESC[2AthreeESC[K\nESC[J' + 'ESC[?25h',
    );
  });
});
