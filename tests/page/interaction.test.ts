import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import { listAddresses, listTexts, TestBrowser } from "./browser";
import { desktop, inactive, largeServer } from "./hosts";

const browser = new TestBrowser();
let desk: Page;
let server: Page;
beforeAll(async () => {
  await browser.start();
  ({ page: desk } = await browser.open([desktop(), inactive()]));
  ({ page: server } = await browser.open([largeServer()]));
});
afterAll(() => browser.stop());

async function search(page: Page, query: string): Promise<string[]> {
  await page.fill("input[type=search]", query);
  return (await listAddresses(page, ".node.match")).sort();
}

function readBackground(page: Page): Promise<string> {
  return page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
}

describe("the search", () => {
  it.each([
    ["an address", "02:00.0", ["0000:02:00.0"]],
    ["an id", "10DE:22ba", ["0000:01:00.1"]],
    ["a name", "geforce rtx", ["0000:01:00.0"]],
    ["a driver", "i801_smbus", ["0000:00:1f.4"]],
    ["a group, and not those that begin alike", "group 1", ["0000:00:01.0"]],
    ["a verdict", "set aside", ["0000:05:00.0", "0000:05:00.1"]],
    ["a use", "ssh", ["0000:04:00.0"]],
    ["words of several fields", "audio group 2", ["0000:01:00.1"]],
    ["nothing that is there", "no such thing", []],
  ])("finds %s", async (_, query, expected) => {
    expect(await search(desk, query)).toEqual(expected);
  });

  it("keeps the bridges on the way, and hides the rest from all", async () => {
    await search(desk, "geforce");

    const shown = await listAddresses(desk, ".node");

    expect(shown).toEqual(["0000:00:01.0", "0000:01:00.0"]);
    await search(desk, "");
  });

  it("leaves out buses without a match", async () => {
    await search(server, "megaraid");

    expect(await listTexts(server, ".bus:visible .bus-title strong")).toEqual(["Root bus 4a"]);
    await search(server, "");
  });
});

describe("the filter", () => {
  it("adds verdict to verdict, and goes together with the search", async () => {
    await desk.locator(".chip.needed").first().click();
    await desk.locator(".chip.given").first().click();
    const both = await desk.locator(".node.match").count();
    const found = await search(desk, "vga");
    await desk.locator(".chip.needed").first().click();
    await desk.locator(".chip.given").first().click();
    await search(desk, "");

    expect(both).toBe(7);
    expect(found).toEqual(["0000:00:02.0", "0000:05:00.0"]);
    expect(await desk.locator(".node.match").count()).toBe(0);
  });
});

describe("a selection", () => {
  it("marks what goes with it and the way to the bus", async () => {
    await server.locator("[data-address='0000:34:00.0']").click();

    expect(await listAddresses(server, ".node.selected")).toEqual(["0000:34:00.0"]);
    expect(await listAddresses(server, ".node.companion")).toEqual(["0000:34:00.1"]);
    expect(await listAddresses(server, ".node.on-path")).toEqual(["0000:30:02.0", "0000:31:00.0", "0000:32:04.0"]);
    expect(await server.locator(".edge.on-path").count()).toBe(4);
    expect(await server.locator(".group.active").count()).toBe(1);
  });

  it("tells all that the survey knows", async () => {
    await desk.locator("[data-address='0000:01:00.0']").first().click();

    const text = (await desk.locator(".details").first().innerText()).replaceAll(/\s+/g, " ");

    for (const words of [
      "Goes together",
      "AD102 [GeForce RTX 4090] NVIDIA Corporation",
      "01:00.1 audio device, AD102 High Definition Audio Controller",
      "10de:2684, subsystem 1043:8889",
      "Driver nouveau",
      "IOMMU group 2, 2 devices type DMA-FQ not ready",
      "Way to the bus 00:01.0",
      "Reset flr, bus",
      "NUMA node 0",
    ]) {
      expect(text).toContain(words);
    }
  });

  it("has a program for what can go, and none for what cannot", async () => {
    await desk.locator("[data-address='0000:01:00.0']").first().click();
    const program = await desk.locator(".program code").innerText();
    await desk.locator("[data-address='0000:02:00.0']").first().click();

    expect(program).toBe(
      'new PciGroupDetachment("gpu-01", {\n  host: "kvm1",\n  device: {\n    address: "0000:01:00.0",\n    id: "10de:2684",\n  },\n});',
    );
    expect(await desk.locator(".program").count()).toBe(0);
    expect(await desk.locator(".verdict li").allInnerTexts()).toEqual([
      "0000:02:00.0 is in use: / on /dev/nvme0n1p2 (ext4).",
    ]);
  });

  it("of the function in question is there from the start", async () => {
    const { page } = await browser.open([inactive(), desktop()], { device: "0000:04:00.0" });

    expect(await page.locator(".tab[aria-selected=true]").innerText()).toBe("kvm1");
    expect(await page.locator(".panel:not(.is-hidden) .details h3").innerText()).toBe("0000:04:00.0");
    expect(await page.locator(".node.asked").count()).toBe(1);
    await page.close();
  });
});

describe("hosts", () => {
  it("are shown one at a time", async () => {
    await desk.locator(".tab").nth(1).click();

    expect(await listTexts(desk, "h2:visible")).toEqual(["lab-off"]);
    expect(await listTexts(desk, ".iommu:visible strong")).toEqual(["IOMMU not in use"]);
    expect(await desk.locator(".panel:not(.is-hidden) .band").allInnerTexts()).toEqual(["", "", ""]);
    await desk.locator(".tab").nth(0).click();
  });

  it("follow the switch between light and dark", async () => {
    const light = await readBackground(desk);
    await desk.locator(".tool", { hasText: "Dark" }).click();

    expect(light).toBe("rgb(243, 244, 246)");
    expect(await readBackground(desk)).toBe("rgb(13, 16, 20)");
    await desk.locator(".tool", { hasText: "Dark" }).click();
    expect(await readBackground(desk)).toBe(light);
  });
});
