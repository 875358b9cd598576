// node browser.mjs NODE_MODULES REPORT_SAMPLE: the report's page in a real Chromium.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { axeSource, Samples, startBrowser } from "./chromium.mjs";

const [modules, sample] = process.argv.slice(2);
const browser = await startBrowser(modules);
const samples = new Samples(sample);
after(async () => {
    await browser.close();
    samples.remove();
});

/** Opens the report, lets `use` work with the page, and expects that nothing went wrong in it. */
async function opened(kind, hash, use, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        locale: "en-GB",
        ...options.context,
    });
    if (options.script) await context.addInitScript({ content: options.script });
    const page = await context.newPage();
    const troubles = [];
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) troubles.push(message.text());
    });
    page.on("pageerror", (error) => troubles.push(String(error)));
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(samples.url(kind, hash));
    await page.waitForSelector("[role=tabpanel]");
    try {
        await use(page);
    } finally {
        await context.close();
    }
    assert.deepEqual(troubles, []);
    assert.deepEqual(asked.filter((url) => !url.startsWith(samples.url(kind))), []);
}

const names = (page) => page.locator("[role=treeitem].test .name").allTextContents();

test("tells what came of the run, and the failures first", () =>
    opened("shop", "", async (page) => {
        assert.equal(await page.locator("h1").textContent(), "Failed");
        assert.deepEqual((await names(page)).slice(0, 1), ["test_total_includes_shipping"]);
        assert.match(await page.locator(".figures").textContent(), /336tests/);
        // The first failure is open, so that nobody has to look for it.
        assert.match(await page.locator(".details pre").first().textContent(), /assert 5980 == 6470/);
    }));

test("a test's attempts are tabs with traceback, output and colours", () =>
    opened("shop", "", async (page) => {
        await page.getByText("test_total_includes_shipping").first().click();
        const details = page.locator(".details");
        assert.match(await details.locator("pre").first().textContent(), /assert 5980 == 6470/);
        assert.match(await details.locator(".cause").textContent(), /AssertionError: assert 5980/);
        const warning = details.locator("pre span", { hasText: "warn" });
        assert.match(await warning.getAttribute("style"), /--ansi-3/);
        const tabs = details.getByRole("tab");
        assert.equal(await tabs.count(), 2);
        assert.equal(await tabs.nth(1).getAttribute("aria-selected"), "true");
        await tabs.nth(1).press("ArrowLeft");
        assert.equal(await tabs.nth(0).getAttribute("aria-selected"), "true");
    }));

test("the filter is in the URL, and is taken from there", () =>
    opened("shop", "#filter=file(~stock)%20and%20status(errored)", async (page) => {
        assert.deepEqual(await names(page), ["test_stock_is_reserved"]);
        const box = page.getByLabel("Filter the tests");
        await box.fill("retried() not status(failed)");
        await page.waitForFunction(() => location.hash.includes("retried"));
        assert.deepEqual((await names(page)).sort(), ["test_payment_is_retried_once", "test_webhook_order"]);
        await page.reload();
        assert.equal(await page.getByLabel("Filter the tests").inputValue(), "retried() not status(failed)");
        await box.fill("nosuch(x)");
        assert.match(await page.locator("#filter-error").textContent(), /there is no nosuch\(\)/);
    }));

test("status buttons, grouping and order narrow and arrange the list", () =>
    opened("shop", "", async (page) => {
        await page.getByRole("button", { name: "flaky 2" }).click();
        assert.match(await page.locator(".matches").textContent(), /^2 of 336 tests$/);
        await page.getByLabel("Grouped by").selectOption("none");
        assert.equal(await page.locator("[role=treeitem].group").count(), 0);
        await page.getByRole("button", { name: "flaky 2" }).click();
        await page.getByLabel("Order").selectOption("duration");
        assert.match((await names(page))[0], /test_export_of_a_year/);
    }));

test("the keyboard alone is enough", () =>
    opened("shop", "", async (page) => {
        await page.keyboard.press("/");
        await page.keyboard.type("webhook_order");
        await page.keyboard.press("Escape");
        assert.equal(await page.getByLabel("Filter the tests").inputValue(), "");
        const tree = page.getByRole("tree");
        await tree.focus();
        await page.keyboard.press("Home");
        await page.keyboard.press("ArrowDown");
        assert.match(await page.locator("#details-title").textContent(), /test_total_includes_shipping/);
        await page.keyboard.press("ArrowLeft");
        await page.keyboard.press("ArrowLeft");
        const active = await tree.getAttribute("aria-activedescendant");
        assert.equal(await page.locator(`[id="${active}"]`).getAttribute("aria-expanded"), "false");
        await page.keyboard.press("End");
        const last = await tree.getAttribute("aria-activedescendant");
        assert.ok(await page.locator(`[id="${last}"]`).isVisible());
    }));

test("the timeline opens the test that is clicked, and zooms", () =>
    opened("shop", "#view=timeline", async (page) => {
        const range = page.locator(".timeline-tools [role=status]");
        const whole = await range.textContent();
        const canvas = page.locator("canvas");
        const box = await canvas.boundingBox();
        await page.getByRole("button", { name: "Zoom in" }).click();
        assert.notEqual(await range.textContent(), whole);
        await page.getByRole("region", { name: "Timeline" }).press("0");
        assert.equal(await range.textContent(), whole);
        // The longest test runs in one of the lanes for most of the run.
        const tooltip = page.locator(".tooltip");
        let told = "";
        for (let y = 90; y < box.height && !/test_export_of_a_year/.test(told); y += 13) {
            await page.mouse.move(box.x + box.width * 0.6, box.y + y);
            told = (await tooltip.count()) > 0 ? await tooltip.textContent() : "";
        }
        assert.match(told, /test_export_of_a_year/);
        await page.mouse.down();
        await page.mouse.up();
        assert.match(await page.locator("#details-title").textContent(), /test_export_of_a_year/);
    }));

test("the timeline says in words why the run took so long", () =>
    opened("shop", "#view=timeline", async (page) => {
        const reasons = await page.locator(".reasons").textContent();
        assert.match(reasons, /could not have taken less than 42.0 s/);
        assert.match(reasons, /fewer than half of the sandboxes had something to run: .*export_of_a_year/);
        await page.getByText("The timeline as a table").click();
        assert.equal(await page.locator(".lane-table tbody tr").count(), 8);
    }));

test("names and output that are made to break the page are text", () =>
    opened("hostile", "#by=none", async (page) => {
        const title = await page.title();
        const rows = page.locator("[role=treeitem].test");
        assert.equal(await rows.count(), 10);
        for (let i = 0; i < 10; ++i) {
            await rows.nth(i).click();
            await page.waitForSelector(".details pre");
        }
        for (const view of ["timeline", "slowest", "flaky", "run"]) {
            await page.locator(`#view-tab-${view}`).click();
        }
        assert.equal(await page.title(), title);
        assert.equal(await page.locator("img, iframe, object, embed").count(), 0);
        assert.equal(await page.locator("script:not([type])").count(), 1);
        await page.locator("#view-tab-tests").click();
        const shown = (await names(page)).join(" ");
        assert.ok(!/[\u202e\u0000-\u001f]/.test(shown));
        assert.match(shown, /⟨U\+202E⟩/);
    }));

test("a policy lets nothing else run, and nothing out", () =>
    opened("shop", "", async (page) => {
        const refused = await page.evaluate(async () => {
            const violations = [];
            document.addEventListener("securitypolicyviolation", (event) =>
                violations.push(event.effectiveDirective));
            const script = document.createElement("script");
            try {
                script.textContent = "document.title = 'broken'";
                document.body.append(script);
            } catch {
                violations.push("trusted-types");
            }
            await fetch("https://example.invalid/").catch(() => {});
            await new Promise((resolve) => setTimeout(resolve, 50));
            return { violations, title: document.title };
        });
        assert.notEqual(refused.title, "broken");
        assert.ok(refused.violations.includes("connect-src"), refused.violations.join());
        assert.ok(refused.violations.some((name) => /script|trusted/.test(name)));
    }).catch((error) => {
        // The refusals are told on the console as well, which is what was wanted here.
        if (!/Content Security Policy|TrustedScript|Trusted/.test(String(error.message))) throw error;
    }));

test("a report from a killed run's journal shows what had finished", () =>
    opened("killed", "", async (page) => {
        assert.equal(await page.locator("h1").textContent(), "Did not come to its end");
        assert.match(await page.locator(".figures").textContent(), /passed/);
        await page.getByLabel("Filter the tests").fill("export_of_a_year");
        await page.locator("[role=treeitem].test").first().click();
        assert.match(await page.locator(".details").textContent(), /It was running for/);
        await page.locator("#view-tab-timeline").click();
        await page.waitForSelector("canvas");
    }));

test("no view breaks a rule of accessibility, in light and in dark", async () => {
    const axe = axeSource(modules);
    for (const colorScheme of ["light", "dark"]) {
        for (const view of ["tests", "timeline", "slowest", "flaky", "run"]) {
            const hash = `#view=${view}&test=tests%2Ftest_basket.py%3A%3Atest_total_includes_shipping`;
            await opened(
                "shop",
                hash,
                async (page) => {
                    const found = await page.evaluate(() => globalThis.axe.run(document));
                    const told = found.violations.map(
                        (rule) => `${rule.id}: ${rule.help}: ${rule.nodes.map((node) => node.html).join(" ; ")}`,
                    );
                    assert.deepEqual(told, [], `${view} in ${colorScheme}`);
                },
                { script: axe, context: { colorScheme } },
            );
        }
    }
});

test("on a small screen nothing is wider than the screen", () =>
    opened("shop", "#test=tests%2Ftest_basket.py%3A%3Atest_total_includes_shipping", async (page) => {
        for (const view of ["tests", "timeline", "slowest", "flaky", "run"]) {
            await page.locator(`#view-tab-${view}`).click();
            const wider = await page.evaluate(
                () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            );
            assert.ok(wider <= 0, `${view}: ${wider} pixels`);
        }
    }, { context: { viewport: { width: 390, height: 800 } } }));

test("of many tests only the rows in sight are in the page", () =>
    opened("10000", "#by=none", async (page) => {
        assert.ok((await page.locator("[role=treeitem]").count()) < 100);
        const tree = page.getByRole("tree");
        await tree.press("End");
        assert.equal(await page.locator("[role=treeitem].active").getAttribute("aria-posinset"), "10000");
    }));

test("the file needs nothing beside it", () => {
    const text = readFileSync(join(samples.folderOf("shop"), "report.html"), "utf8");
    const template = text.slice(0, text.indexOf("<script type=\"application/json\""));
    assert.ok(!/\b(src|href)=/.test(template));
    assert.ok(!/url\(/.test(template));
});

test("results that stand from earlier runs are marked, and flakiness has its history", () =>
    opened("again", "", async (page) => {
        assert.match(await page.locator(".figures").textContent(), /2carried over/);
        await page.getByLabel("Filter the tests").fill("carried()");
        assert.deepEqual((await names(page)).sort(), ["tests/test_shop.py::test_2", "tests/test_shop.py::test_3"]);
        assert.equal(await page.locator("[role=treeitem] .tag").first().textContent(), "carried over");
        await page.locator("[role=treeitem].test").first().click();
        assert.match(await page.locator(".details").textContent(), /its result stands as run r1 left it/);
        await page.getByRole("tab", { name: /^Flaky/ }).click();
        const rows = page.locator("tbody tr");
        const told = async (row) =>
            (await rows.nth(row).locator(".earlier .unseen").allTextContents()).map((word) => word.trim());
        assert.deepEqual(await told(0), ["flaky", "passed"]);
        assert.deepEqual(await told(1), ["passed", "flaky"]);
        assert.match(await rows.nth(1).textContent(), /1 time/);
        await rows.nth(0).getByRole("button").click();
        assert.equal(await page.locator(".details .earlier .sign").count(), 2);
    }));
