import { describe, expect, test } from 'vitest';
import { search, total } from '../src/cart';

describe('total', () => {
    test.each([
        [1, 5],
        [2, 3],
        [0, 9],
    ])('of %i at %i', (count, price) => {
        expect(total([{ name: 'pen', count, price }])).toBe(count * price);
    });

    test('of nothing', () => {
        expect(total([])).toBe(0);
    });
});

describe.each(['pen', 'pen (blue)', 'pen "A|B"'])('search for %s', (name) => {
    test('finds it', () => {
        const lines = [{ name, count: 1, price: 1 }];
        expect(search(lines, name)).toEqual(lines);
    });
});

describe('coupons', () => {
    test.todo('expires');
});
