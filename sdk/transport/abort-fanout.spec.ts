import { expect } from 'chai';
import { listenForAbort, stopListening } from './abort-fanout.js';

describe('listenForAbort', () => {
  it('tells all who still listen, once, over one listener', () => {
    const controller = new AbortController();
    const told: number[] = [];
    const listeners = Array.from({ length: 30 }, (_, i) => ({ onAbort: () => told.push(i) }));
    let added = 0;
    const { signal } = controller;
    const add = signal.addEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      added++;
      add(...args);
    };
    for (const listener of listeners) listenForAbort(signal, listener);
    for (const listener of listeners.slice(0, 28)) stopListening(signal, listener);
    controller.abort();
    expect(told).to.deep.equal([28, 29]);
    expect(added).to.equal(1);
  });
});
