import type { HostSurvey, Verdict } from "../model/survey/survey";

/** What the page is made of: all that its script needs, as plain JSON. */
export interface PageData {
  readonly hosts: readonly HostPicture[];
  /** The function that the page was made for. */
  readonly device?: { readonly host: number; readonly address: string };
}

/** A host: its survey, and where each part of its picture stands. */
export interface HostPicture {
  readonly survey: HostSurvey;
  /** One for each root bus, by address. */
  readonly buses: readonly BusPicture[];
}

/** A root bus with everything below it. */
export interface BusPicture {
  /** `0000:40`: domain and number. */
  readonly bus: string;
  /** -1 where its functions do not agree on one. */
  readonly numaNode: number;
  /** What is on the bus, in one or more columns, so that a long bus does not become a long page. */
  readonly columns: readonly ColumnPicture[];
}

/** Some of what is on a bus; lengths are CSS pixels, from the upper left corner of the column. */
export interface ColumnPicture {
  readonly width: number;
  readonly height: number;
  /** In the order of the tree: every function after its parent. */
  readonly nodes: readonly NodePicture[];
  readonly stacks: readonly StackPicture[];
  readonly frames: readonly FramePicture[];
  readonly edges: readonly EdgePicture[];
}

/** A rectangle of the picture. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A function: a row with its names, a bridge as a small box, or a cell of a stack. */
export interface NodePicture extends Box {
  readonly address: string;
  readonly kind: "row" | "port" | "cell";
  /** What a bridge is: `root port`; empty for others. */
  readonly role: string;
  /** Depth in the tree; the bus is 1. */
  readonly level: number;
  /** Address of the function above it in the tree; empty on the root bus. */
  readonly parent: string;
}

/** Functions that are much alike, drawn as cells. */
export interface StackPicture extends Box {
  readonly title: string;
  /** Frames around its cells, one for each group. */
  readonly pills: readonly PillPicture[];
}

/** The frame of a group within a stack. */
export interface PillPicture extends Box {
  readonly group: number;
  readonly kind: Verdict["kind"];
  readonly members: readonly string[];
}

/** The frame around an IOMMU group, or around a function that has none. */
export interface FramePicture {
  /** -1: the function has no group. */
  readonly group: number;
  readonly kind: Verdict["kind"];
  readonly members: readonly string[];
  /** Outline, as the `d` of an SVG path. */
  readonly outline: string;
  /** The strip at its left, which holds number and sign. */
  readonly band: Box;
}

/** A line from a bridge, or from the bus, to what hangs on it. */
export interface EdgePicture {
  /** Address of the bridge; empty for the bus. */
  readonly from: string;
  /** Addresses of the functions that it leads to. */
  readonly to: readonly string[];
  readonly line: string;
}
