import { expect } from 'chai';
import { formatAge, formatBytes, formatLatency, formatRate, parseDuration, plural } from './quantities.js';

describe('quantities', () => {
  it('formats bytes', () => {
    expect([0, 1023, 1024, 50.25 * 1024 ** 2, 3 * 1024 ** 3].map(formatBytes)).to.deep.equal([
      '0B',
      '1023B',
      '1.0KiB',
      '50.3MiB',
      '3.0GiB',
    ]);
  });

  it('formats latencies with three digits', () => {
    expect([0.351, 1.5, 12.34, 123.4, 1234, 123_456].map(formatLatency)).to.deep.equal([
      '0.35ms',
      '1.50ms',
      '12.3ms',
      '123ms',
      '1.23s',
      '123s',
    ]);
  });

  it('formats ages with two units', () => {
    expect([-5, 12_345, 184_000, 7_500_000, 356_400_000].map(formatAge)).to.deep.equal([
      '0s',
      '12s',
      '3m04s',
      '2h05m',
      '4d03h',
    ]);
  });

  it('formats rates', () => {
    expect([0, 0.44, 99.94, 1234.4].map(formatRate)).to.deep.equal(['0', '0.4', '99.9', '1234']);
  });

  it('parses durations, and nothing else', () => {
    expect(['500ms', '1.5s', '10m', '2h', '1d'].map(parseDuration)).to.deep.equal([
      500, 1500, 600_000, 7_200_000, 86_400_000,
    ]);
    for (const wrong of ['', '10', 'm', '-1s', '1 m', '1w', '1e3s'])
      expect(parseDuration(wrong), wrong).to.equal(undefined);
  });

  it('counts', () => {
    expect([0, 1, 2].map((count) => plural(count, 'replica'))).to.deep.equal([
      '0 replicas',
      '1 replica',
      '2 replicas',
    ]);
  });
});
