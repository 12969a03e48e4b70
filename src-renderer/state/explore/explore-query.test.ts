import { describe, expect, it } from 'vitest';
import { addressOf, emptyQuery, folderOf, mostOfSide, notIn, parseQuery, withParts, without } from './explore-query.ts';

const query = { plus: [{ image: 12 }, { upload: 3 }], minus: [{ image: 40 }] };

describe('a query in the address', () => {
  it('is read as it was written', () => {
    expect(addressOf(query)).toEqual({ images: '12,u3', not: '40' });
    expect(parseQuery(addressOf(query))).toEqual(query);
    expect(addressOf(emptyQuery)).toEqual({});
    expect(addressOf(query, 4)).toEqual({ folder: '4', images: '12,u3', not: '40' });
    expect(addressOf(emptyQuery, 4)).toEqual({});
    expect([folderOf(addressOf(query, 4)), folderOf({}), folderOf({ folder: 'x' }), folderOf({ folder: '-1' })]).toEqual([4, ...Array(3)]);
  });

  it('leaves out what makes no sense', () => {
    expect(parseQuery({ images: '7,7,x,-1,0,u,u0,1e3, 5,99999999999,3000000000', not: '' })).toEqual({ plus: [{ image: 7 }], minus: [] });
    expect(parseQuery({ images: Array.from({ length: 50 }, (_, i) => i + 1).join(',') }).plus).toHaveLength(mostOfSide);
  });

  it('has a picture on one side only', () => {
    expect(parseQuery({ images: '1,2', not: '2,3' })).toEqual({ plus: [{ image: 1 }, { image: 2 }], minus: [{ image: 3 }] });
  });
});

describe('pictures of a query', () => {
  it('move between sides and stay in order', () => {
    expect(withParts(query, [{ image: 40 }], 'plus')).toEqual({ plus: [{ image: 12 }, { upload: 3 }, { image: 40 }], minus: [] });
    expect(withParts(query, [{ upload: 3 }], 'minus')).toEqual({ plus: [{ image: 12 }], minus: [{ image: 40 }, { upload: 3 }] });
    expect(withParts(query, [{ image: 12 }], 'plus')).toEqual(query);
  });

  it('are taken away, from outside or from the library', () => {
    expect(without(query, { upload: 3 })).toEqual({ plus: [{ image: 12 }], minus: [{ image: 40 }] });
    expect(without(query, { image: 3 })).toEqual(query);
  });

  it('are not among those that can be added to it', () => {
    expect(notIn(query, new Set([3, 40, 12, 5]))).toEqual([3, 5]);
    expect(notIn(emptyQuery, [12])).toEqual([12]);
  });

  it('are no more than the engine takes', () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ image: 100 + i }));
    expect(withParts(query, many, 'plus').plus).toHaveLength(mostOfSide);
    expect(withParts(query, many, 'plus').plus[0]).toEqual({ image: 12 });
  });
});
