import { readFile, stat } from 'node:fs/promises';
import { ConfigError } from './config-problem.js';

const MAX_BYTES = 4096;

export interface SecretAbout {
  /** Of configuration: where the secret's file is named. */
  readonly file: string;
  readonly key: string;
  /** For a file that cannot be read. */
  readonly mend: string;
}

/** What is in the file, without white space around it. Throws a ConfigError for one that others than its owner may read. */
export async function readSecretFile(
  path: string,
  { file, key, mend }: SecretAbout,
  maxBytes = MAX_BYTES,
): Promise<string> {
  const refuse = (problem: string, how: string) =>
    new ConfigError([
      { file, line: undefined, column: undefined, message: `${key}: ${path} ${problem}`, mend: how },
    ]);
  try {
    const { mode, size } = await stat(path);
    if ((mode & 0o077) !== 0) throw refuse('may be read by others', `chmod 600 ${path}`);
    if (size > maxBytes) throw refuse(`is larger than ${maxBytes} bytes`, 'is it another file?');
    return (await readFile(path, 'utf8')).trim();
  } catch (reason) {
    if (reason instanceof ConfigError) throw reason;
    const why = reason instanceof Error ? reason.message : String(reason);
    throw refuse(`cannot be read: ${why}`, mend);
  }
}
