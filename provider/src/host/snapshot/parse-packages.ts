import type {
  DistributionFamily,
  DryRun,
  HalfDonePackage,
  InstalledPackage,
  PackageManagerKind,
  UnitFacts,
  ValidationCheck,
  VirtualizationFacts,
} from "../../model/packages/package-facts";
import { parseDryRun } from "./parse-dry-run";
import { lines, type Sections } from "./sections";

const FAMILIES: readonly DistributionFamily[] = ["debian", "fedora", "red-hat", "suse", "arch"];
const MANAGERS: readonly PackageManagerKind[] = ["apt", "dnf4", "dnf5", "zypper", "pacman"];

/** Reads what packages.sh prints; undefined for a reading that did not ask for it. */
export function parseVirtualization(sections: Sections): VirtualizationFacts | undefined {
  const head = sections.all("packages-manager")[0];
  if (head === undefined) return undefined;
  const [familyName = "", managerName = ""] = head.argument.split(" ");
  const family = FAMILIES.find((one) => one === familyName);
  const manager = MANAGERS.find((one) => one === managerName);
  const rows = sections.lines("packages-installed").map((row) => row.split("\t"));
  const present = sections.lines("present");
  const [staleLock] = sections.lines("packages-lock");
  const dryRun = manager === undefined ? undefined : parseDryRunSection(manager, sections);
  return {
    ...(family !== undefined && { family }),
    ...(manager !== undefined && { manager }),
    isImageBased: sections.lines("markers").includes("run/ostree-booted"),
    requested: lines(head.body).filter((word) => word !== ""),
    installed: rows.flatMap(parseInstalled),
    halfDone: rows.flatMap(parseHalfDone),
    ...(staleLock !== undefined && { staleLock: `/${staleLock}` }),
    ...(dryRun !== undefined && { dryRun }),
    units: parseUnits(sections.lines("units")),
    hasKvm: present.includes("dev/kvm"),
    validation: sections.lines("validation").flatMap(parseValidation),
  };
}

function parseInstalled([kind, name = "", version = ""]: readonly string[]): InstalledPackage[] {
  return kind === "installed" ? [{ name, version }] : [];
}

function parseHalfDone([kind, name = "", state = ""]: readonly string[]): HalfDonePackage[] {
  return kind === "half" ? [{ name, state: state.trim() }] : [];
}

function parseDryRunSection(manager: PackageManagerKind, sections: Sections): DryRun | undefined {
  const section = sections.all("packages-dry-run")[0];
  if (section === undefined) return undefined;
  const [verdict, sha256 = ""] = section.argument.split(" ");
  const complaint = sections.lines("packages-complaint").map((row) => row.trim());
  return {
    outcome: verdict === "possible" ? "possible" : "impossible",
    sha256,
    changes: parseDryRun(manager, lines(section.body)),
    complaint: complaint.filter((row) => row !== "").join("; "),
  };
}

/** Blocks of `KEY=VALUE` from `systemctl show`, with empty lines between; a unit that does not exist has a block as well. */
function parseUnits(rows: readonly string[]): UnitFacts[] {
  return rows
    .join("\n")
    .split(/\n\n+/)
    .flatMap((block): UnitFacts[] => {
      const values = Object.fromEntries(
        block.split("\n").map((row) => [row.slice(0, row.indexOf("=")), row.slice(row.indexOf("=") + 1)]),
      );
      const { Id: name = "", LoadState: load = "", UnitFileState: file = "", ActiveState: active = "" } = values;
      return name === "" || load === "not-found" ? [] : [{ name, load, file, active }];
    });
}

/** `  QEMU: Checking WHAT   : RESULT (DETAIL)`; the result is coloured on a terminal. */
function parseValidation(row: string): ValidationCheck[] {
  const plain = row.replace(/\u001b\[[0-9;]*m/g, "");
  const [, check = "", word = "", detail = ""] =
    /^\s*\w+: Checking (.*?)\s*: (PASS|WARN|FAIL|NOTE)(?:\s+\((.*)\))?\s*$/.exec(plain) ?? [];
  const result = (["PASS", "WARN", "FAIL", "NOTE"] as const).find((one) => one === word);
  return result === undefined ? [] : [{ check: check.replace(/^(?:if|for) /, ""), result, detail }];
}
