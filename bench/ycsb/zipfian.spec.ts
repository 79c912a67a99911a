import { expect } from 'chai';
import { scrambled, zipfianIndices, zipfianRank } from './zipfian.js';

describe('bench Zipfian keys', () => {
  it('gives the ranks their shares: 1 / rank^0.99 of all', () => {
    const zeta = 26.469_028_201_783_02;
    const draws = 200_000;
    const counts = new Map<number, number>();
    for (let draw = 0; draw < draws; draw++) {
      const rank = zipfianRank((draw + 0.5) / draws);
      counts.set(rank, (counts.get(rank) ?? 0) + 1);
    }
    const share = (rank: number) => (counts.get(rank) ?? 0) / draws;
    expect(share(0)).to.be.closeTo(1 / zeta, 1e-4);
    expect(share(1)).to.be.closeTo(0.5 ** 0.99 / zeta, 1e-4);
    // From the third on it is an approximation, of the paper's.
    expect(share(9)).to.be.closeTo(0.1 ** 0.99 / zeta, 1e-3);
    for (const rank of counts.keys()) expect(rank < 10_000_000_000, String(rank)).to.equal(true);
  });

  it('spreads the frequent ranks over all records, always in the same way', () => {
    const places = Array.from({ length: 1000 }, (_, rank) => scrambled(rank, 100_000));
    expect(new Set(places).size).to.be.above(980);
    for (const place of places) expect(place).to.be.within(0, 99_999);
    const upper = places.filter((place) => place >= 50_000).length;
    expect(upper).to.be.within(400, 600);
    expect(places.map((_, rank) => scrambled(rank, 100_000))).to.deep.equal(places);
  });

  it('draws as many indices as asked for', () => {
    expect(zipfianIndices(3, 10, () => 0)).to.deep.equal(Array(3).fill(scrambled(0, 10)));
  });
});
