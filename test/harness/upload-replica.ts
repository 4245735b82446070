import { aReplica } from "./uploads.ts";

/** A server in a process of its own, for tests that kill it. Says where it listens, in one line. */
const { connection, folder } = JSON.parse(process.argv[2] ?? "{}");
const replica = await aReplica({ connection, folder });
process.stdout.write(`${replica.origin}\n`);
