// A plain web space on loopback: the files of one folder, by byte ranges. Nothing else is asked of whoever hosts a `site`.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".json": "application/json" };

/** Serves until `close` is called; `address` ends with a slash. */
export async function webSpace(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname));
    let file = join(folder, path.endsWith("/") ? `${path}index.html` : path), size;
    try {
      size = statSync(file).size;
    } catch {
      return response.writeHead(404).end();
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const [first, last] = range ? [Number(range[1]), Math.min(size - 1, range[2] === "" ? size - 1 : Number(range[2]))] : [0, size - 1];
    const headers = { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "accept-ranges": "bytes", "content-length": last + 1 - first };
    if (range) headers["content-range"] = `bytes ${first}-${last}/${size}`;
    response.writeHead(range ? 206 : 200, headers);
    createReadStream(file, { start: first, end: last }).pipe(response);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
