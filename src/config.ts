import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { accounts } from "./settings/accounts.ts";
import { addresses } from "./settings/addresses.ts";
import { administrator } from "./settings/administrator.ts";
import { clusters } from "./settings/clusters.ts";
import { daemon } from "./settings/daemon.ts";
import { type Setting, Wrong } from "./settings/kinds.ts";
import { ledger } from "./settings/ledger.ts";
import { mail } from "./settings/mail.ts";
import { market } from "./settings/market.ts";
import { openstack } from "./settings/openstack.ts";
import { operations } from "./settings/operations.ts";
import { reach } from "./settings/reach.ts";
import { server } from "./settings/server.ts";
import { tasks } from "./settings/tasks.ts";
import { uploads } from "./settings/uploads.ts";
import { vrw } from "./settings/vrw.ts";

/**
 * Every setting: name, default, help, by area in `src/settings`. The only file that reads the environment; docs/configuration.md
 * is made from it. Names that the VRE broker's operators know keep their names (DJANGO_ADMIN_*, DROPOFF_*, VRW_*, EMAIL_*, …).
 */
export type { Setting } from "./settings/kinds.ts";

export const SECTIONS: Readonly<Record<string, Readonly<Record<string, Setting<unknown>>>>> = {
  "Where it listens and keeps its data": server,
  "The first administrator": administrator,
  "Addresses that people see": addresses,
  "Uploads and deliveries": uploads,
  "An external upload daemon": daemon,
  "The VRW group": vrw,
  OpenStack: openstack,
  Mail: mail,
  "What may be reached, and by whom": reach,
  "Where work runs": clusters,
  "Times and accounts": accounts,
  "Budgets and prices": ledger,
  Marketplace: market,
  Tasks: tasks,
  "TLS, log, metrics, database": operations,
};

export const SETTINGS = {
  ...server,
  ...administrator,
  ...addresses,
  ...uploads,
  ...daemon,
  ...vrw,
  ...openstack,
  ...mail,
  ...reach,
  ...clusters,
  ...accounts,
  ...ledger,
  ...market,
  ...tasks,
  ...operations,
};

export type Config = { readonly [K in keyof typeof SETTINGS]: ReturnType<(typeof SETTINGS)[K]["read"]> };

/** Names of the broker's settings that are accepted and have no effect here, with the reason for the log. */
export const ACCEPTED: Readonly<Record<string, string>> = {
  REDIS_HOST: "the queue lives in PostgreSQL",
  REDIS_PORT: "the queue lives in PostgreSQL",
  REDIS_PASSWORD: "the queue lives in PostgreSQL",
  REDIS_CONNECTIONS: "the queue lives in PostgreSQL",
  STATIC_ROOT: "static files are served from the build",
  DATABASE_URL_PORTAL: "the portal has no database of its own",
  POSTGRES_USER: "use DATABASE_URL",
  POSTGRES_PASSWORD: "use DATABASE_URL",
  POSTGRES_DB: "use DATABASE_URL",
  TUSD_WORKINGDIR: "uploads are received by Havre itself",
  TUSD_EXECUTABLE: "uploads are received by Havre itself",
  TUSD_UPLOADDIR: "use BLOB_URL",
  TUSD_ARGUMENTS: "uploads are received by Havre itself",
  TUSD_HOOKDIR: "uploads are received by Havre itself",
  TUSD_ENABLED_HOOKS: "uploads are received by Havre itself",
  VRE_BROKER_API: "portal and API have one origin",
  WEBHOOK_URL: "uploads are received by Havre itself",
  DROPOFF_API_USER_KEY: "the portal asks Havre itself",
  DROPOFF_API_USER_SECRET: "the portal asks Havre itself",
  INTERNAL_IPS: "debug output goes to the log only",
  SENTRY_DSN: "errors go to the log",
};

/** Secrets that stand in public sample files: worthless. */
const SAMPLES = new Set([
  "password",
  "securepassword",
  "secretpassword",
  "changeme",
  "dDl6UmRt",
  "sXl7YmRE",
  "ExfcR524851PxBmbNzvR7quoHwzSSJ1A",
]);

/** A configuration that cannot be used; `problems` are lines for the operator. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The settings cannot be used:\n${problems.map(problem => `  - ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/** Reads and checks everything at once, so that all problems are told together. @throws ConfigError */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, { names, fallback, read }] of Object.entries(SETTINGS) as [string, Setting<unknown>][]) {
    const name = names.find(candidate => environment[candidate] !== undefined) ?? names[0] ?? key;
    try {
      values[key] = read(environment[name] ?? fallback);
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      problems.push(`${name} ${error.message}.`);
    }
  }
  const config = values as Config;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...config, ...completed(config) };
}

function contradictions(config: Config): string[] {
  const problems: string[] = [];
  if ((config.tlsCert === "") !== (config.tlsKey === "")) problems.push("TLS_CERT and TLS_KEY must be given together.");
  if (/^s3(\+http)?:/.test(config.blobUrl)) {
    if (!/^s3(\+http)?:\/\/[^/@?#]+\/[^/?#]+(\/[^?#]*)?(\?region=[A-Za-z0-9-]+)?$/.test(config.blobUrl))
      problems.push("BLOB_URL must be s3://server/bucket, perhaps with a folder and ?region=NAME behind it.");
    if (config.blobAccessKey === "" || config.blobSecretKey === "")
      problems.push("BLOB_URL names a bucket: BLOB_ACCESS_KEY and BLOB_SECRET_KEY must be given.");
  } else if (config.blobUrl !== "" && !config.blobUrl.startsWith("file:///"))
    problems.push("BLOB_URL must be file:///folder or s3://server/bucket.");
  if (config.databaseUrl !== "" && !/^postgres(ql)?:\/\//.test(config.databaseUrl))
    problems.push("DATABASE_URL must begin with postgres://.");
  if ((config.dropoffHawkKey === "") !== (config.dropoffHawkSecret === ""))
    problems.push("DROPOFF_API_HAWK_KEY and DROPOFF_API_HAWK_SECRET must be given together.");
  if (config.dropoffUser !== "" && config.dropoffHawkKey === "" && config.dropoffPassword === "")
    problems.push("DROPOFF_API_USER needs DROPOFF_API_HAWK_KEY and _SECRET, or DROPOFF_API_PASSWORD.");
  if (config.vrwUser !== "" && config.vrwPassword === "") problems.push("VRW_API_USER needs VRW_API_PASSWORD.");
  if (config.registration === "open" && config.registrationDomains.length > 0 && !config.activationMail)
    problems.push("REGISTRATION_DOMAINS needs ACTIVATION_MAIL: else anybody could claim an address there.");
  if (config.openstackUrl !== "") problems.push(...incompleteCloud(config));
  problems.push(...incompleteEngines(config));
  return config.debug ? problems : [...problems, ...unsafe(config)];
}

function incompleteCloud(config: Config): string[] {
  const { openstackCredentialId: id, openstackCredentialSecret: secret } = config;
  if (id !== "" || secret !== "")
    return id !== "" && secret !== ""
      ? []
      : ["OPENSTACK_APPLICATION_CREDENTIAL_ID and OPENSTACK_APPLICATION_CREDENTIAL_SECRET must be given together."];
  return config.openstackUser !== "" && config.openstackPassword !== "" && config.openstackProject !== ""
    ? []
    : ["OPENSTACK_AUTH_URL needs OPENSTACK_USERNAME, _PASSWORD and _PROJECT, or an application credential."];
}

function incompleteEngines({ computeClusters, ...config }: Config): string[] {
  if (config.slurmUrl !== "" && config.slurmSsh !== undefined)
    return ["SLURM_URL and SLURM_SSH are two ways to one Slurm: give one."];
  const urls = { docker: config.dockerUrl, podman: config.podmanUrl, swarm: config.swarmUrl };
  const isHttps = Object.entries(urls).some(
    ([name, url]) => computeClusters.some(used => used === name) && url.startsWith("https:"),
  );
  return !isHttps || (config.engineCa !== "" && config.engineCert !== "" && config.engineKey !== "")
    ? []
    : ["A container engine at https needs ENGINE_CACERT, ENGINE_CERT and ENGINE_KEY: whoever reaches it without is root there."];
}

/** What a production start (DEBUG off) refuses. */
function unsafe(config: Config): string[] {
  const problems: string[] = [];
  if (config.secretKey.length < 32)
    problems.push("SECRET_KEY must be set to at least 32 random characters, for example from: openssl rand -base64 48.");
  for (const [key, { names, secret: isSecret }] of Object.entries(SETTINGS) as [keyof Config, Setting<unknown>][])
    if ((isSecret || key === "dropoffHawkKey") && SAMPLES.has(String(config[key])))
      problems.push(`${names[0]} still has the sample value.`);
  if (config.publicUrl === "") problems.push("PUBLIC_URL must be set: links in mails are made from it.");
  return problems;
}

function completed(config: Config): Partial<Config> {
  const dataDir = resolve(config.dataDir.replace(/^~(?=\/|$)/, homedir()));
  const publicUrl = config.publicUrl || `${config.tlsCert ? "https" : "http"}://localhost:${config.port}`;
  return {
    dataDir,
    publicUrl,
    demo: config.demo && config.debug,
    uploadHost: config.uploadHost || publicUrl,
    dropoffBaseUrl: `${config.dropoffBaseUrl || `${publicUrl}/dropoffs`}/`,
    computeDir: resolve(config.computeDir || join(dataDir, "compute")),
    blobUrl: config.blobUrl || `file://${join(dataDir, "uploads")}`,
    folderRoots: config.folderRoots.length > 0 ? config.folderRoots : [join(dataDir, "storages")],
    adminAllow: [...config.adminAllow, ...config.adminAllowFile],
    autoClean: config.autoClean === "always" ? "on-success" : config.autoClean,
  };
}
