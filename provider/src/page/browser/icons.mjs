import { makeSvg } from "./elements.mjs";

/** Strokes in a square of 16; each sign differs in shape, so that colour is never needed to tell them apart. */
const STROKES = {
  free: "M3 8.5l3.2 3.2L13 4.8",
  together:
    "M6.5 9.5l3-3M7.3 4.9l1.4-1.4a2.7 2.7 0 0 1 3.8 3.8l-1.4 1.4M8.7 11.1l-1.4 1.4a2.7 2.7 0 0 1-3.8-3.8l1.4-1.4",
  given: "M9 3h4v4M13 3L7.5 8.5M6.5 4H3v9h9V9.5",
  needed: "M3.5 7.5h9v6h-9zM5.5 7.5V5.2a2.5 2.5 0 0 1 5 0v2.3",
  bridge: "M3 8h4M7 8c3 0 2-4 6-4M7 8c3 0 2 4 6 4",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7L14 14",
  close: "M4 4l8 8M12 4l-8 8",
  good: "M3 8.5l3.2 3.2L13 4.8",
  bad: "M4 4l8 8M12 4l-8 8",
  unknown: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.8-1.1 1.6M8 12.2v.3",
  theme: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12",
  print: "M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7z",
};

/**
 * A sign. It says nothing that is not also said in words nearby.
 *
 * @param {keyof typeof STROKES} name
 * @param {number} [size]
 */
export function icon(name, size = 16) {
  const path = makeSvg("path", { d: STROKES[name] });
  return makeSvg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", width: size, height: size, "aria-hidden": "true" },
    path,
  );
}
