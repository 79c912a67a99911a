import { expect } from 'chai';
import { ConfigError } from '../../config/config-problem.js';
import { ApiError } from '../../daemon/api/api-error.js';
import { NO_COLOURS, wantsColour } from './colours.js';
import { CliError, describeError, exitCodeOf, formatErrors, ReportedFailure } from './errors.js';

function formatted(reason: unknown): string {
  return formatErrors(describeError(reason), NO_COLOURS);
}

describe('errors of the CLI', () => {
  it('say what is wrong, and the mend where there is one', () => {
    expect(formatted(new CliError(1, 'it broke', { mend: 'glue it' }))).to.equal(
      'error: it broke\n mend: glue it\n',
    );
    expect(formatted(new Error('it broke\nin two'))).to.equal('error: it broke\n       in two\n');
    expect(formatted(new ApiError(404, 'NO_SUCH_APP', 'no app x', 'look'))).to.equal(
      'error: no app x\n mend: look\n',
    );
    expect(formatted('thrown text')).to.equal('error: thrown text\n');
    expect(formatted(new ReportedFailure(5))).to.equal('');
  });

  it('leave out the middle of what is far too long', () => {
    const text = formatted(new Error(`begin ${'x'.repeat(100_000)} end`));
    expect(text.length).to.be.lessThan(5000);
    expect(text)
      .to.match(/^error: begin x+ … x+ end\n$/)
      .and.to.have.length.greaterThan(3000);
  });

  it('are all told of a configuration', () => {
    const problem = {
      file: 'weaver.toml',
      line: 2,
      column: undefined,
      message: 'bad key',
      mend: 'good key?',
    };
    expect(
      formatted(
        new ConfigError([problem, { ...problem, file: undefined, line: undefined, mend: undefined }]),
      ),
    ).to.equal('error: weaver.toml:2: bad key\n mend: good key?\nerror: bad key\n');
  });

  it('have their exit codes', () => {
    expect(exitCodeOf(new Error('x'))).to.equal(1);
    expect(exitCodeOf(new ConfigError([]))).to.equal(2);
    expect(exitCodeOf(new ApiError(503, 'NO_DAEMON', 'x'))).to.equal(3);
    expect(exitCodeOf(new ApiError(503, 'DAEMON_LOST', 'x'))).to.equal(3);
    expect(exitCodeOf(new ApiError(404, 'NO_SUCH_APP', 'x'))).to.equal(1);
    expect(exitCodeOf(new CliError(4, 'x'))).to.equal(4);
    expect(exitCodeOf(new ReportedFailure(5))).to.equal(5);
  });
});

describe('wantsColour', () => {
  it('needs a terminal, unless it is forced', () => {
    expect(wantsColour(true, {})).to.equal(true);
    expect(wantsColour(false, {})).to.equal(false);
    expect(wantsColour(false, { FORCE_COLOR: '1' })).to.equal(true);
    expect(wantsColour(true, { TERM: 'dumb' })).to.equal(false);
  });

  it('respects NO_COLOR above all', () => {
    expect(wantsColour(true, { NO_COLOR: '1' })).to.equal(false);
    expect(wantsColour(true, { NO_COLOR: '1', FORCE_COLOR: '1' })).to.equal(false);
    expect(wantsColour(true, { NO_COLOR: '' })).to.equal(true);
  });
});
