/** A worker: reads chunks of Zarr arrays and sends their codes, checked to be those that were written. */

import * as zarr from "zarrita";
import { bloscCodec } from "./blosc";
import type { Abort, Answer, Codes, Job } from "./codes";
import { checkedCrc32c } from "./crc32c";
import { Trouble, fetchObject } from "./requests";

zarr.registry.set("blosc", () => Promise.resolve(bloscCodec));
zarr.registry.set("crc32c", () => Promise.resolve(checkedCrc32c));

type Stored = zarr.Array<zarr.DataType, zarr.Readable>;

const arrays = new Map<string, Promise<Stored>>();
const running = new Map<number, AbortController>();

/** An array whose metadata the page has read already: no worker reads it again. */
function arrayOf({ url, metadata }: Job): Promise<Stored> {
  let found = arrays.get(url);
  if (!found) {
    // Without this, every index of a shard is asked for twice, by HEAD and by GET.
    const stored = new zarr.FetchStore(url, { fetch: fetchObject, useSuffixRequest: true });
    const document = new TextEncoder().encode(JSON.stringify(metadata));
    const store: zarr.AsyncReadable = {
      get: async (key, options) => (key === "/zarr.json" ? document : stored.get(key, options)),
      // The index of a shard is shared by all that want a chunk of it: it is not stopped for one of them.
      getRange: (key, range, options) =>
        stored.getRange(key, range, "suffixLength" in range ? undefined : options),
    };
    found = zarr.open.v3(zarr.root(store), { kind: "array" });
    arrays.set(url, found);
  }
  return found;
}

async function read(job: Job, signal: AbortSignal): Promise<Answer | undefined> {
  try {
    const array = await arrayOf(job);
    const { data } = await array.getChunk([...job.at], { signal });
    return { job: job.job, codes: data as Codes };
  } catch (error) {
    if (signal.aborted) return undefined;
    return { job: job.job, failed: words(error, job) };
  }
}

/** Why a chunk is not there, by the innermost cause. */
function words(error: unknown, job: Job): string {
  let cause = error;
  while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause;
  if (cause instanceof Trouble) return cause.message;
  const name = new URL(job.url).pathname.split("/").slice(-5).join("/");
  return `Chunk ${job.at.join("/")} of ${name} is not shown: ${cause instanceof Error ? cause.message : String(cause)}.`;
}

self.onmessage = async ({ data }: MessageEvent<Job | Abort>) => {
  if ("abort" in data) {
    running.get(data.abort)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(data.job, controller);
  const answer = await read(data, controller.signal);
  running.delete(data.job);
  if (answer) self.postMessage(answer, { transfer: "codes" in answer ? [answer.codes.buffer] : [] });
};
