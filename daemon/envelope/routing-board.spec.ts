import { expect } from 'chai';
import type { ComponentRouting } from '../../sdk/protocol/control.js';
import { RoutingBoard } from './routing-board.js';

const routing = (component: string, epoch: number): ComponentRouting => ({
  component,
  epoch,
  replicas: [],
  assignment: undefined,
});

describe('RoutingBoard', () => {
  it('answers with epoch 0 and no replicas while nothing is known', () => {
    expect(new RoutingBoard().newest('shop', 'v1', 'Cart')).to.deep.equal(routing('Cart', 0));
  });

  it('tells the subscribers of that component in that version, of newer epochs only', () => {
    const board = new RoutingBoard();
    const heard: string[] = [];
    const unsubscribe = board.subscribe('shop', 'v1', 'Cart', ({ epoch }) => heard.push(`Cart ${epoch}`));
    board.subscribe('shop', 'v1', 'Ads', ({ epoch }) => heard.push(`Ads ${epoch}`));
    board.publish('shop', 'v1', [routing('Cart', 2), routing('Ads', 1)]);
    board.publish('shop', 'v1', [routing('Cart', 2), routing('Cart', 1)]);
    board.publish('shop', 'v2', [routing('Cart', 9)]);
    expect(heard).to.deep.equal(['Cart 2', 'Ads 1']);
    unsubscribe();
    board.publish('shop', 'v1', [routing('Cart', 3)]);
    expect(heard).to.have.length(2);
    expect(board.newest('shop', 'v1', 'Cart').epoch).to.equal(3);
  });

  it('forgets versions that are not retained', () => {
    const board = new RoutingBoard();
    board.publish('shop', 'v1', [routing('Cart', 1)]);
    board.publish('shop', 'v2', [routing('Cart', 2)]);
    board.retain([{ app: 'shop', version: 'v2' }]);
    expect(['v1', 'v2'].map((version) => board.newest('shop', version, 'Cart').epoch)).to.deep.equal([0, 2]);
  });
});
