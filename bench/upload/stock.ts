import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

/** @tus/server with @tus/file-store as published; the hash is worked out in a second pass before the last answer. */
const { folder } = JSON.parse(process.argv[2] ?? "{}") as { folder: string };
const tus = new Server({
  path: "/files",
  datastore: new FileStore({ directory: folder }),
  async onUploadFinish(_request, upload) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(join(folder, upload.id), { highWaterMark: 1 << 20 })) hash.update(chunk);
    hash.digest("hex");
    return {};
  },
});
const server = createServer((request, response) => void tus.handle(request, response));
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ port, path: "/files", metadata: "filename YS5iaW4=" })}\n`);
});
