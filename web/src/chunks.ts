/** Chunks of rasters: read by workers, kept while there is room, no longer read once nobody wants them. */

import type { Abort, Answer, Codes, Job } from "./codes";
import { Trouble } from "./requests";
import type { Level } from "./root";

// More workers than this wait for the network, not for the processor.
const WORKERS = Math.min(4, Math.max(2, navigator.hardwareConcurrency));
const KEPT_BYTES = 256 * 2 ** 20;

/** A chunk of a level, by its row and column among the level's chunks; of a mosaic, by its band before them. */
export interface Wanted {
  readonly level: Level;
  readonly at: readonly number[];
}

interface Running {
  readonly job: number;
  readonly worker: Worker;
  readonly done: PromiseWithResolvers<Codes>;
  /** Whether somebody waits for it besides the picture. */
  isHeld: boolean;
}

const workers = Array.from(
  { length: WORKERS },
  () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
);
const kept = new Map<string, Codes>();
// Computed here: nobody could read them again.
const computed = new Map<string, Codes>();
const running = new Map<string, Running>();
const failures = new Map<string, string>();
let keptBytes = 0;
let lastJob = 0;

/** Called when a chunk arrived or could not be read. */
let changed: () => void = () => undefined;

for (const worker of workers) {
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const found = [...running].find(([, { job }]) => job === data.job);
    if (!found) return;
    const [key, { done }] = found;
    running.delete(key);
    if ("codes" in data) {
      keep(key, data.codes);
      done.resolve(data.codes);
    } else {
      failures.set(key, data.failed);
      done.reject(new Trouble(data.failed));
    }
    changed();
  };
}

export function whenChanged(listener: () => void): void {
  changed = listener;
}

/** The codes of a chunk, if they are here. */
export function chunkOf(wanted: Wanted): Codes | undefined {
  const key = keyOf(wanted);
  const codes = kept.get(key) ?? computed.get(key);
  if (codes && kept.has(key)) {
    // Last in the map is what was used last.
    kept.delete(key);
    kept.set(key, codes);
  }
  return codes;
}

/** Whether a chunk is neither here nor going to be, since it could not be read. */
export function hasFailed(wanted: Wanted): boolean {
  return failures.has(keyOf(wanted));
}

/** Why chunks could not be read, each reason once. */
export function troubles(): string[] {
  return [...new Set(failures.values())];
}

/** Read again, when next wanted, what could not be read. */
export function forgetTroubles(): void {
  failures.clear();
  changed();
}

/** Read what a picture needs, and stop reading what only an earlier one did. */
export function want(all: readonly Wanted[]): void {
  const keys = new Set(all.map(keyOf));
  for (const [key, { worker, job, isHeld }] of running) {
    if (isHeld || keys.has(key)) continue;
    running.delete(key);
    worker.postMessage({ abort: job } satisfies Abort);
  }
  for (const wanted of all) {
    const key = keyOf(wanted);
    if (kept.has(key) || computed.has(key) || failures.has(key)) continue;
    // Failures are told by `troubles`.
    start(wanted).done.promise.catch(() => undefined);
  }
}

/** The codes of a chunk, read if they are not here; rejects with a `Trouble`. */
export function read(wanted: Wanted): Promise<Codes> {
  const codes = chunkOf(wanted);
  if (codes) return Promise.resolve(codes);
  const found = start(wanted);
  found.isHeld = true;
  return found.done.promise;
}

/** Keep codes that were computed here as a chunk. */
export function keepComputed(wanted: Wanted, codes: Codes): void {
  computed.set(keyOf(wanted), codes);
  changed();
}

function start(wanted: Wanted): Running {
  const key = keyOf(wanted);
  const known = running.get(key);
  if (known) return known;
  const { level, at } = wanted;
  const [row, col] = at.slice(-2) as [number, number];
  const across = level.shard / level.chunk;
  // All chunks of a shard go to one worker, which reads the shard's index once.
  const shard = Math.floor(row / across) * 131 + Math.floor(col / across);
  const worker = workers[shard % workers.length]!;
  const found: Running = { job: ++lastJob, worker, done: Promise.withResolvers<Codes>(), isHeld: false };
  running.set(key, found);
  worker.postMessage({ job: found.job, url: level.url, metadata: level.metadata, at } satisfies Job);
  return found;
}

function keep(key: string, codes: Codes): void {
  kept.set(key, codes);
  keptBytes += codes.byteLength;
  for (const [oldest, { byteLength }] of kept) {
    if (keptBytes <= KEPT_BYTES || oldest === key) break;
    kept.delete(oldest);
    keptBytes -= byteLength;
  }
}

function keyOf({ level, at }: Wanted): string {
  return `${level.url}/${at.join("/")}`;
}
