// A real Chromium, driven over its debugging protocol, and the reports to look at in it.
import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

const SKIPPED = 77; // for ctest
const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function findBrowser() {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
        for (const name of NAMES) {
            const path = join(folder, name);
            try {
                accessSync(path, constants.X_OK);
                return path;
            } catch {
                // the next one
            }
        }
    }
    return process.env.OFFLOAD_TEST_BROWSER ?? null;
}

/** Ends this process where there is no browser: skipped, but failed where a change is decided on. */
export async function startBrowser(modules) {
    const path = findBrowser();
    if (path === null) {
        console.log(`skipped: none of ${NAMES.join(", ")} is installed`);
        process.exit(process.env.CI === "true" ? 1 : SKIPPED);
    }
    const { chromium } = createRequire(join(modules, "/"))("playwright-core");
    // Chromium cannot make its own sandbox for root, as which containers run.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    return chromium.launch({ executablePath: path, args });
}

export const axeSource = (modules) => readFileSync(join(modules, "axe-core", "axe.min.js"), "utf8");

/** Reports of invented runs (sample.cpp), each made when it is first asked for. */
export class Samples {
    constructor(program) {
        this.program = program;
        this.folder = mkdtempSync(join(tmpdir(), "offload-web-"));
        this.made = new Set();
    }
    folderOf(kind) {
        const folder = join(this.folder, kind);
        if (!this.made.has(kind)) execFileSync(this.program, [kind, folder]);
        this.made.add(kind);
        return folder;
    }
    url(kind, hash = "") {
        return pathToFileURL(join(this.folderOf(kind), "report.html")).href + hash;
    }
    remove() {
        rmSync(this.folder, { recursive: true, force: true });
    }
}
