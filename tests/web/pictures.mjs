// node pictures.mjs NODE_MODULES REPORT_SAMPLE OFFLOAD FOLDER: the pictures in docs/, of the HTML
// report of an invented run, and of the terminal during a real one. pytest is taken from $PATH.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Samples, startBrowser } from "./chromium.mjs";
import { picture, record } from "./terminal.mjs";

const [modules, sample, offload, folder] = process.argv.slice(2);
const TEST = "test=tests%2Ftest_basket.py%3A%3Atest_total_includes_shipping";
const PAGES = [
    ["report-tests", "light", `#${TEST}`],
    ["report-tests-dark", "dark", `#${TEST}`],
    ["report-timeline", "light", "#view=timeline"],
];

const browser = await startBrowser(modules);
try {
    await takePages();
    await takeTerminal();
} finally {
    await browser.close();
}

async function takePages() {
    const samples = new Samples(sample);
    try {
        for (const [name, colorScheme, hash] of PAGES) {
            const page = await browser.newPage({
                viewport: { width: 1280, height: 860 },
                colorScheme,
                locale: "en-GB",
                timezoneId: "UTC",
            });
            await page.goto(samples.url("shop", hash));
            await page.waitForSelector("[role=tabpanel]");
            await page.screenshot({ path: join(folder, `${name}.png`) });
            await page.close();
        }
    } finally {
        samples.remove();
    }
}

// A shop's tests: many short ones, one that waits for long, one that fails, and one that fails once.
function writeProject(project) {
    mkdirSync(join(project, "tests"));
    const write = (name, text) => writeFileSync(join(project, name), text);
    for (const subject of ["accounts", "basket", "catalogue", "checkout", "search", "stock"]) {
        write(`tests/test_${subject}.py`, `
import time
import pytest

@pytest.mark.parametrize("case", range(40))
def test_${subject}(case):
    time.sleep(0.05 + case % 7 * 0.04)
`);
    }
    write("tests/test_billing.py", `
import os, time

def test_total_includes_shipping():
    time.sleep(0.4)
    basket = {"tea": 4, "cup": 9}
    assert sum(basket.values()) + 3 == 15

def test_rates_come_from_the_bank():
    time.sleep(0.3)
    assert os.environ["OFFLOAD_ATTEMPT"] == "2", "the bank did not answer"

def test_invoice_of_a_year():
    time.sleep(6)
`);
    write("pyproject.toml", '[tool.pytest.ini_options]\naddopts = "-p no:randomly"\n');
    write("offload.toml", `
[offload]
max_parallel = 6
test_timeout_secs = 60

[provider]
type = "local"

[framework]
type = "pytest"
command = "python3 -m pytest"
paths = ["tests"]

[groups.all]
retry_count = 1

[report]
output_dir = "test-results"
`);
}

async function takeTerminal() {
    const project = mkdtempSync(join(tmpdir(), "offload-shop-"));
    const size = { columns: 118, rows: 28 };
    try {
        writeProject(project);
        const { CI, ...env } = process.env;
        const run = () => record([offload, "run"], { ...size, cwd: project, env });
        run(); // so that it is known how long tests take
        const told = run();
        const end = told.at(-1).after;
        const first = told.filter((piece) => piece.after < 0.55 * end);
        await picture(browser, modules, first, { ...size, path: join(folder, "run-display.png") });
        await picture(browser, modules, told, { ...size, path: join(folder, "run-summary.png") });
    } finally {
        rmSync(project, { recursive: true, force: true });
    }
}
