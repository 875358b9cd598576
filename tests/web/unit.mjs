// node unit.mjs NODE_MODULES: bundles each *.test.ts here and runs all of them under node's runner.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = process.argv[2];
const esbuild = createRequire(join(modules, "/"))("esbuild");
const here = dirname(fileURLToPath(import.meta.url));
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
const folder = mkdtempSync(join(tmpdir(), "offload-web-tests-"));
try {
    await esbuild.build({
        entryPoints: tests.map((name) => join(here, name)),
        outdir: folder,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        platform: "node",
        format: "esm",
        nodePaths: [modules],
        jsx: "automatic",
        jsxImportSource: "preact",
        tsconfigRaw: "{}",
        logLevel: "warning",
    });
    const bundled = tests.map((name) => join(folder, name.replace(/ts$/, "mjs")));
    const ran = spawnSync(process.execPath, ["--test", ...bundled], { stdio: "inherit" });
    process.exitCode = ran.status ?? 1;
} finally {
    rmSync(folder, { recursive: true });
}
