import { lexGrubLine } from "../grub-words";

/** An entry of a generated menu with the lines that make it. */
export interface MenuBlock {
  readonly title: string;
  readonly id: string | undefined;
  /** `0`, or `1>2` for the third entry of the submenu in second place. */
  readonly position: string;
  /** The lines between the braces, as they stand. */
  readonly body: readonly string[];
}

interface OpenMenu {
  readonly position: string;
  next: number;
}

/** Reads the entries of this system's kernels, with their lines, from the part of `grub.cfg` that lists them. */
export function parseMenuBlocks(section: string): MenuBlock[] {
  const blocks: MenuBlock[] = [];
  const menus: OpenMenu[] = [{ position: "", next: 0 }];
  let open: (Omit<MenuBlock, "body"> & { body: string[] }) | undefined;
  for (const line of section.split("\n")) {
    const words = lexGrubLine(line);
    const menu = menus.at(-1);
    if (menu === undefined) break;
    if (open !== undefined) {
      if (words[0] === "}") {
        blocks.push(open);
        open = undefined;
      } else open.body.push(line);
    } else if (words[0] === "menuentry") {
      open = { title: words[1] ?? "", id: findId(words), position: `${menu.position}${menu.next++}`, body: [] };
    } else if (words[0] === "submenu") menus.push({ position: `${menu.position}${menu.next++}>`, next: 0 });
    // Functions stand among the entries; they count as menus that hold nothing.
    else if (words.at(-1) === "{") menus.push({ position: menu.position, next: menu.next });
    else if (words[0] === "}") menus.pop();
  }
  return blocks;
}

function findId(words: readonly string[]): string | undefined {
  const option = words.findIndex((word) => /^(?:\$\{?menuentry_id_option\}?|--id)$/.test(word));
  return option === -1 ? undefined : words[option + 1];
}

/** The entry that a name in GRUB's `default` means: its place, its id or its title, below any menu. */
export function findMenuBlock(blocks: readonly MenuBlock[], name: string): MenuBlock | undefined {
  const last = name.split(">").at(-1) ?? "";
  return blocks.find((block) => block.position === name || block.id === last || block.title === last);
}
