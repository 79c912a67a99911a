import pc from 'picocolors';
import type { TextOutput } from '../environment.js';

export type Colours = ReturnType<typeof pc.createColors>;

/** Colour on a terminal only, and never where NO_COLOR is set (no-color.org). FORCE_COLOR forces it. */
export function coloursFor(output: Pick<TextOutput, 'isTTY'>, env: NodeJS.ProcessEnv): Colours {
  return pc.createColors(wantsColour(output.isTTY, env));
}

export function wantsColour(isTTY: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true;
  return isTTY && env.TERM !== 'dumb';
}

export const NO_COLOURS: Colours = pc.createColors(false);
