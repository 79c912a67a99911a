import { run } from 'weaverd';
import { connectThroughLink } from '../../link/connect-through-link.js';
import { serveLoads } from '../serve-loads.js';
import { Echo } from './echo.js';
import { echoClient } from './echo-client.js';

const { BENCH_LINK_PORT } = process.env;
if (BENCH_LINK_PORT !== undefined) connectThroughLink(Number(BENCH_LINK_PORT));

await run((app) => serveLoads(app, echoClient(app.get(Echo))));
