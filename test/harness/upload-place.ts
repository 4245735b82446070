import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshDatabase } from "./database.ts";
import type { Place } from "./uploads.ts";

/** A database and a folder of one's own, both real. */
export async function aPlace(): Promise<Place & { close(): Promise<void> }> {
  const database = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), "havre-uploads-"));
  return {
    connection: database.connection,
    folder,
    async close() {
      await database.drop();
      for (const used of [folder, `${folder}-shared`]) await rm(used, { recursive: true, force: true });
    },
  };
}
