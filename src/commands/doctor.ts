import { access, constants, mkdir } from "node:fs/promises";
import { connect } from "node:net";
import type { Config } from "../config.ts";
import { SELF_TESTS } from "../core/health/index.ts";
import { machineCounts } from "../core/machines/index.ts";
import type { World } from "../core/world.ts";
import { sandboxComplaint } from "../drivers/cluster/local/trial.ts";
import { asHavreError } from "../kernel/errors.ts";
import type { Cloud } from "../ports/cloud.ts";
import type { Cluster } from "../ports/cluster.ts";

type Check = readonly [name: string, act: () => Promise<string>];
type WithWorld = (act: (world: World) => Promise<number>) => Promise<number>;
interface Outside {
  readonly clouds: (world: World) => Promise<ReadonlyMap<string, Cloud>>;
  readonly clusters: (world: World) => ReadonlyMap<string, () => Promise<Cluster>>;
}

const CLOUD_MS = 60_000;

/** `havre doctor`: looks at everything that commonly goes wrong, and says what to do. @returns 0 when all is well, else 1 */
export async function runDoctor(
  config: Config,
  out: (line: string) => void,
  withWorld: WithWorld,
  { clouds, clusters }: Outside,
): Promise<number> {
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
      for (const test of SELF_TESTS) await run([test.name, () => test.run(world)]);
      if (config.openstackUrl !== "") await run(["machines", () => cloudsAnswer(world, clouds)]);
      // This machine's own is the line "sandbox".
      for (const [name, open] of clusters(world))
        if (name !== "local") await run([`tasks on ${name}`, () => clusterAnswers(open)]);
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
  [
    "sandbox",
    async () => {
      if (!config.computeClusters.includes("local")) return "not needed: COMPUTE_CLUSTERS does not name this machine";
      const complaint = await sandboxComplaint();
      return complaint === undefined
        ? "bubblewrap works: work can run on this machine"
        : `none: ${complaint}. No work can run on this machine; nothing else needs it`;
    },
  ],
];

async function clusterAnswers(open: () => Promise<Cluster>): Promise<string> {
  const cluster = await open();
  try {
    return await cluster.check(AbortSignal.timeout(CLOUD_MS));
  } finally {
    await cluster.close();
  }
}

async function cloudsAnswer(world: World, open: Outside["clouds"]): Promise<string> {
  const said: string[] = [];
  for (const [name, cloud] of await open(world)) said.push(`${name} ${await cloud.check(AbortSignal.timeout(CLOUD_MS))}`);
  const { orphans } = await machineCounts(world);
  if (orphans > 0) fail(`${said.join("; ")}; ${orphans} servers there belong to no machine: see docs/openstack.md.`);
  return said.join("; ");
}

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
