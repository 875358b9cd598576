import { expect, test } from 'vitest';
import { deliver, take } from '../src/stock';

test('nothing is there at first', () => {
    expect(() => take('pen')).toThrow('no pen in stock');
});

test('what was delivered can be taken', () => {
    deliver('pen', 1);
    take('pen');
});

test('only once', () => {
    expect(() => take('pen')).toThrow('no pen in stock');
});
