import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Upload } from "tus-js-client";
import { nginxMissing, startFront, startNginx } from "../../../test/engines/nginx.ts";
import { freePort } from "../../../test/engines/ports.ts";
import { aPlace } from "../../../test/harness/upload-place.ts";
import { type AStudy, aReplica, aStudy, metadata, type Replica } from "../../../test/harness/uploads.ts";
import { MIB } from "../../kernel/units.ts";

/** The front that the VRE broker was shipped with: the study moves from the path to the metadata, and the answer claims https. */
const SEED_JS = `
function update(r) {
  return r.headersIn["Upload-Metadata"] + ",study " + Buffer.from(r.variables.study_id).toString("base64") + ",ip " + Buffer.from(r.variables.remote_addr).toString("base64");
}
export default { update };`;
const PASS = (port: number): string => `
  proxy_request_buffering off; proxy_buffering off; client_max_body_size 0;
  proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto https;
  proxy_pass http://127.0.0.1:${port}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`;
const SEED = (listen: number, port: number): string => `
js_import tus.js; js_set $updated tus.update;
server {
  listen 127.0.0.1:${listen};
  location ~ "/files/([0-9a-f]+\\-[0-9a-f]+\\-[1-5][0-9a-f]+\\-[89ab][0-9a-f]+\\-[0-9a-f]+)?/" {
    set $study_id $1;
    proxy_set_header Upload-Metadata $updated;
    rewrite ^.*$ /files/ break;
    ${PASS(port)}
  }
  location ~ /files { ${PASS(port)} }
}`;

const missing = nginxMissing();

/** @returns the front's origin for uploads and what stops it */
async function aFront(kind: "ours" | "seed", upstream: number): Promise<{ origin: string; stop(): Promise<void> }> {
  if (kind === "ours") {
    const { uploads, stop } = await startFront({ havre: upstream });
    return { origin: uploads, stop };
  }
  const port = await freePort();
  const { stop } = await startNginx(SEED(port, upstream), { "tus.js": SEED_JS }, [port]);
  return { origin: `http://127.0.0.1:${port}`, stop };
}

describe("tus behind nginx", { skip: missing }, () => {
  let place: Awaited<ReturnType<typeof aPlace>>;
  let replica: Replica;
  let study: AStudy;
  before(async () => {
    place = await aPlace();
    replica = await aReplica(place, { believed: ["127.0.0.1"] });
    study = await aStudy(replica);
  });
  after(async () => {
    await replica.close();
    await place.close();
  });

  const post = (url: string, said: string | undefined): Promise<Response> =>
    fetch(url, {
      method: "POST",
      headers: { "Tus-Resumable": "1.0.0", "Upload-Length": "3", ...(said === undefined ? {} : { "Upload-Metadata": said }) },
    });
  const dropOf = async (location: string) => {
    const upload = await replica.world.store.db
      .selectFrom("upload")
      .selectAll()
      .where("id", "=", location.split("/").at(-1) ?? "")
      .executeTakeFirstOrThrow();
    return replica.world.store.db.selectFrom("drop").selectAll().where("id", "=", upload.drop_id).executeTakeFirstOrThrow();
  };
  const forged = (): string =>
    metadata({ study: crypto.randomUUID(), ip: "9.9.9.9", filename: "a.txt", upload_code: study.code });

  for (const kind of ["ours", "seed"] as const)
    it(`an upload begins, goes on and ends through ${kind === "ours" ? "our front" : "the broker's front"}; forged study and address count for nothing`, async () => {
      const front = await aFront(kind, replica.port);
      try {
        const created = await post(`${front.origin}/files/${study.uuid}/`, forged());
        assert.equal(created.status, 201, await created.text());
        const location = created.headers.get("location") ?? "";
        // The broker's front says https and loses its port, whatever the client used: only its path is good then.
        if (kind === "ours") assert.ok(location.startsWith(`${front.origin}/files/`), location);
        else assert.ok(location.startsWith("https://127.0.0.1/files/"), location);
        const drop = await dropOf(location);
        assert.equal(drop.study_id, study.id);
        assert.equal(drop.ip, "127.0.0.1");

        const url = front.origin + new URL(location).pathname;
        const headers = { "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream" };
        assert.equal(
          (await fetch(url, { method: "PATCH", headers: { ...headers, "Upload-Offset": "0" }, body: "ab" })).status,
          204,
        );
        const head = await fetch(url, { method: "HEAD", headers });
        assert.equal(head.headers.get("upload-offset"), "2");
        assert.equal(head.headers.get("upload-metadata"), metadata({ filename: "a.txt" }));
        assert.equal(
          (await fetch(url, { method: "PATCH", headers: { ...headers, "Upload-Offset": "2" }, body: "c" })).status,
          204,
        );
        assert.equal((await dropOf(location)).status, "UPLOADED");

        const silent = await post(`${front.origin}/files/${study.uuid}/`, undefined);
        assert.equal(silent.status, 403, "no metadata at all: the front's bare `undefined` is no key");
        assert.match(await silent.text(), /Invalid upload code/);
      } finally {
        await front.stop();
      }
    });

  it("nobody begins an upload around our front's rewriting", async () => {
    const front = await aFront("ours", replica.port);
    try {
      for (const path of ["/files/", "/files", "//files/", "/files//"])
        assert.equal((await post(front.origin + path, forged())).status, 404, path);
    } finally {
      await front.stop();
    }
  });

  it("around the broker's front a client can name the study, which needs its code anyway, but not its own address", async () => {
    const front = await aFront("seed", replica.port);
    try {
      const said = metadata({ study: study.uuid, ip: "9.9.9.9", filename: "a.txt", upload_code: study.code });
      const created = await post(`${front.origin}/files/`, said);
      assert.equal(created.status, 201);
      assert.equal((await dropOf(created.headers.get("location") ?? "")).ip, "127.0.0.1");
    } finally {
      await front.stop();
    }
  });

  it("DROPOFF_UPLOAD_HOST gives clients the right address behind a front that loses it", async () => {
    const told = await aReplica(place, { believed: ["127.0.0.1"], settings: { uploadHost: "http://uploads.example.org:1090" } });
    const front = await aFront("seed", told.port);
    try {
      const created = await post(`${front.origin}/files/${study.uuid}/`, forged());
      assert.match(created.headers.get("location") ?? "", /^http:\/\/uploads\.example\.org:1090\/files\//);
    } finally {
      await front.stop();
      await told.close();
    }
  });

  it("from a peer that is not believed, metadata and forwarding headers count for nothing", async () => {
    const strict = await aReplica(place);
    try {
      const said = metadata({ study: study.uuid, ip: "9.9.9.9", filename: "a.txt", upload_code: study.code });
      assert.equal((await post(`${strict.origin}/files/`, said)).status, 404);
      const headers = {
        "Tus-Resumable": "1.0.0",
        "Upload-Length": "3",
        "Upload-Metadata": said,
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Host": "evil.example",
      };
      const created = await fetch(`${strict.origin}/files/${study.uuid}/`, { method: "POST", headers });
      const location = created.headers.get("location") ?? "";
      assert.ok(location.startsWith(strict.origin));
      assert.equal((await dropOf(location)).ip, "127.0.0.1");
    } finally {
      await strict.close();
    }
  });

  it("tus-js-client uploads through our front in large pieces", async () => {
    const front = await aFront("ours", replica.port);
    try {
      const body = randomBytes(8 * MIB);
      const url = await new Promise<string>((resolve, reject) => {
        const upload = new Upload(body, {
          endpoint: `${front.origin}/files/${study.uuid}/`,
          metadata: { filename: "scan.bin", upload_code: study.code },
          chunkSize: 3 * MIB,
          onSuccess: () => resolve(upload.url ?? ""),
          onError: reject,
        });
        upload.start();
      });
      assert.equal((await dropOf(url)).sha256, createHash("sha256").update(body).digest("hex"));
    } finally {
      await front.stop();
    }
  });
});
