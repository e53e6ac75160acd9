import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { renderPage } from "../../provider/src/page/render-page";
import type { HostSurvey } from "../../provider/src/model/survey/survey";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a page is looked at in. */
export interface WindowOptions {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
}

/** How a page is rendered and opened. */
export interface Opening extends WindowOptions {
  readonly device?: string;
}

/** An open page and what it has asked for and complained of. */
export interface OpenPage {
  readonly page: Page;
  /** Addresses of all its requests but the one for the file itself. */
  readonly requests: string[];
  readonly errors: string[];
}

/** Debian's Chromium, with pages as files on the disk, as a person opens them. */
export class TestBrowser {
  private readonly folder = mkdtempSync(join(tmpdir(), "passthrough-page-"));
  private browser: Browser | undefined;
  private files = 0;

  async start(): Promise<void> {
    this.browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS, timeout: 120_000 });
  }

  async stop(): Promise<void> {
    await this.browser?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Renders the surveys, opens the page, and waits until it is drawn. */
  async open(surveys: readonly HostSurvey[], opening: Opening = {}): Promise<OpenPage> {
    const { device } = opening;
    const path = join(this.folder, `page-${this.files++}.html`);
    writeFileSync(path, await renderPage(surveys, device === undefined ? {} : { device }));
    return this.openFile(path, opening);
  }

  /** Opens a page that was written before, and waits until it is drawn. */
  async openFile(path: string, window: WindowOptions = {}): Promise<OpenPage> {
    const { scheme = "light", width = 1280, height = 800 } = window;
    if (this.browser === undefined) throw new Error("the browser is not started");
    const page = await this.browser.newPage({ viewport: { width, height }, colorScheme: scheme });
    page.setDefaultTimeout(30_000);
    const requests: string[] = [];
    const errors: string[] = [];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(pathToFileURL(path).href);
    requests.shift();
    return { page, requests, errors };
  }
}

/** What axe finds against the rules of WCAG and of good practice, one line each. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html ?? ""} (${nodes.length})`);
}

/** The words that a locator shows, one string for each element. */
export function listTexts(page: Page, selector: string): Promise<string[]> {
  return page.locator(selector).allInnerTexts();
}

/** Addresses of the functions that a selector finds and that are visible. */
export function listAddresses(page: Page, selector: string): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll(${JSON.stringify(selector)})]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .map((element) => element.dataset.address)`);
}

/** The words of what has the focus, as a screen reader says them. */
export function readFocus(page: Page): Promise<string> {
  return page.evaluate<string>("document.activeElement?.textContent ?? ''");
}
