/**
 * Requests to the root: what is not there, what may be asked again, and the answers that would be taken for data.
 */

/** Something went wrong that a person should read as it is. */
export class Trouble extends Error {
  override name = "Trouble";
}

/** What a person should read of an error. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Times that a request is made again after the network or the server failed, and the first pause, ms.
const AGAIN = 3;
const PAUSE_MS = 300;

/**
 * `fetch` for objects of a root.
 *
 * A server that knows no ranges answers with the whole file, which would be taken for the range and shown as other
 * numbers: this is refused. An object store without the right to list says 403 where there is no object: that is 404,
 * and who asked says that it may also be one that must not be read.
 */
export async function fetchObject(request: Request): Promise<Response> {
  const ranged = request.headers.has("Range");
  const response = await patient(request);
  if (response.status === 403) return new Response(null, { status: 404 });
  if (response.status === 404) return response;
  if (!response.ok) throw new Trouble(`${request.url}: the server answered ${response.status}`);
  if (ranged && response.status !== 206) {
    await response.body?.cancel();
    throw new Trouble(
      `${new URL(request.url).host} ignores ranges: it sent a whole file where a part was asked for. ` +
        "Serve the root with `lunarcloud view --root ROOT`, nginx, Caddy or an object store.",
    );
  }
  return response;
}

/** A response, asked for again while the network or the server fails. */
async function patient(request: Request): Promise<Response> {
  for (let tries = 0; ; tries++) {
    try {
      const response = await fetch(request.clone());
      if (response.status < 500 || tries === AGAIN) return response;
    } catch (error) {
      if (request.signal.aborted) throw error;
      if (tries === AGAIN) {
        throw new Trouble(`${request.url} cannot be reached: ${String(error)}${hintFor(request)}`);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * 2 ** tries));
  }
}

/** What a browser does not tell its page: another host may have answered, but not for this page. */
function hintFor({ url }: Request): string {
  const { host, origin } = new URL(url);
  return origin === location.origin
    ? ""
    : `. If ${host} is there, it does not let pages of ${location.origin} read (CORS)`;
}

/** A JSON document; nothing where there is none. */
export async function fetchJson(url: URL | string): Promise<unknown> {
  const response = await fetchObject(new Request(url));
  if (response.status === 404) return undefined;
  try {
    return await response.json();
  } catch (error) {
    throw new Trouble(`${String(url)} is not JSON: ${String(error)}`);
  }
}
