import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { findViolations, readFocus, TestBrowser } from "./browser";
import { desktop, inactive, largeServer } from "./hosts";

const browser = new TestBrowser();
beforeAll(() => browser.start());
afterAll(() => browser.stop());

const VIEWS = [
  { name: "light", opening: { scheme: "light" } },
  { name: "dark", opening: { scheme: "dark" } },
  { name: "with a selection", opening: { device: "0000:01:00.0" } },
  { name: "dark, with a selection", opening: { device: "0000:01:00.0", scheme: "dark" } },
  { name: "with a device that a guest has", opening: { device: "0000:05:00.0" } },
  { name: "with a device that the host needs", opening: { device: "0000:04:00.0" } },
  { name: "with a search", opening: { scheme: "light" }, query: "nvme" },
  { name: "dark, with a search", opening: { scheme: "dark" }, query: "audio" },
  { name: "in a narrow window", opening: { device: "0000:02:00.0", width: 420 } },
] as const;

describe("axe finds nothing", () => {
  it.each(VIEWS)("$name", async ({ opening, ...view }) => {
    const { page } = await browser.open([desktop(), inactive()], opening);
    if ("query" in view) await page.fill("input[type=search]", view.query);
    await page.locator("details.table > summary").first().click();

    expect(await findViolations(page)).toEqual([]);
    await page.close();
  });

  it("on a large server, with a virtual function selected", async () => {
    const { page } = await browser.open([largeServer()], { device: "0000:17:01.3" });

    expect(await findViolations(page)).toEqual([]);
    await page.close();
  });

  it("and does look: a button without a name is found", async () => {
    const { page } = await browser.open([desktop()]);
    await page.evaluate("document.body.append(document.createElement('button'))");

    expect(await findViolations(page)).toEqual([expect.stringMatching(/^(button-name|region): /), ...[]]);
    await page.close();
  });
});

describe("the keyboard alone", () => {
  it("walks along the topology", async () => {
    const { page } = await browser.open([desktop()]);
    await page.locator("[role=treeitem][tabindex='0']").focus();
    const walk = ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "End", "Home"];

    const seen: string[] = [];
    for (const key of walk) {
      await page.keyboard.press(key);
      seen.push((await readFocus(page)).split(",")[0] ?? "");
    }

    expect(seen).toEqual([
      "00:00.0",
      "00:01.0",
      "01:00.0",
      "01:00.1",
      "00:01.0",
      "00:00.0",
      "00:1f.5",
      "Root bus 00 21 functions",
    ]);
    await page.close();
  });

  it("searches, selects and clears", async () => {
    const { page } = await browser.open([desktop()]);

    await page.keyboard.press("/");
    await page.keyboard.type("geforce");
    await page.keyboard.press("Enter");

    expect(await readFocus(page)).toContain("01:00.0, VGA controller");
    expect(await page.locator("[aria-selected=true].node").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await page.locator("[aria-selected=true].node").count()).toBe(0);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    expect(await page.locator(".details h3").innerText()).toBe("0000:00:01.0");
    await page.close();
  });

  it("reaches every control with Tab, and the tree with one stop", async () => {
    const { page } = await browser.open([desktop(), inactive()]);

    const stops: string[] = [];
    for (let i = 0; i < 14; i++) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate<string>("document.activeElement.className || document.activeElement.tagName"));
    }

    expect(stops.filter((stop) => stop.startsWith("chip"))).toHaveLength(5);
    expect(stops.filter((stop) => /\b(bus-title|node)\b/.test(stop))).toHaveLength(1);
    expect(stops).toEqual(expect.arrayContaining(["tab", "tool", "INPUT", "details is-empty", "SUMMARY"]));
    await page.close();
  });
});

describe("a screen reader", () => {
  it("is told level, place and all of a function's words", async () => {
    const { page } = await browser.open([desktop()]);
    const item = page.locator("[data-address='0000:02:00.0']");
    const names = ["aria-level", "aria-posinset", "aria-setsize"];

    const values = await Promise.all(names.map((name) => item.getAttribute(name)));

    expect(values).toEqual(["3", "1", "1"]);
    expect(await item.textContent()).toBe(
      "02:00.0, NVMe controller, nvme, NVMe SSD Controller S4LV008[Pascal], / on /dev/nvme0n1p2 (ext4), group 11, Host needs it",
    );
    await page.close();
  });

  it("hears how many functions a search leaves, and what a selection means", async () => {
    const { page } = await browser.open([desktop()]);

    await page.fill("input[type=search]", "vfio-pci");
    await page.locator("[data-address='0000:05:00.0']").click();

    expect(await page.locator(".status[role=status]").innerText()).toBe("2 of 21 functions");
    expect(await page.locator(".only-heard[role=status]").textContent()).toBe(
      "0000:05:00.0 selected. With a driver for guests already. In its group: 05:00.1.",
    );
    await page.close();
  });
});
