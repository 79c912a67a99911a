import { open, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError } from '../output/errors.js';
import { EXIT } from '../output/exit-codes.js';

const CHUNK_BYTES = 1024 * 1024;

/** Lines of JSON into a file (mode 0600), which is there when all of them are on disk, and else as it was. */
export async function writeLines(cwd: string, file: string, lines: AsyncIterable<object>): Promise<void> {
  const path = resolve(cwd, file);
  const part = `${path}.part`;
  const handle = await open(part, 'w', 0o600).catch((cause: Error) => {
    throw new CliError(EXIT.failure, `${path} cannot be written: ${cause.message}`, { cause });
  });
  try {
    let text = '';
    for await (const line of lines) {
      text += `${JSON.stringify(line)}\n`;
      if (text.length < CHUNK_BYTES) continue;
      await handle.appendFile(text);
      text = '';
    }
    await handle.appendFile(text);
    await handle.sync();
    await rename(part, path);
  } catch (reason) {
    await rm(part, { force: true });
    throw reason;
  } finally {
    await handle.close();
  }
}
