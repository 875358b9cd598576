// What a program shows in a terminal: recorded by `script`, drawn by a real terminal's emulator.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** Runs the command in a terminal of this size; what it wrote, and when: [{ after: s, bytes }]. */
export function record(command, { columns, rows, cwd, env }) {
    const folder = mkdtempSync(join(tmpdir(), "offload-terminal-"));
    const [out, timing] = [join(folder, "out"), join(folder, "timing")];
    const line = `stty cols ${columns} rows ${rows}; ${command.map(quoted).join(" ")}`;
    try {
        execFileSync("script", ["--quiet", "--log-out", out, "--log-timing", timing,
            "--logging-format", "classic", "--command", line], {
            cwd,
            env: { ...env, TERM: "xterm-256color", COLORTERM: "truecolor" },
            stdio: ["ignore", "ignore", "inherit"],
        });
        const bytes = readFileSync(out);
        // `script` writes a line of its own before and after.
        let place = bytes.indexOf(10) + 1;
        let time = 0;
        return readFileSync(timing, "utf8").trim().split("\n").map((entry) => {
            const [delay, length] = entry.split(" ").map(Number);
            time += delay;
            return { after: time, bytes: bytes.subarray(place, (place += length)) };
        });
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

/** A picture of the terminal as it is once all of this has been written. */
export async function picture(browser, modules, pieces, { columns, rows, path }) {
    const read = (name) => readFileSync(createRequire(join(modules, "/")).resolve(name), "utf8");
    const page = await browser.newPage({ deviceScaleFactor: 1.5 });
    await page.setContent(`<style>${read("@xterm/xterm/css/xterm.css")}
        body { margin: 0; background: #16181d }
        #screen { display: inline-block; padding: 14px 16px }
        .scrollbar { display: none }</style><div id="screen"></div>`);
    await page.addScriptTag({ content: read("@xterm/xterm") });
    await page.evaluate(
        async ([columns, rows, bytes]) => {
            const terminal = new globalThis.Terminal({
                cols: columns,
                rows,
                fontFamily: "DejaVu Sans Mono, monospace",
                fontSize: 13,
                cursorStyle: "bar",
                cursorInactiveStyle: "none",
                theme: { background: "#16181d", foreground: "#d8dbe2" },
            });
            terminal.open(document.querySelector("#screen"));
            await new Promise((done) => terminal.write(Uint8Array.from(bytes), done));
            // No more of the screen than is written on.
            const lines = terminal.buffer.active;
            let used = rows;
            while (!lines.getLine(lines.baseY + used - 1)?.translateToString(true)) --used;
            if (lines.baseY === 0) terminal.resize(columns, used);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        },
        [columns, rows, [...Buffer.concat(pieces.map((piece) => piece.bytes))]],
    );
    await page.locator("#screen").screenshot({ path });
    await page.close();
}
