import { aReplica, aStudy, metadata } from "../../test/harness/uploads.ts";

/** Havre's upload server as it is, on a database of its own. Says port, path and metadata in one line. */
const { connection, folder } = JSON.parse(process.argv[2] ?? "{}");
const replica = await aReplica({ connection, folder }, { hashPatienceMs: 500 });
const study = await aStudy(replica);
process.stdout.write(
  `${JSON.stringify({ port: replica.port, path: `/files/${study.uuid}/`, metadata: metadata({ filename: "a.bin", upload_code: study.code }) })}\n`,
);
