// node pictures.mjs NODE_MODULES REPORT_SAMPLE FOLDER: the pictures that docs/report.md shows.
import { join } from "node:path";
import { Samples, startBrowser } from "./chromium.mjs";

const [modules, sample, folder] = process.argv.slice(2);
const TEST = "test=tests%2Ftest_basket.py%3A%3Atest_total_includes_shipping";
const PICTURES = [
    ["report-tests", "light", `#${TEST}`],
    ["report-tests-dark", "dark", `#${TEST}`],
    ["report-timeline", "light", "#view=timeline"],
];

const browser = await startBrowser(modules);
const samples = new Samples(sample);
try {
    for (const [name, colorScheme, hash] of PICTURES) {
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
    await browser.close();
    samples.remove();
}
