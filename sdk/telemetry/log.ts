import pino, { type DestinationStream, type Logger } from 'pino';
import { currentCallState } from '../call/call-context.js';

/** The app's logger: pino, with the trace id of the call being served in every line. */
export function createLogger(destination: DestinationStream, level: string): Logger {
  return pino(
    {
      level,
      base: null,
      mixin: () => {
        const trace = currentCallState()?.trace;
        return trace === undefined ? {} : { trace: trace.traceId };
      },
    },
    destination,
  );
}

export const LOG_LEVEL_VARIABLE = 'WEAVERD_LOG_LEVEL';

export function logLevel(env: Readonly<Record<string, string | undefined>>): string {
  const level = env[LOG_LEVEL_VARIABLE] ?? 'info';
  return level === 'silent' || Object.hasOwn(pino.levels.values, level) ? level : 'info';
}
