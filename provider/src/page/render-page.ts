import { createHash } from "node:crypto";
import type { HostSurvey } from "../model/survey/survey";
import { readAssets } from "./assets";
import { drawHost } from "./draw";
import type { PageData } from "./picture";

/** What a page is made for. */
export interface PageOptions {
  /** Address of the function in question: it is selected on the first host that has it, and keeps a mark. Default: none. */
  readonly device?: string;
}

/**
 * Renders surveys as one HTML file with everything in it: the picture of each host's PCI topology, search, details, and a
 * table for print. The file asks nothing of the network, and its own policy forbids it. The same surveys give the same file.
 */
export async function renderPage(surveys: readonly HostSurvey[], options: PageOptions = {}): Promise<string> {
  const { script, style } = await readAssets();
  const data: PageData = { hosts: surveys.map(drawHost), ...findDevice(surveys, options.device) };
  const policy = [
    "default-src 'none'",
    "img-src data:",
    `style-src ${hashSource(style)}`,
    `script-src ${hashSource(script)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeText(`PCI devices of ${surveys.map(({ host }) => host).join(", ")}`)}</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This page draws itself with the script that it contains. Allow scripts for it to see the hosts.</p></noscript>
<script type="application/json" id="data">${escapeScript(JSON.stringify(data))}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function findDevice(surveys: readonly HostSurvey[], address: string | undefined): Pick<PageData, "device"> {
  if (address === undefined) return {};
  const host = surveys.findIndex(({ devices }) => devices.some((device) => device.address === address));
  return host < 0 ? {} : { device: { host, address } };
}

function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A script element ends at the first `</script`, whatever the JSON around it says. */
function escapeScript(json: string): string {
  return json.replaceAll("<", "\\u003c");
}
