import { access, constants, mkdir } from "node:fs/promises";
import { connect } from "node:net";
import type { Config } from "../config.ts";
import { errandLag } from "../core/errands/index.ts";
import { brokenLink } from "../core/events/index.ts";
import { unbalanced } from "../core/ledger/index.ts";
import type { World } from "../core/world.ts";
import { asHavreError } from "../kernel/errors.ts";
import { formatBytes } from "../kernel/units.ts";
import { signingKeys } from "../store/maintenance.ts";

type Check = readonly [name: string, act: () => Promise<string>];
type WithWorld = (act: (world: World) => Promise<number>) => Promise<number>;

const ENOUGH_BYTES = 10 * 2 ** 30;

/** `havre doctor`: looks at everything that commonly goes wrong, and says what to do. @returns 0 when all is well, else 1 */
export async function runDoctor(config: Config, out: (line: string) => void, withWorld: WithWorld): Promise<number> {
  let failures = 0;
  const run = async ([name, act]: Check): Promise<void> => {
    try {
      out(`ok    ${name}: ${await act()}`);
    } catch (error) {
      failures += 1;
      const known = asHavreError(error);
      out(`FAIL  ${name}: ${known.kind === "bug" && error instanceof Error ? error.message : known.message}`);
    }
  };
  for (const check of machine(config)) await run(check);
  try {
    await withWorld(async world => {
      for (const check of inside(world)) await run(check);
      return 0;
    });
  } catch (error) {
    failures += 1;
    out(
      `FAIL  database: ${asHavreError(error).message} ${error instanceof Error ? error.message : ""} Check DATABASE_URL or DATA_DIR.`,
    );
  }
  out(failures === 0 ? "All is well." : `${failures} of the checks failed.`);
  return failures === 0 ? 0 : 1;
}

const machine = (config: Config): readonly Check[] => [
  [
    "node",
    async () =>
      Number(process.versions.node.split(".")[0]) >= 24
        ? process.version
        : fail(`${process.version} is too old; Havre needs 24. Start it with make run or bin/havre.`),
  ],
  [
    "data folder",
    async () => {
      await mkdir(config.dataDir, { recursive: true });
      await access(config.dataDir, constants.W_OK);
      return config.dataDir;
    },
  ],
  [
    "secret key",
    async () =>
      config.secretKey !== ""
        ? "given"
        : config.debug
          ? "kept in DATA_DIR/secret.key (development)"
          : fail("SECRET_KEY is not set."),
  ],
  [
    "port",
    async () =>
      (await answers(config.port)) ? `${config.port} is in use: by a running Havre, it is to be hoped` : `${config.port} is free`,
  ],
  [
    "mail",
    async () =>
      config.mailHost === ""
        ? "caught in the outbox (no EMAIL_HOST)"
        : (await answers(config.mailPort, config.mailHost))
          ? `${config.mailHost}:${config.mailPort} answers`
          : fail(`${config.mailHost}:${config.mailPort} does not answer.`),
  ],
];

const inside = (world: World): readonly Check[] => [
  ["database", () => world.store.check().then(() => "answers, and is at this version")],
  ["uploads folder", () => world.blobs.check().then(() => "can be written and read")],
  [
    "room for uploads",
    async () => {
      const free = await world.blobs.freeBytes();
      if (free === Number.POSITIVE_INFINITY) return "the bucket does not say";
      return free > ENOUGH_BYTES
        ? `${formatBytes(free)} free`
        : fail(`only ${formatBytes(free)} free: uploads will soon be refused. Make room, or move BLOB_URL.`);
    },
  ],
  [
    "errands",
    async () => {
      const { oldestSeconds, waiting, running, parked } = await errandLag(world);
      if (oldestSeconds > 300)
        fail(`the oldest is ${Math.round(oldestSeconds)} s late. Is "havre work" (or "havre up") running?`);
      return `${waiting} waiting, ${running} running, ${parked} parked${parked > 0 ? " (see the log for their reasons)" : ""}`;
    },
  ],
  [
    "audit chain",
    async () => {
      const { checked, brokenAt } = await brokenLink(world);
      return brokenAt === undefined
        ? `${checked} events, unbroken`
        : fail(`broken at event ${brokenAt}: somebody altered or removed it in the database.`);
    },
  ],
  [
    "ledger",
    async () => {
      const wrong = await unbalanced(world.store.db);
      return wrong.length === 0 ? "the books balance" : fail(`the books do not balance: ${wrong.slice(0, 5).join(", ")}.`);
    },
  ],
  ["receipt keys", async () => (await signingKeys(world.store.db)).map(({ publicKey }) => publicKey).join(", ")],
];

function fail(message: string): never {
  throw new Error(message);
}

const answers = (port: number, host = "127.0.0.1"): Promise<boolean> =>
  new Promise(resolve => {
    const socket = connect({ port, host, timeout: 3000 });
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket
      .once("connect", () => end(true))
      .once("error", () => end(false))
      .once("timeout", () => end(false));
  });
