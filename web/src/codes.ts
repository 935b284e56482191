/** What goes between the page and the workers that read Zarr. */

import type { ArrayMetadata } from "./root";

export type Codes = Uint8Array | Uint16Array | Int16Array | Int32Array;

/** A chunk that the page wants. */
export interface Job {
  readonly job: number;
  /** Folder of the array. */
  readonly url: string;
  readonly metadata: ArrayMetadata;
  readonly at: readonly number[];
}

export interface Abort {
  readonly abort: number;
}

/** Its codes, row by row, or why there are none. */
export type Answer =
  { readonly job: number; readonly codes: Codes } | { readonly job: number; readonly failed: string };
