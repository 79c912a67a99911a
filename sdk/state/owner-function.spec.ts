import { expect } from 'chai';
import { ComponentStates } from './component-states.js';
import type { StateFence } from './driver.js';
import { OWNS_ALL } from './key-fence.js';
import { MemoryStore } from './spec-support/memory-store.js';
import { StateError } from './state-error.js';
import { unbuiltCodec } from './value-codec.js';

describe('owner function of a state', () => {
  /** What the store is told of keys, with such a function. */
  const fenceWith = async (owner: (key: string) => unknown): Promise<StateFence> => {
    let given: StateFence | undefined;
    const driver = {
      open: async (_: string, fence: StateFence) => {
        given = fence;
        return new MemoryStore();
      },
    };
    const states = new ComponentStates('Chat', driver, () => unbuiltCodec, {
      onProblem: (message) => expect.fail(message),
      fence: { ...OWNS_ALL, epochOf: (key) => key.length },
    });
    await states.state('messages', { owner: owner as (key: string) => string }).get('none');
    if (given === undefined) throw new Error('no store was opened');
    return given;
  };
  const refusal = async (owner: (key: string) => unknown): Promise<string> => {
    const fence = await fenceWith(owner);
    try {
      fence.epochOf('messages', 'room/1');
    } catch (reason) {
      expect(reason).to.be.instanceOf(StateError).with.property('code', 'KEY_INVALID');
      return String(reason);
    }
    throw new Error('it was taken');
  };

  it('says whose key it is, of reminders too', async () => {
    const fence = await fenceWith((key) => key.split('/')[0]);
    expect(fence.epochOf('messages', 'room/1')).to.equal(4);
    expect(fence.epochOf('messages.wakes', 'room/1')).to.equal(4);
    expect(fence.epochOf('others', 'room/1')).to.equal(6);
  });

  it('is named when it throws, or gives no string', async () => {
    const about = 'the owner function of the state messages';
    const throwing = () => {
      throw new Error('planted');
    };
    expect(await refusal(throwing)).to.contain(`${about} threw planted for the key "room/1"; let it give`);
    expect(await refusal(() => Number.NaN)).to.contain(`${about} gave NaN`);
    expect(await refusal(() => undefined)).to.contain(`${about} gave undefined`);
    expect(await refusal(() => null)).to.contain(`${about} gave null`);
    expect(await refusal(() => ({ load: () => 1 }))).to.contain(`${about} gave object`);
    expect(await refusal(() => () => 'x')).to.contain(`${about} gave function`);
  });
});
