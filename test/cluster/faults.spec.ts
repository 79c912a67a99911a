import { faultSuite } from './fault-suite.js';
import { SHORT_ROUND } from './faults/all-faults.js';

faultSuite('a fleet on real hosts', SHORT_ROUND);
