import type { Fault } from './faults/fault.js';
import { checkReport, describeReport, runFault } from './run-fault.js';
import { TestFleet } from './support/test-fleet.js';

const HOSTS = 4;

/** Real daemons, proclets and NATS servers on hosts with networks of their own. Prints a line a fault. */
export function faultSuite(title: string, faults: readonly Fault[]): void {
  describe(title, function () {
    this.timeout(180_000);
    let fleet: TestFleet;

    before(async () => {
      fleet = await TestFleet.start({ hosts: HOSTS });
      await fleet.deployProbe();
    });

    after(() => fleet?.dispose());

    for (const fault of faults)
      it(`goes on: ${fault.name}`, async () => {
        const report = await runFault(fleet, fault);
        process.stdout.write(`      ${describeReport(fleet, report)}\n`);
        checkReport(fleet, report);
      });
  });
}
