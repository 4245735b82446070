import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type S3Server, startSwift, swiftMissing } from "../../../../test/engines/swift.ts";
import { MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage } from "../../../ports/storage.suite.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import { openS3 } from "./s3.ts";

async function aBucket(server: S3Server, name: string): Promise<string> {
  const credentials = { accessKeyId: server.user, secretAccessKey: server.password };
  const client = new S3Client({ endpoint: server.url, region: "us-east-1", forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
  return `${server.url}${name}`;
}

behavesLikeStorage(
  "a bucket of OpenStack Swift",
  async () => {
    const server = await startSwift();
    const location = `${await aBucket(server, "havre")}/a folder`;
    const access = { engine: "S3", location, username: server.user, password: server.password };
    const http = makeGuardedHttp({ egressAllow: ["127.0.0.0/8"] });
    return { storage: openS3(access, { http }), close: () => server.stop() };
  },
  { skip: swiftMissing(), maxNameBytes: 255, keepsBytes: 8 * MIB },
);
