import { expect } from 'chai';
import { describeError, exitCodeOf } from '../output/errors.js';
import { checkPorts } from './build-program.js';

describe('checkPorts', () => {
  const shop = [{ name: 'shop', component: 'Frontend' }];

  function refusal(ports: Readonly<Record<string, number>>, listeners = shop): unknown {
    try {
      checkPorts('boutique', ports, { listeners });
    } catch (reason) {
      return { code: exitCodeOf(reason), described: describeError(reason) };
    }
    return undefined;
  }

  it('lets ports of the listeners that there are pass', () => {
    expect(refusal({})).to.equal(undefined);
    expect(refusal({ shop: 8080 })).to.equal(undefined);
  });

  it('blames the flag, and names the nearest listener or all', () => {
    expect(refusal({ shop: 1, shpo: 80 })).to.deep.equal({
      code: 2,
      described: [
        {
          message: '--port shpo=80: boutique has no listener `shpo`',
          mend: 'did you mean `--port shop=80`?',
        },
      ],
    });
    expect(refusal({ other: 80 })).to.have.nested.property(
      'described[0].mend',
      'the listeners of boutique: shop',
    );
    expect(refusal({ other: 80 }, [])).to.have.nested.property(
      'described[0].mend',
      'boutique has no listeners',
    );
  });
});
