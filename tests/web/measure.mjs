// node measure.mjs NODE_MODULES REPORT_SAMPLE: how fast reports of many tests open and scroll.
//
// Opening: from the navigation to the first frame that shows rows, the best and the worst of five.
// Scrolling: the list is moved by a screen in each frame; told is how long frames took.
import { statSync } from "node:fs";
import { join } from "node:path";
import { Samples, startBrowser } from "./chromium.mjs";

const [modules, sample] = process.argv.slice(2);
const COUNTS = [10_000, 100_000];
const LIMITS = [2000, 6000]; // milliseconds
const TIMES = 5;

async function open(browser, url) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const begin = performance.now();
    await page.goto(url);
    await page.waitForSelector("[role=treeitem]");
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
    return [page, performance.now() - begin];
}

function scroll(page) {
    return page.evaluate(async () => {
        const tree = document.querySelector("[role=tree]");
        const frames = [];
        let last = await new Promise(requestAnimationFrame);
        for (let i = 0; i < 200; ++i) {
            tree.scrollTop += tree.clientHeight;
            const now = await new Promise(requestAnimationFrame);
            frames.push(now - last);
            last = now;
        }
        frames.sort((a, b) => a - b);
        return { median: frames[100], worst: frames[199] };
    });
}

async function filter(page) {
    return page.evaluate(async () => {
        const box = document.querySelector("#filter");
        const begin = performance.now();
        box.value = "case-77";
        box.dispatchEvent(new Event("input", { bubbles: true }));
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
        return performance.now() - begin;
    });
}

const browser = await startBrowser(modules);
const samples = new Samples(sample);
let missed = false;
try {
    for (const [i, count] of COUNTS.entries()) {
        const url = samples.url(String(count), "");
        const size = statSync(join(samples.folderOf(String(count)), "report.html")).size;
        const times = [];
        let page;
        for (let round = 0; round < TIMES; ++round) {
            await page?.close();
            let time;
            [page, time] = await open(browser, url);
            times.push(time);
        }
        const frames = await scroll(page);
        const filtered = await filter(page);
        await page.close();
        const [best, worst] = [Math.min(...times), Math.max(...times)].map(Math.round);
        missed ||= worst > LIMITS[i];
        console.log(
            `${count} tests, ${(size / 1e6).toFixed(1)} MB: opens in ${best} to ${worst} ms ` +
                `(limit ${LIMITS[i]}); a frame of scrolling takes ${frames.median.toFixed(1)} ms, ` +
                `the worst of 200 ${frames.worst.toFixed(1)} ms; a filter ${filtered.toFixed(0)} ms`,
        );
    }
} finally {
    await browser.close();
    samples.remove();
}
process.exitCode = missed ? 1 : 0;
