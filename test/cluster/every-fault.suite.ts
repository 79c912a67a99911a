// `npm run test:cluster`: every fault once; the tests of every day take a few of them (faults.spec.ts).

import { faultSuite } from './fault-suite.js';
import { ALL_FAULTS } from './faults/all-faults.js';

faultSuite('a fleet on real hosts, every fault', ALL_FAULTS);
