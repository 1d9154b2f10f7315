import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PolicyRun } from "../model.ts";
import { renderReport } from "./index.ts";
import { fixtureRun, fixtureTrend, hostile, hostileRun, largeRun } from "./testing/fixture.ts";

const options = { version: "0.0.0-test", title: "Policy of Spotify AI Agent", previous: fixtureTrend() };

let browser: Browser;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "lotse-report-"));
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});

afterAll(async () => {
  await browser.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Opened {
  readonly page: Page;
  /** Requests other than for the file itself, errors of scripts, and what the page's own policy refused. */
  readonly trouble: readonly string[];
}

async function open(
  run: PolicyRun,
  how: { title?: string; dark?: boolean; script?: boolean; width?: number } = {},
): Promise<Opened> {
  const file = join(directory, "report.html");
  writeFileSync(file, renderReport(run, "html", { ...options, title: how.title ?? options.title }));
  const context = await browser.newContext({
    colorScheme: how.dark === true ? "dark" : "light",
    javaScriptEnabled: how.script !== false,
    viewport: { width: how.width ?? 1280, height: 900 },
    bypassCSP: false,
  });
  const page = await context.newPage();
  const trouble: string[] = [];
  const own = pathToFileURL(file).href;
  page.on("request", (request) => request.url() !== own && trouble.push(`request ${request.url()}`));
  page.on("pageerror", (error) => trouble.push(`error ${error.message}`));
  page.on("console", (message) => trouble.push(`console ${message.text()}`));
  page.on("dialog", (dialog) => {
    trouble.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(own);
  return { page, trouble };
}

async function shownFindings(page: Page): Promise<number> {
  return page.locator("article.finding:visible").count();
}

/** What axe finds, and nothing else than that it ran. */
async function violations(page: Page): Promise<readonly string[]> {
  // The page allows no scripts but its own, so the checker is put in from outside of the page's policy.
  const source = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setBypassCSP", { enabled: true });
  await page.reload();
  await page.addScriptTag({ path: source });
  const result = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  expect(result.passes.length).toBeGreaterThan(20);
  return result.violations.map(({ id, impact, nodes }) => `${id} ${impact} ${nodes[0]?.html}`);
}

/** What sticks out of the page and stands in nothing that can be scrolled, by mouse and by keyboard. */
function sticksOut(page: Page): Promise<readonly string[]> {
  return page.locator("html").evaluate((root) => {
    const { scrollWidth, clientWidth } = root;
    const out = [...root.querySelectorAll("body *")].filter(
      (one) =>
        one.getBoundingClientRect().right > clientWidth + 1 && one.closest(".scroll[tabindex='0']") === null,
    );
    const found = out.map((one) => `${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""}`);
    return scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`, ...found] : found;
  });
}

describe("the width of the page", () => {
  const widths = [360, 800, 1200, 1600];
  const runs = [
    ["the fixture", fixtureRun()],
    ["300 tenants under five frameworks", largeRun(300)],
  ] as const;

  test.each(widths.flatMap((width) => runs.map(([name, run]) => [width, name, run] as const)))(
    "%d px hold %s, and what is wider can be scrolled",
    async (width, _, run) => {
      const { page } = await open(run, { width });
      await page
        .locator("details")
        .evaluateAll((all) => all.forEach((details) => details.setAttribute("open", "")));
      expect(await sticksOut(page)).toEqual([]);
      expect(await page.locator(".matrix tbody tr").count()).toBe(run.summary.scopes);
    },
  );

  test("axe finds nothing in the report of 300 tenants on a telephone", async () => {
    const { page } = await open(largeRun(300), { width: 360 });
    expect(await violations(page)).toEqual([]);
  });

  test.each(runs)("1,200 px show every column of the tenants' table: %s", async (_, run) => {
    const { page } = await open(run, { width: 1200 });
    const table = page.locator(".scroll.tall");
    expect(await table.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
  });

  test("on a telephone the tenant's name and the heading stay while the table is scrolled by keyboard", async () => {
    const { page } = await open(largeRun(300), { width: 360 });
    const table = page.locator(".scroll.tall");
    await table.focus();
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => table.evaluate((one) => one.scrollLeft > 0 && one.scrollTop > 0)).toBe(true);
    const gaps = await table.evaluate((one) => {
      const { left, top } = one.getBoundingClientRect();
      const name = one.querySelector("tbody tr:last-child th");
      const heading = one.querySelector("thead th:last-child");
      return [
        Math.round((name?.getBoundingClientRect().left ?? 0) - left),
        Math.round((heading?.getBoundingClientRect().top ?? 0) - top),
      ];
    });
    // The border of the container.
    expect(gaps).toEqual([1, 1]);
  });

  // What A4 leaves between its margins, at 96 dots an inch.
  test.each(runs)("paper holds the whole of it: %s", async (_, run) => {
    const { page } = await open(run, { width: 673 });
    await page.emulateMedia({ media: "print" });
    const table = page.locator(".scroll.tall");
    expect(await sticksOut(page)).toEqual([]);
    expect(
      await table.evaluate((one) => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]),
    ).toEqual([0, 0]);
  });
});

describe("accessibility", () => {
  test.each([
    ["light", false],
    ["dark", true],
  ])("axe finds nothing in the %s report", async (_, dark) => {
    const { page } = await open(fixtureRun(), { dark });
    expect(await violations(page)).toEqual([]);
  });

  test("headings go down one level at a time, from one h1", async () => {
    const { page } = await open(fixtureRun());
    const levels = await page
      .locator("h1,h2,h3,h4,h5,h6")
      .evaluateAll((all) => all.map((one) => Number(one.tagName[1])));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries())
      expect(level).toBeLessThanOrEqual((levels[index - 1] ?? 0) + 1);
  });

  test("the skip link comes first by keyboard and leads to the report", async () => {
    const { page } = await open(fixtureRun());
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the report");
    await page.keyboard.press("Enter");
    expect(await page.locator(":focus").getAttribute("id")).toBe("main");
  });
});

describe("the filters", () => {
  test("work by keyboard, tell how many they show, and can be undone", async () => {
    const { page, trouble } = await open(fixtureRun());
    const all = await shownFindings(page);
    await page.locator("#f-status").focus();
    await page.keyboard.type("waived");
    expect(await shownFindings(page)).toBe(1);
    expect(await page.locator("#shown").textContent()).toBe(`Showing 1 of ${all} findings`);
    await page.locator("button[type=reset]").press("Enter");
    await expect.poll(() => shownFindings(page)).toBe(all);
    await page.locator("#f-tenant").selectOption("waldbühne");
    await page.locator("#f-framework").selectOption("GDPR");
    const some = await shownFindings(page);
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(all);
    await page.locator("#f-text").fill("no such words anywhere");
    expect(await shownFindings(page)).toBe(0);
    expect(trouble).toEqual([]);
  });

  test("are in the address, so that a filtered report can be linked to", async () => {
    const { page } = await open(fixtureRun());
    await page.locator("#f-severity").selectOption("critical");
    const count = await shownFindings(page);
    await page.reload();
    expect(await page.locator("#f-severity").inputValue()).toBe("critical");
    expect(await shownFindings(page)).toBe(count);
  });

  test("without a script everything is shown, and no filter", async () => {
    const { page } = await open(fixtureRun(), { script: false });
    expect(await shownFindings(page)).toBeGreaterThan(5);
    expect(await page.locator("#filters").isVisible()).toBe(false);
  });
});

describe("what comes from outside", () => {
  test.each(hostile)("is text and nothing else: %j", async (text) => {
    const { page, trouble } = await open(hostileRun(text), { title: text });
    expect(await page.locator("script").count()).toBe(1);
    expect(await page.locator("img,iframe,object,embed,link,base").count()).toBe(0);
    const handlers = await page
      .locator("*")
      .evaluateAll((all) =>
        all.flatMap((one) =>
          one.getAttributeNames().filter((name: string) => name.startsWith("on") || name === "style"),
        ),
      );
    expect(handlers).toEqual([]);
    // The policy of the page still lets its own script run.
    expect(await page.locator("#filters").isVisible()).toBe(true);
    const shown = text.replaceAll(/(?![\t\n])\p{Cc}|\p{Cs}/gu, "\uFFFD").replaceAll(/\s+/gu, " ");
    expect((await page.locator("h1").textContent())?.replaceAll(/\s+/gu, " ")).toBe(shown);
    expect(trouble).toEqual([]);
  });
});

test("the page loads nothing and its policy refuses nothing of it, on screen and on paper", async () => {
  const { page, trouble } = await open(fixtureRun());
  await page.emulateMedia({ media: "print" });
  expect(await page.locator("#filters").isVisible()).toBe(false);
  expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(10_000);
  expect(await page.locator("html").getAttribute("lang")).toBe("en");
  expect(trouble).toEqual([]);
});
