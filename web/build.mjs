// node build.mjs NODE_MODULES OUTPUT: bundles src/ into one HTML file.
//
// The page's policy allows its own script and style, by their hashes, and nothing else: no network,
// no further script, no string that becomes markup.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, output] = process.argv.slice(2);
const source = join(dirname(fileURLToPath(import.meta.url)), "src");
const esbuild = createRequire(join(modules, "/"))("esbuild");

async function bundle(entry, options) {
    const result = await esbuild.build({
        entryPoints: [join(source, entry)],
        bundle: true,
        minify: true,
        write: false,
        charset: "ascii",
        legalComments: "inline",
        nodePaths: [modules],
        target: ["chrome109", "firefox115", "safari16"],
        logLevel: "warning",
        ...options,
    });
    return result.outputFiles[0].text.trimEnd();
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = await bundle("main.tsx", {
    format: "iife",
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfigRaw: "{}",
});
const style = await bundle("style.css", {});
if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style)) {
    throw new Error("the bundle holds text that would end its element");
}
const policy = [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
].join("; ");
const parts = { policy, style, script };
const page = readFileSync(join(source, "page.html"), "utf8").replace(
    /%(policy|style|script)%/g,
    (_, name) => parts[name],
);
writeFileSync(output, page);
