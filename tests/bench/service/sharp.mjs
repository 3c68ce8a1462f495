// The least that an image server around sharp has to do: fetch, resize, answer.
// GET /BOX/FORMAT/QUALITY/SOURCE, where SOURCE is a URL.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const sharp = createRequire(`${process.env.MODULES}/`)("sharp");
sharp.cache(false);
sharp.concurrency(1); // every request has a thread of libuv's pool already

createServer(async (request, response) => {
  try {
    const [, box, format, quality, source] = request.url.match(/^\/(\d+)\/(\w+)\/(\d+)\/(.*)$/) ?? [];
    if (!source) throw new Error("no such path");
    const fetched = Buffer.from(await (await fetch(source)).arrayBuffer());
    const fit = { width: +box, height: +box, fit: "inside", withoutEnlargement: true };
    // To sharp a quality of a PNG means a palette, which is another picture.
    const options = format === "png" ? {} : { quality: +quality };
    const body = await sharp(fetched).resize(fit).toFormat(format, options).toBuffer();
    response.writeHead(200, { "Content-Type": `image/${format}`, "Content-Length": body.length }).end(body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(+process.env.PORT, "127.0.0.1");
