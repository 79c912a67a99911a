import { expect } from 'chai';
import { type FakeEnvironment, fakeEnvironment } from '../spec-support/fake-environment.js';
import {
  appStatus,
  groupStatus,
  listenerStatus,
  logLine,
  replicaStatus,
} from '../spec-support/sample-status.js';
import { createReporter } from './reporters.js';
import { describeChange, stateChanges } from './state-changes.js';

/** A run that starts, serves and stops. */
function report(cli: FakeEnvironment, json: boolean): void {
  const reporter = createReporter(cli, json);
  const starting = appStatus({
    state: 'deploying',
    groups: [groupStatus({ replicas: [replicaStatus({ state: 'starting' })] })],
  });
  reporter.progress('starting the daemon …');
  reporter.event({ event: 'daemon', pid: 99, stateFolder: '/state' });
  reporter.status(starting);
  reporter.log(logLine());
  reporter.event({
    event: 'serving',
    app: 'boutique',
    listeners: [{ name: 'shop', url: 'http://127.0.0.1:8080' }],
  });
  reporter.status(appStatus());
  reporter.event({ event: 'stopping', app: 'boutique' });
  reporter.event({ event: 'stopped', app: 'boutique' });
  reporter.close();
}

describe('reporters of weaverd run', () => {
  it('write a line for each change, results on stdout only', () => {
    const cli = fakeEnvironment();
    report(cli, false);
    expect(cli.stderr.text().split('\n')).to.deep.equal([
      'starting the daemon …',
      'daemon 99 on /state',
      'Cart-0 starting (pid 4711)',
      'listener shop open at http://127.0.0.1:8080',
      'app deploying',
      'Cart-0 serving (pid 4711)',
      'app serving',
      'stopping boutique (Ctrl-C again kills it) …',
      'stopped boutique',
      '',
    ]);
    expect(cli.stdout.text()).to.match(
      /^\S+ INFO {2}Cart-0 added\nboutique serves shop at http:\/\/127.0.0.1:8080\n$/,
    );
  });

  it('write JSON lines', () => {
    const cli = fakeEnvironment();
    report(cli, true);
    expect(cli.stderr.text()).to.equal('');
    const events = cli.stdout
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(
      events.map(({ event, kind, state }) => [event, kind, state].filter(Boolean).join(' ')),
    ).to.deep.equal([
      'daemon',
      'state replica starting',
      'state listener open',
      'state app deploying',
      'log',
      'serving',
      'state replica serving',
      'state app serving',
      'stopping',
      'stopped',
    ]);
  });

  it('redraw a table on a terminal, and leave the cursor visible', () => {
    const cli = fakeEnvironment({ isTTY: true, columns: 120 });
    report(cli, false);
    const text = cli.stdout.text();
    expect(text).to.contain('COMPONENT');
    expect(text.lastIndexOf('\u001b[?25h')).to.be.greaterThan(text.lastIndexOf('\u001b[?25l'));
    expect(cli.stderr.text()).to.equal('');
  });

  it('keep the table when the daemon is started again, and say so below it', () => {
    const cli = fakeEnvironment({ isTTY: true, columns: 120 });
    const reporter = createReporter(cli, false);
    const drawn = (act: () => void) => {
      const before = cli.stdout.text().length;
      act();
      return cli.stdout.text().slice(before);
    };
    reporter.event({ event: 'serving', app: 'boutique', listeners: [] });
    reporter.status(appStatus());
    expect(drawn(() => reporter.progress('the daemon was killed; starting it again …')))
      .to.contain('COMPONENT')
      .and.contain('the daemon was killed');
    expect(drawn(() => reporter.event({ event: 'daemon', pid: 7, stateFolder: '/state' })))
      .to.contain('COMPONENT')
      .and.contain('daemon 7 on /state');
    expect(drawn(() => reporter.status(appStatus()))).to.contain('COMPONENT');
    expect(cli.stdout.text()).not.to.contain('\u001b[?25h');
    reporter.event({ event: 'completed', app: 'boutique' });
    expect(drawn(() => reporter.status(appStatus()))).to.equal('');
  });

  it('show the stack of what failed', () => {
    const cli = fakeEnvironment();
    createReporter(cli, false).event({
      event: 'failed',
      app: 'boutique',
      replica: 'Cart-0',
      reason: 'exited with code 1: Cart: no database',
      logs: [logLine({ message: 'Error: no database\n    at Cart.start (cart.ts:3:4)' })],
    });
    expect(cli.stderr.text()).to.equal(
      'boutique failed in Cart-0: exited with code 1: Cart: no database\n  Error: no database\n      at Cart.start (cart.ts:3:4)\n',
    );
  });
});

describe('stateChanges', () => {
  const changes = (...given: Parameters<typeof stateChanges>) => stateChanges(...given).map(describeChange);

  it('are none between equal statuses', () => {
    expect(changes(appStatus(), appStatus())).to.deep.equal([]);
  });

  it('name crashes with their reason, restarts and replicas that are gone', () => {
    const down = replicaStatus({ state: 'waiting', pid: undefined, lastFailure: 'killed by SIGKILL' });
    const again = replicaStatus({ generation: 2, pid: 4712 });
    const withReplicas = (...replicas: (typeof down)[]) => appStatus({ groups: [groupStatus({ replicas })] });
    expect(changes(appStatus(), withReplicas(down))).to.deep.equal(['Cart-0 waiting: killed by SIGKILL']);
    expect(changes(appStatus(), withReplicas(again))).to.deep.equal(['Cart-0 serving (pid 4712)']);
    expect(changes(appStatus(), withReplicas())).to.deep.equal(['Cart-0 gone']);
  });

  it('name listeners that moved or failed, but not those of an app that stops', () => {
    const failed = listenerStatus({ state: 'failed', reason: 'taken' });
    expect(changes(appStatus(), appStatus({ listeners: [failed] }))).to.deep.equal([
      'listener shop failed at http://127.0.0.1:8080: taken',
    ]);
    const opening = listenerStatus({ state: 'opening', url: 'http://127.0.0.1:0' });
    const chosen = { ...opening, url: 'http://127.0.0.1:4000' };
    expect(changes(appStatus({ listeners: [opening] }), appStatus({ listeners: [chosen] }))).to.deep.equal(
      [],
    );
    expect(changes(appStatus(), appStatus({ listeners: [opening] }))).to.deep.equal([
      'listener shop opening',
    ]);
    expect(changes(appStatus(), appStatus({ state: 'stopping', listeners: [failed] }))).to.deep.equal([
      'app stopping',
    ]);
  });
});
