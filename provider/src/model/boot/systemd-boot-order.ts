/** What decides the place of an entry in the menu of systemd-boot. */
export interface OrderedEntry {
  /** File name, in lower case as systemd-boot takes it, without a boot counter. */
  readonly id: string;
  readonly sortKey: string | undefined;
  readonly machineId: string;
  readonly version: string;
  /** The entry used up its tries (`+0` in its name). */
  readonly isSpent: boolean;
}

/**
 * Orders entries as systemd-boot 250 and newer do (`config_entry_compare` of src/boot/efi/boot.c): spent ones last, those
 * with a sort key before those without, newest version first. The first one is the default unless something names another.
 */
export function compareEntries(a: OrderedEntry, b: OrderedEntry): number {
  if (a.isSpent !== b.isSpent) return a.isSpent ? 1 : -1;
  if ((a.sortKey === undefined) !== (b.sortKey === undefined)) return a.sortKey === undefined ? 1 : -1;
  if (a.sortKey !== undefined && b.sortKey !== undefined) {
    const order =
      compareText(a.sortKey, b.sortKey) ||
      compareText(a.machineId, b.machineId) ||
      -compareVersions(a.version, b.version);
    if (order !== 0) return order;
  }
  return -compareVersions(a.id, b.id);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Separators from old to new: `~` makes a version older than its end, the others newer. */
const SEPARATORS = ["-", "^", "."];

/** Compares two versions as the Version Format Specification says: numbers by value, and a number is newer than a word. */
export function compareVersions(left: string, right: string): number {
  let [a, b] = [left, right];
  for (;;) {
    [a, b] = [skipOthers(a), skipOthers(b)];
    const isTilde = [a.startsWith("~"), b.startsWith("~")];
    if (isTilde[0] !== isTilde[1]) return isTilde[0] === true ? -1 : 1;
    if (isTilde[0] === true) {
      [a, b] = [a.slice(1), b.slice(1)];
      continue;
    }
    if (a === "" || b === "") return Math.sign(a.length - b.length);
    const separator = SEPARATORS.find((sign) => a.startsWith(sign) || b.startsWith(sign));
    if (separator !== undefined) {
      if (!a.startsWith(separator)) return 1;
      if (!b.startsWith(separator)) return -1;
      [a, b] = [a.slice(1), b.slice(1)];
      continue;
    }
    const [headA, headB] = [readHead(a, b), readHead(b, a)];
    const order = compareHeads(headA, headB);
    if (order !== 0) return order;
    [a, b] = [a.slice(headA.length), b.slice(headB.length)];
  }
}

function skipOthers(text: string): string {
  return text.replace(/^[^A-Za-z0-9~\-^.]+/, "");
}

/** The leading number when either side begins with one, else the leading word. */
function readHead(text: string, other: string): string {
  const pattern = /^\d/.test(text) || /^\d/.test(other) ? /^\d*/ : /^[A-Za-z]*/;
  return pattern.exec(text)?.[0] ?? "";
}

function compareHeads(a: string, b: string): number {
  if ((a === "") !== (b === "")) return a === "" ? -1 : 1;
  if (!/^\d/.test(a)) return compareText(a, b);
  const [numberA, numberB] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  return Math.sign(numberA.length - numberB.length) || compareText(numberA, numberB);
}
