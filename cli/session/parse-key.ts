import { checkRoutingKey, type RoutingKey, RoutingKeyError } from '../../sdk/protocol/routing-key.js';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';

/**
 * A key as it is typed: `42`, `0.5` and `7n` are numbers; `"42"` is a string, and so is what is nothing else; `["ann", 7]`
 * is a tuple, `{"room": 7}` a record. Throws CliError.
 */
export function parseKey(text: string): RoutingKey {
  if (/^-?\d+n?$/.test(text)) return BigInt(text.replace('n', ''));
  const isJson = /^(["[{]|-?\d)/.test(text);
  const key: unknown = isJson ? parsedJson(text) : text;
  try {
    checkRoutingKey(key);
  } catch (reason) {
    if (!(reason instanceof RoutingKeyError)) throw reason;
    throw new CliError(EXIT.usage, `the key ${reason.message}`, { cause: reason });
  }
  return key;
}

/** What begins like JSON and is none is a string: an id such as `7f3a`. */
function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (reason) {
    if (/^["[{]/.test(text))
      throw new CliError(EXIT.usage, `the key ${text} is not JSON: ${String(reason)}`, {
        mend: `quote it for the shell, such as '["ann", 7]' or '{"room": 7}'`,
      });
    return text;
  }
}
