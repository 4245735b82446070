import { execFile } from "node:child_process";
import { join } from "node:path";
import { ADMIN, type Havre } from "../harness/havre.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

/** `havre self-test`, beside a server that runs. */
export const selfTest = (havre: Havre): Promise<{ status: number; output: string }> =>
  new Promise(resolve => {
    const env = {
      PATH: process.env.PATH ?? "",
      DATABASE_URL: havre.database.url,
      DATA_DIR: havre.dataDir,
      SECRET_KEY: "a secret key of the tests, long enough for all",
      PUBLIC_URL: havre.url,
      EGRESS_ALLOW: "127.0.0.0/8",
      ADMIN_NAME: ADMIN.username,
    };
    execFile(process.execPath, [MAIN, "self-test"], { env }, (error, stdout) =>
      resolve({ status: typeof error?.code === "number" ? error.code : 0, output: stdout }),
    );
  });
