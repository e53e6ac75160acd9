import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { renderPage } from "../../provider/src/page/render-page";
import { TestBrowser } from "./browser";
import { desktop, hostile, HOSTILE, inactive, largeServer } from "./hosts";

const browser = new TestBrowser();
beforeAll(() => browser.start());
afterAll(() => browser.stop());

describe("a server of 300 functions", () => {
  it("makes a page of less than 1 MB, the same each time", async () => {
    const html = await renderPage([largeServer()]);

    expect(largeServer().devices.length).toBeGreaterThan(290);
    expect(Buffer.byteLength(html)).toBeLessThan(1_000_000);
    expect(await renderPage([largeServer()])).toBe(html);
  });

  it("is drawn in less than a second", async () => {
    const { page, errors } = await browser.open([largeServer()], { width: 1920, height: 1080 });
    function readTime(): Promise<number> {
      return page.evaluate<number>("performance.getEntriesByName('draw')[0].duration");
    }

    // The fastest of some, because other tests run on the same processors.
    const times = [await readTime()];
    while (Math.min(...times) >= 1000 && times.length < 8) {
      await page.reload();
      times.push(await readTime());
    }

    expect(Math.min(...times)).toBeLessThan(1000);
    expect(await page.locator(".node").count()).toBe(largeServer().devices.length);
    expect(errors).toEqual([]);
    await page.close();
  });
});

describe("a window", () => {
  it.each([
    ["1280 × 800", 1280, 800],
    ["1920 × 1080", 1920, 1080],
    ["narrow", 400, 800],
  ])("of %s cuts nothing off", async (_, width, height) => {
    const { page } = await browser.open([largeServer()], { width, height });

    const { right, over } = await page.evaluate<{ right: number; over: number }>(`({
      right: Math.max(...[...document.querySelectorAll(".node")].map((node) => node.getBoundingClientRect().right)),
      over: document.documentElement.scrollWidth - innerWidth,
    })`);

    expect(right).toBeLessThan(width);
    expect(over).toBeLessThanOrEqual(0);
    await page.close();
  });
});

describe("the network", () => {
  it("is never asked for anything", async () => {
    const { page, requests, errors } = await browser.open([desktop(), largeServer()]);
    await page.locator(".tab").nth(1).click();
    await page.locator(".panel:not(.is-hidden) .node").first().click();

    expect(requests.filter((url) => !url.startsWith("data:"))).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });

  it.each([
    ["fetch", (url: string) => `fetch("${url}", { mode: "no-cors" }).catch(() => 0)`],
    [
      "an image",
      (url: string) =>
        `new Promise((done) => { const i = new Image(); i.onload = i.onerror = done; i.src = "${url}"; })`,
    ],
    [
      "a script",
      (url: string) =>
        `new Promise((done) => { const s = document.createElement("script"); s.onload = s.onerror = done; s.src = "${url}"; document.body.append(s); })`,
    ],
  ])("is closed to %s by the page's own policy", async (_, write) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    }).listen(0, "127.0.0.1");
    const { page } = await browser.open([desktop()]);

    await page.evaluate(write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/x`));

    expect(asked).toEqual([]);
    await page.close();
    server.close();
  });
});

describe("text from a host", () => {
  it("is shown as it is and never becomes markup", async () => {
    const { page, errors } = await browser.open([hostile()], { device: "0000:01:00.0" });
    await page.locator("details.table > summary").click();

    expect(await page.evaluate("window.broken ?? 'whole'")).toBe("whole");
    expect(await page.locator("script").count()).toBe(2);
    expect(await page.locator("img, iframe, [onload], [onerror]").count()).toBe(0);
    expect(await page.locator("h2").textContent()).toBe(HOSTILE);
    expect(await page.title()).toBe(`PCI devices of ${HOSTILE}`);
    expect(await page.locator(".full-name").textContent()).toContain(HOSTILE);
    expect(await page.locator(".program code").textContent()).toContain(`host: ${JSON.stringify(HOSTILE)}`);
    expect(errors).toEqual([]);
    await page.close();
  });
});

describe("on paper", () => {
  it("every host has its picture, whole, and all functions as a table", async () => {
    const { page } = await browser.open([desktop(), largeServer(), inactive()], { scheme: "dark" });
    await page.pdf();
    await page.emulateMedia({ media: "print" });

    const sizes = await page.evaluate<{ width: number; height: number }[]>(
      `[...document.querySelectorAll(".bus")].map((bus) => bus.getBoundingClientRect().toJSON())`,
    );
    const rows = desktop().devices.length + largeServer().devices.length + inactive().devices.length;
    expect(await page.locator("tbody tr:visible").count()).toBe(rows);
    expect(await page.locator(".tool:visible, .search:visible, .tab:visible").count()).toBe(0);
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(255, 255, 255)");
    for (const { width, height } of sizes) {
      expect(width).toBeLessThan(700);
      expect(height).toBeLessThan(1000);
    }
    await page.close();
  });
});
