/** @typedef {import("./state.mjs").HostState} HostState */

/**
 * The keys of a tree: up and down along its lines, left to what is above, right to what hangs on it, Enter to select.
 *
 * @param {HostState} state
 * @param {HTMLElement} tree
 */
export function wireTree(state, tree) {
  const listItems = () =>
    [...tree.querySelectorAll("[role=treeitem]")].filter((item) => item instanceof HTMLElement).filter(isShown);
  const move = makeMover(tree);
  tree.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const items = listItems();
    const at = items.findIndex((item) => item === document.activeElement);
    const target = chooseTarget(event.key, items, at);
    if (target !== undefined) move(target);
    else if (event.key === "Enter" || event.key === " ") select(state, items[at]);
    else if (event.key === "Escape") state.select("");
    else return;
    event.preventDefault();
  });
  tree.addEventListener("click", (event) => {
    const item = event.target instanceof Element ? event.target.closest("[role=treeitem]") : null;
    if (!(item instanceof HTMLElement)) return;
    move(item);
    select(state, item);
  });
  const first = listItems()[0] ?? tree.querySelector("[role=treeitem]");
  first?.setAttribute("tabindex", "0");
  return {
    /** @param {string} address */
    focus(address) {
      const item = findItem(tree, address);
      if (item !== undefined) move(item);
    },
    /** One item must be reachable with Tab, also when a search hides the one that was. */
    repair() {
      const items = listItems();
      if (!items.some((item) => item.tabIndex === 0)) rove(tree, items[0]);
    },
  };
}

/**
 * @param {HTMLElement} tree
 * @param {string} address
 */
export function findItem(tree, address) {
  const items = [...tree.querySelectorAll("[data-address]")];
  const item = items.find((one) => one instanceof HTMLElement && one.dataset["address"] === address);
  return item instanceof HTMLElement ? item : undefined;
}

/** @param {HTMLElement} tree */
function makeMover(tree) {
  return (/** @type {HTMLElement} */ item) => {
    rove(tree, item);
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
}

/**
 * @param {HTMLElement} tree
 * @param {HTMLElement | undefined} item
 */
function rove(tree, item) {
  for (const other of tree.querySelectorAll("[role=treeitem][tabindex='0']")) other.setAttribute("tabindex", "-1");
  item?.setAttribute("tabindex", "0");
}

/** @param {HTMLElement} item */
function isShown(item) {
  return !item.classList.contains("left-out") && item.closest(".left-out") === null;
}

/**
 * @param {string} key
 * @param {HTMLElement[]} items
 * @param {number} at
 */
function chooseTarget(key, items, at) {
  switch (key) {
    case "ArrowDown":
      return items[at + 1];
    case "ArrowUp":
      return items[at - 1];
    case "Home":
      return items[0];
    case "End":
      return items.at(-1);
    case "ArrowRight":
      return items[at + 1] !== undefined && levelOf(items[at + 1]) > levelOf(items[at]) ? items[at + 1] : undefined;
    case "ArrowLeft":
      return items.slice(0, Math.max(at, 0)).findLast((item) => levelOf(item) < levelOf(items[at]));
    default:
      return undefined;
  }
}

/** @param {HTMLElement | undefined} item */
function levelOf(item) {
  return Number(item?.getAttribute("aria-level") ?? 0);
}

/**
 * @param {HostState} state
 * @param {HTMLElement | undefined} item
 */
function select(state, item) {
  state.select(item?.dataset["address"] ?? "");
}
