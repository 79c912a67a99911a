#!/usr/bin/env node
import { processEnvironment } from './environment.js';
import { runCli } from './program.js';

// The reader of our output has gone, as `head` does: nobody is left to tell anything.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (reason: NodeJS.ErrnoException) => {
    if (reason.code === 'EPIPE') process.exit(0);
    throw reason;
  });

process.exitCode = await runCli(process.argv.slice(2), processEnvironment());
