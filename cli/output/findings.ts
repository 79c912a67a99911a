import type { DoctorReport, Finding } from '../../daemon/api/api-types.js';
import type { Colours } from './colours.js';
import { printable } from './printable.js';
import { plural } from './quantities.js';

/** What is wrong first, each with its mend; then the sum. */
export function formatFindings({ findings }: DoctorReport, colours: Colours): readonly string[] {
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const sum = problems === 0 ? colours.green('nothing is wrong') : colours.red(plural(problems, 'problem'));
  return [...findings.flatMap((finding) => linesOf(finding, colours)), '', sum];
}

function linesOf({ check, level, host, message, mend }: Finding, colours: Colours): readonly string[] {
  const paint = { problem: colours.red, note: colours.yellow, ok: colours.green }[level];
  const where = host === undefined ? '' : `${host} `;
  const line = `${paint(level.padEnd(7))} ${colours.bold(check)}: ${printable(`${where}${message}`)}`;
  return mend === undefined ? [line] : [line, `        ${colours.dim('mend:')} ${printable(mend)}`];
}
