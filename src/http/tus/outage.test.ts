import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { Upload } from "tus-js-client";
import { aPlace } from "../../../test/harness/upload-place.ts";
import { type AStudy, aReplica, aStudy, metadata, type Replica } from "../../../test/harness/uploads.ts";
import { MIB } from "../../kernel/units.ts";

const TUS = { "Tus-Resumable": "1.0.0" };

/** Between a server and its database: cut, the database is away for that server. */
async function aLine(to: NetConnectOpts) {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer(near => {
    near.on("error", () => {});
    if (isCut) return near.destroy();
    const far = connect(to).on("error", () => near.destroy());
    for (const end of [near, far]) open.add(end.on("close", () => open.delete(end)));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    isCut = true;
    for (const end of open) end.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => {
      isCut = false;
    },
    close() {
      cut();
      server.close();
    },
  };
}

describe("tus while the database is away", () => {
  let place: Awaited<ReturnType<typeof aPlace>>;
  let line: Awaited<ReturnType<typeof aLine>>;
  let replica: Replica;
  let study: AStudy;
  before(async () => {
    place = await aPlace();
    const { host = "127.0.0.1", port = 5432 } = place.connection;
    line = await aLine(host.startsWith("/") ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
    replica = await aReplica({ ...place, connection: { ...place.connection, host: "127.0.0.1", port: line.port } });
    study = await aStudy(replica);
  });
  after(async () => {
    line.mend();
    await replica.close();
    line.close();
    await place.close();
  });

  it("a client that comes back meanwhile is told to wait, goes on where it was, and its file is one drop", async () => {
    const body = randomBytes(2 * MIB);
    const endpoint = `${replica.origin}/files/${study.uuid}/`;
    const said = metadata({ filename: "scan.bin", upload_code: study.code });
    const created = await fetch(endpoint, {
      method: "POST",
      headers: { ...TUS, "Upload-Length": String(body.length), "Upload-Metadata": said },
    });
    const uploadUrl = created.headers.get("location") ?? "";
    line.cut();
    const asked = await fetch(uploadUrl, { method: "HEAD", headers: TUS });
    assert.equal(asked.status, 423, "any other refusal would make clients begin from zero");

    const statuses: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const upload = new Upload(body, {
        endpoint,
        uploadUrl,
        metadata: { filename: "scan.bin", upload_code: study.code },
        retryDelays: Array.from({ length: 100 }, () => 100),
        onAfterResponse: (_request, response) => {
          statuses.push(response.getStatus());
          if (statuses.length === 2) line.mend();
        },
        onError: reject,
        onSuccess: () => resolve(assert.equal(upload.url, uploadUrl)),
      });
      upload.start();
    });
    assert.deepEqual(statuses.slice(0, 2), [423, 423]);
    const drops = await replica.world.store.db.selectFrom("drop").select("size_bytes").execute();
    assert.deepEqual(drops, [{ size_bytes: body.length }]);
  });
});
