import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAnsi } from "../../web/src/ansi";

const texts = (input: string) => parseAnsi(input).map((piece) => piece.text);

test("text without escapes is one plain piece", () => {
    assert.deepEqual(parseAnsi("a\nb"), [{ text: "a\nb", style: null }]);
    assert.deepEqual(parseAnsi(""), []);
});

test("colours last until they are reset", () => {
    const pieces = parseAnsi("a\u001b[1;31mb\u001b[0mc");
    assert.deepEqual(texts("a\u001b[1;31mb\u001b[0mc"), ["a", "b", "c"]);
    assert.deepEqual(pieces[1].style, { bold: true, foreground: 1 });
    assert.equal(pieces[2].style, null);
});

test("bright, 256 and true colours are known", () => {
    assert.equal(parseAnsi("\u001b[92mx")[0].style?.foreground, 10);
    assert.equal(parseAnsi("\u001b[38;5;9mx")[0].style?.foreground, 9);
    assert.equal(parseAnsi("\u001b[38;5;244mx")[0].style?.foreground, "rgb(128,128,128)");
    assert.equal(parseAnsi("\u001b[48;2;1;2;3mx")[0].style?.background, "rgb(1,2,3)");
});

test("numbers that are no colours cannot become a style", () => {
    for (const codes of ["38;2;999;0;0", "38;5;256", "38;2", "38", "999", "38;2;1;2", "NaN"]) {
        const [piece] = parseAnsi(`\u001b[${codes}mx`);
        assert.equal(piece.style?.foreground, undefined, codes);
    }
});

test("other sequences are left out and nothing else is", () => {
    assert.deepEqual(texts("a\u001b[2J\u001b[10;10Hb"), ["ab"]);
    assert.deepEqual(texts("a\u001b]0;title\u0007b"), ["ab"]);
    assert.deepEqual(texts("a\u001b]8;;file:///etc\u001b\\link\u001b]8;;\u001b\\b"), ["alinkb"]);
    assert.deepEqual(texts("a\u001b]no end\nb"), ["a\nb"]);
    assert.deepEqual(texts("a\u001b"), ["a\u001b"]);
});

test("a flood of colours ends in plain text, and all text is there", () => {
    const flood = Array.from({ length: 50_000 }, (_, i) => `\u001b[${30 + (i % 8)}mx`).join("");
    const pieces = parseAnsi(flood);
    assert.ok(pieces.length <= 5001);
    assert.equal(pieces.map((piece) => piece.text).join("").length, 50_000);
});
