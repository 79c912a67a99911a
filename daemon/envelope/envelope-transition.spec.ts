import { expect } from 'chai';
import fc from 'fast-check';
import {
  beginEnvelope,
  DEFAULT_POLICY,
  deadlineOf,
  type EnvelopeBeginning,
  type EnvelopeEvent,
  type EnvelopePolicy,
  type EnvelopeState,
  shownState,
} from './envelope-state.js';
import { transition } from './envelope-transition.js';
import { DEFAULT_BACKOFF } from './restart-backoff.js';

const policy: EnvelopePolicy = { ...DEFAULT_POLICY, backoff: DEFAULT_BACKOFF };
const GRACE_MS = 10_000;

type Input = EnvelopeEvent extends infer E ? (E extends { at: number } ? Omit<E, 'at'> : never) : never;

/** An envelope with a world around it that has processes and time, and says when the two contradict each other. */
class Model {
  state: EnvelopeState;
  at = 0;
  alive: boolean;
  launching = false;
  shutdowns: number[] = [];
  signals: string[] = [];
  events: string[] = [];
  #generation = 7;

  constructor(beginning: EnvelopeBeginning = { kind: 'new' }) {
    this.state = beginEnvelope(beginning, 0, policy);
    this.alive = beginning.kind === 'running' || (beginning.kind === 'completed' && beginning.running);
  }

  get shown(): string {
    return shownState(this.state, policy);
  }

  /** Events that cannot happen in this world are left out. */
  on(input: Input): this {
    if (input.kind === 'launched' || input.kind === 'launch-failed') {
      if (!this.launching) return this;
      this.launching = false;
      this.alive = input.kind === 'launched';
    }
    if (['registered', 'health', 'disconnected', 'exited'].includes(input.kind) && !this.alive) return this;
    if (input.kind === 'exited') this.alive = false;
    const next = transition(this.state, { ...input, at: this.at } as EnvelopeEvent, GRACE_MS, policy);
    this.state = next.state;
    for (const effect of next.effects) {
      if (effect.kind === 'launch') {
        expect(this.alive || this.launching, 'a second process at once').to.equal(false);
        expect(this.state.wanted, 'a process that nobody wants').to.equal(true);
        this.launching = true;
      } else if (effect.kind === 'shutdown') this.shutdowns.push(effect.graceMs);
      else if (effect.kind === 'signal') this.signals.push(effect.signal);
      else if (effect.kind === 'event') this.events.push(`${effect.name}: ${effect.message}`);
      if (effect.kind === 'record-ended')
        expect(this.alive, 'recorded as ended while it runs').to.equal(false);
    }
    return this;
  }

  launched(): this {
    return this.on({ kind: 'launched', generation: ++this.#generation });
  }

  serving(): this {
    return this.passDeadline().launched().on({ kind: 'registered', phase: 'serving' });
  }

  exited(reason = 'exited with code 1', jitter = 1): this {
    return this.on({ kind: 'exited', reason, jitter });
  }

  pass(ms: number): this {
    this.at += ms;
    return this;
  }

  passDeadline(lateMs = 0): this {
    const due = deadlineOf(this.state);
    if (due === undefined) return this;
    this.at = Math.max(this.at, due) + lateMs;
    return this.on({ kind: 'deadline', lateMs });
  }
}

describe('the envelope state machine', () => {
  it('starts, serves, and drains when it is no longer wanted', () => {
    const model = new Model();
    expect(model.shown).to.equal('waiting');
    model.passDeadline();
    expect(model.shown).to.equal('starting');
    model.launched().on({ kind: 'registered', phase: 'starting' });
    expect(model.shown).to.equal('starting');
    model.on({ kind: 'health', phase: 'serving' });
    expect(model.shown).to.equal('serving');
    model.on({ kind: 'unwanted' });
    expect([model.shown, model.shutdowns]).to.deep.equal(['draining', [GRACE_MS]]);
    model.exited('exited with code 0');
    expect([model.shown, model.state.restarts]).to.deep.equal(['stopped', 0]);
  });

  it('restarts after a crash, with the reason, and shows a loop at the fifth in a row', () => {
    const model = new Model();
    for (let crash = 1; crash <= 5; crash++) {
      model.serving().pass(100).exited(`exited with code ${crash}`);
      expect(model.shown).to.equal(crash < 5 ? 'waiting' : 'crash-loop');
      expect(model.state.restarts).to.equal(crash);
      expect(model.state.lastFailure).to.equal(`exited with code ${crash}`);
      expect(deadlineOf(model.state)).to.equal(model.at + 200 * 2 ** (crash - 1));
    }
    expect(model.events.filter((event) => event.startsWith('replica-crash-loop'))).to.have.length(1);
    model.serving();
    expect(model.shown).to.equal('serving');
    for (let i = 0; i < 4; i++) model.pass(9000).on({ kind: 'health', phase: 'serving' });
    model.exited();
    expect(model.shown, 'it served long enough').to.equal('waiting');
  });

  it('kills a process without a sign of life', () => {
    const model = new Model().serving();
    model.pass(9999).on({ kind: 'health', phase: 'serving' }).passDeadline();
    expect(model.at).to.equal(19_999);
    expect(model.signals).to.deep.equal(['SIGKILL']);
    model.exited('killed by SIGKILL (out of memory?)');
    expect([model.shown, model.state.lastFailure]).to.deep.equal([
      'waiting',
      'no sign of life for 10 s; does its code block the event loop?',
    ]);
  });

  it('kills nothing after the daemon itself stood still', () => {
    const model = new Model().serving().passDeadline(60_000);
    expect([model.shown, model.signals]).to.deep.equal(['serving', []]);
    model.passDeadline();
    expect(model.signals, 'silence since then does count').to.deep.equal(['SIGKILL']);
  });

  it('ends a start that takes longer than its time', () => {
    const model = new Model().passDeadline().launched().on({ kind: 'registered', phase: 'starting' });
    for (let at = 0; at < 60_000; at += 5000) model.pass(5000).on({ kind: 'health', phase: 'starting' });
    model.passDeadline().exited();
    expect(model.signals).to.deep.equal(['SIGKILL']);
    expect(model.state.lastFailure).to.equal(
      'it did not begin to serve within 60 s of its start; does a start() never resolve?',
    );
  });

  it('adopts without a restart, or kills what does not register', () => {
    const adopted = new Model({ kind: 'running', generation: 3, restarts: 2 });
    expect(adopted.shown).to.equal('adopting');
    adopted.on({ kind: 'registered', phase: 'serving' });
    expect([adopted.shown, adopted.state.generation, adopted.state.restarts]).to.deep.equal([
      'serving',
      3,
      2,
    ]);

    const silent = new Model({ kind: 'running', generation: 3, restarts: 2 }).passDeadline();
    expect([silent.at, silent.signals]).to.deep.equal([15_000, ['SIGKILL']]);
    expect(silent.exited().shown).to.equal('waiting');
  });

  it('asks an adopted process to shut down once it registers, when it is no longer wanted', () => {
    const model = new Model({ kind: 'running', generation: 3, restarts: 0 }).on({ kind: 'unwanted' });
    expect(model.shutdowns).to.deep.equal([]);
    model.pass(1000).on({ kind: 'registered', phase: 'serving' });
    expect(model.shutdowns).to.deep.equal([GRACE_MS - 1000]);
  });

  it('terminates, then kills, what does not drain in time', () => {
    const model = new Model().serving().on({ kind: 'unwanted' });
    const asked = model.at;
    model.passDeadline();
    expect([model.at - asked, model.signals]).to.deep.equal([GRACE_MS + 1000, ['SIGTERM']]);
    model.passDeadline();
    expect(model.signals).to.deep.equal(['SIGTERM', 'SIGKILL']);
    expect(model.exited().shown).to.equal('stopped');
  });

  it('starts anew with a changed spec after the drain, at once and not as a restart', () => {
    const model = new Model().serving().on({ kind: 'replaced' });
    expect([model.shown, model.launching]).to.deep.equal(['draining', false]);
    model.exited('exited with code 0');
    expect([model.launching, model.state.restarts]).to.deep.equal([true, 0]);
  });

  it('does not start again what completed, until the spec changes', () => {
    const model = new Model()
      .serving()
      .on({ kind: 'health', phase: 'completed' })
      .exited('exited with code 0');
    expect([model.shown, deadlineOf(model.state)]).to.deep.equal(['completed', undefined]);
    model.on({ kind: 'wanted' });
    expect(model.launching).to.equal(false);
    model.on({ kind: 'replaced' });
    expect(model.launching).to.equal(true);
  });

  it('waits with the reason when it could not be started, and tells it once', () => {
    const model = new Model();
    for (let attempt = 0; attempt < 8; attempt++) {
      model.passDeadline().on({ kind: 'launch-failed', reason: 'ENOSPC', jitter: 0 });
      expect([model.shown, model.state.lastFailure, model.state.restarts]).to.deep.equal([
        'waiting',
        'ENOSPC',
        0,
      ]);
    }
    expect(model.events).to.deep.equal(['replica-not-started: ENOSPC']);
    expect((deadlineOf(model.state) ?? 0) - model.at, 'half the cap at least').to.equal(5000);
  });

  it('restarts one that shuts down without being asked', () => {
    const model = new Model().serving().on({ kind: 'health', phase: 'draining' });
    expect([model.shown, model.shutdowns]).to.deep.equal(['draining', []]);
    model.exited('exited with code 0');
    expect(model.state.lastFailure).to.equal('it shut down without being asked to: exited with code 0');
    expect(model.shown).to.equal('waiting');
  });

  const phase = fc.constantFrom(
    'starting' as const,
    'serving' as const,
    'draining' as const,
    'completed' as const,
  );
  const jitter = fc.double({ min: 0, max: 1, noNaN: true });
  const input: fc.Arbitrary<Input | { readonly kind: 'time'; readonly ms: number }> = fc.oneof(
    fc.constantFrom<Input>(
      { kind: 'wanted' },
      { kind: 'replaced' },
      { kind: 'unwanted' },
      { kind: 'disconnected' },
    ),
    fc.integer({ min: 8, max: 10_000 }).map((generation): Input => ({ kind: 'launched', generation })),
    jitter.map((of): Input => ({ kind: 'launch-failed', reason: 'ENOSPC', jitter: of })),
    phase.map((of): Input => ({ kind: 'registered', phase: of })),
    phase.map((of): Input => ({ kind: 'health', phase: of })),
    jitter.map((of): Input => ({ kind: 'exited', reason: 'exited with code 1', jitter: of })),
    fc.integer({ min: 0, max: 100_000 }).map((lateMs): Input => ({ kind: 'deadline', lateMs })),
    fc.integer({ min: 0, max: 30_000 }).map((ms) => ({ kind: 'time' as const, ms })),
  );
  const beginning: fc.Arbitrary<EnvelopeBeginning> = fc.constantFrom<EnvelopeBeginning>(
    { kind: 'new' },
    { kind: 'running', generation: 7, restarts: 1 },
    { kind: 'died', generation: 7, restarts: 1, reason: 'ended' },
    { kind: 'completed', generation: 7, restarts: 0, running: true },
    { kind: 'completed', generation: 7, restarts: 0, running: false },
  );

  function anyHistory(
    from: EnvelopeBeginning,
    inputs: readonly (Input | { kind: 'time'; ms: number })[],
  ): Model {
    const model = new Model(from);
    for (const each of inputs) {
      if (each.kind === 'time') model.pass(each.ms);
      else if (each.kind !== 'deadline') model.on(each);
      else if ((deadlineOf(model.state) ?? Number.POSITIVE_INFINITY) <= model.at) model.on(each);
    }
    return model;
  }

  it('never has two processes, and never rests while there is something to wait for (any history)', () => {
    fc.assert(
      fc.property(beginning, fc.array(input, { maxLength: 60 }), (from, inputs) => {
        const model = anyHistory(from, inputs);
        const { kind } = model.state.phase;
        const atRest = kind === 'completed' || kind === 'gone' || kind === 'launching';
        expect(deadlineOf(model.state) === undefined).to.equal(atRest);
        expect(model.launching).to.equal(kind === 'launching');
        if (kind === 'gone' || kind === 'waiting') expect(model.alive).to.equal(false);
      }),
    );
  });

  it('CONVERGE: unwanted, it is gone after any history, even if the process heeds SIGKILL only', () => {
    fc.assert(
      fc.property(beginning, fc.array(input, { maxLength: 60 }), (from, inputs) => {
        const model = anyHistory(from, inputs).on({ kind: 'unwanted' });
        for (let step = 0; step < 10 && model.state.phase.kind !== 'gone'; step++) {
          if (model.launching) model.launched();
          const kills = model.signals.length;
          model.passDeadline();
          if (model.signals.slice(kills).includes('SIGKILL')) model.exited();
        }
        expect(model.state.phase.kind).to.equal('gone');
      }),
    );
  });

  it('CONVERGE: wanted, it serves or has completed after any history, once processes behave', () => {
    fc.assert(
      fc.property(beginning, fc.array(input, { maxLength: 60 }), (from, inputs) => {
        const model = anyHistory(from, inputs);
        if (model.state.phase.kind === 'gone') return;
        model.on({ kind: 'wanted' });
        for (let step = 0; step < 10 && !['serving', 'completed'].includes(model.state.phase.kind); step++) {
          if (model.launching) model.launched();
          if (model.state.phase.kind === 'draining') model.exited();
          else if (model.alive) model.on({ kind: 'registered', phase: 'serving' });
          else model.passDeadline();
        }
        expect(model.state.phase.kind).to.be.oneOf(['serving', 'completed']);
      }),
    );
  });
});
