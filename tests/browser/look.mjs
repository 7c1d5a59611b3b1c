// What must hold on each page that people see, and a person with a browser to see it: shared by the walks.
//
// Pages are checked as they are when somebody works on them: axe finds nothing, nothing is wider than the window, what is pressed is
// 24 px or more, a page with all that it loads is 100 KB or less, no other host is asked, nothing is said on the console.
// People work at given.width; each page is looked at as each of given.looks shows it, too.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

export const given = JSON.parse(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const problems = [], made = {}, seen = new Map();
export const expected = []; // of what the console says of answers that are no success
export const say = (where, what) => problems.push(`${where}: ${what}`);

export const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });

export async function person(locale = "id-ID", script = true) {
  const context = await browser.newContext({ viewport: { width: given.width, height: 800 }, locale, colorScheme: "light", javaScriptEnabled: script });
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  page.on("pageerror", (fault) => say(page.url(), `script: ${fault.message}`));
  page.on("console", (message) => { if (message.type() === "error" && !expected.some((text) => message.text().includes(text))) say(page.url(), `console: ${message.text()}`); });
  page.loaded = 0;
  page.on("requestfinished", async (request) => {
    if (!request.url().replace(/^blob:/, "").startsWith(given.base)) say(page.url(), `another host is asked: ${request.url()}`);
    const sizes = await request.sizes().catch(() => null);
    if (sizes) page.loaded += sizes.responseBodySize + sizes.responseHeadersSize;
  });
  return page;
}

// How one of the looks shows a page.
const looking = async (page, look) => {
  await page.setViewportSize({ width: look.width, height: 800 });
  await page.emulateMedia({ colorScheme: look.dark ? "dark" : "light" });
};
const called = (name, look) => `${name}-${look.width}${look.dark ? "-dark" : ""}`;

async function fits(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0)
    say(where, `${wide} px wider than the window: ${await page.evaluate(() => [...document.querySelectorAll("body *")]
      .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth).map((one) => one.outerHTML.slice(0, 90)).join("; "))}`);
  const small = await page.evaluate(() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
    .filter((one) => one.checkVisibility() && !one.closest(".skip, .trap"))
    .map((one) => [one, one.closest("label") && /radio|checkbox/.test(one.type) ? one.closest("label").getBoundingClientRect() : one.getBoundingClientRect()])
    .filter(([one, box]) => (box.width < 24 || box.height < 24) && box.width > 0
      // a link within a sentence is as high as its line (WCAG 2.5.8)
      && !(one.matches("a") && one.closest("p,li,dd,small") && getComputedStyle(one).display === "inline"))
    .map(([one, box]) => `${one.outerHTML.slice(0, 80)} is ${Math.round(box.width)} x ${Math.round(box.height)}`));
  small.forEach((one) => say(where, one));
}

async function accessible(page, where, rules) {
  const found = await page.evaluate((runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] }), rules);
  for (const violation of found.violations)
    say(where, `axe ${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ").slice(0, 600)}`);
}

// Everything that must hold of a page, with what folds open, too.
export async function check(page, name) {
  seen.set(name, 0);
  if (given.script === false) {
    // nothing can be asked of a page that runs no script; how it looks can be seen
    if (given.shots) await page.screenshot({ path: `${given.shots}/${name}-plain.png`, fullPage: true });
    return;
  }
  const folds = await page.evaluate(() => {
    // one of a group at a time is what people have open; all at once is what must fit and be named
    const closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((one) => { one.removeAttribute("name"); one.open = true; });
    return closed.length;
  });
  await page.evaluate(axe);
  for (const look of given.looks) {
    await looking(page, look);
    if (!look.dark) await fits(page, called(name, look));
    // in the dark nothing is different but the colours
    await accessible(page, called(name, look), look.dark ? { type: "rule", values: ["color-contrast"] }
      : { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    if (given.shots) await page.screenshot({ path: `${given.shots}/${called(name, look)}.png`, fullPage: true });
  }
  if (folds) await page.reload();
  for (const look of given.shots && folds ? given.looks : []) {
    await looking(page, look);
    await page.screenshot({ path: `${given.shots}/${called(name, look)}-first.png`, fullPage: true });
  }
  await looking(page, { width: given.width });
}

// A page fetched by itself, everything with it.
export async function weigh(page, name, path) {
  const context = page.context();
  const fresh = await context.newPage();
  let bytes = 0;
  const client = await context.newCDPSession(fresh);
  await client.send("Network.enable");
  await client.send("Network.setCacheDisabled", { cacheDisabled: true });
  client.on("Network.loadingFinished", (event) => { bytes += event.encodedDataLength; });
  await fresh.goto(given.base + path, { waitUntil: "networkidle" });
  await fresh.close();
  if (bytes > 100 * 1024) say(name, `${bytes} bytes are transferred`);
  made.bytes = { ...made.bytes, [name]: bytes };
}

// Ends the walk: what was made, or what is wrong, with what was on the screen then.
export async function finish(fault) {
  if (fault) {
    for (const context of browser.contexts())
      for (const page of context.pages())
        say(page.url(), (await page.locator("body").innerText().catch(() => "")).slice(0, 1500));
    say("on the way", fault.stack);
  }
  await browser.close();
  console.log(JSON.stringify(made));
  if (problems.length) {
    console.error(problems.join("\n"));
    process.exit(1);
  }
}
