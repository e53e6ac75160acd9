/** @typedef {{ element: HTMLElement, widths: number[], columns: { element: HTMLElement }[] }} Panel */

/** The least width of the grid's columns, the space between them, and what frames the columns of a panel, in CSS pixels. */
const UNIT = 207;
const GAP = 16;
const PADDING = 18;
/** Panels begin on lines of this distance. */
const LINE = 8;

/** What a sheet of paper holds, A4 or Letter, in CSS pixels. */
const SHEET = { width: 690, height: 900 };

/**
 * Lays the panels out in as many columns as there is room for; those that are too wide even so are drawn smaller.
 *
 * @param {HTMLElement} tree
 * @param {Panel[]} panels
 */
export function fitBuses(tree, panels) {
  const width = tree.clientWidth;
  if (width === 0) return;
  const most = Math.max(1, Math.floor((width + GAP) / (UNIT + GAP)));
  for (const panel of panels) {
    const span = Math.min(most, Math.ceil((measure(panel) + GAP) / (UNIT + GAP)));
    const room = (width + GAP) * (span / most) - GAP - PADDING;
    panel.element.style.gridColumn = `span ${span}`;
    panel.columns.forEach(({ element }, i) => {
      element.style.setProperty("--fit", String(Math.min(1, room / (panel.widths[i] ?? room))));
    });
  }
  const heights = panels.map(({ element }) => element.offsetHeight);
  panels.forEach(({ element }, i) => {
    element.style.gridRow = `span ${Math.ceil(((heights[i] ?? 0) + GAP) / LINE)}`;
  });
}

/**
 * On paper a panel must fit on one sheet.
 *
 * @param {Panel} panel
 * @param {number[]} heights
 */
export function fitToSheet(panel, heights) {
  const zoom = Math.min(1, SHEET.width / measure(panel), SHEET.height / (Math.max(...heights) + 60));
  panel.element.style.setProperty("--sheet", String(zoom));
}

/** @param {Panel} panel */
function measure({ widths }) {
  return widths.reduce((sum, width) => sum + width + GAP, PADDING - GAP);
}
