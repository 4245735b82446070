import { isIP } from "node:net";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseBytes } from "./kernel/units.ts";

/**
 * Every setting: name, default, help. The only file that reads the environment; docs/configuration.md is made from it.
 * Names that the VRE broker's operators know keep their names (DJANGO_ADMIN_*, DROPOFF_*, VRW_*, EMAIL_*, …).
 */
export interface Setting<T> {
  readonly names: readonly string[];
  readonly help: string;
  readonly fallback: string;
  /** @throws string with what is wrong */
  readonly read: (text: string) => T;
  /** Never printed. */
  readonly secret?: boolean;
}

const setting =
  <T>(read: (text: string) => T) =>
  (names: string | readonly string[], fallback: string, help: string, more: { secret?: boolean } = {}): Setting<T> => ({
    names: typeof names === "string" ? [names] : names,
    fallback,
    help,
    read,
    ...more,
  });

class Wrong extends Error {}
const wrong = (message: string): never => {
  throw new Wrong(message);
};

const text = setting(given => given);
const secret = (names: string | readonly string[], fallback: string, help: string): Setting<string> =>
  text(names, fallback, help, { secret: true });
const list = setting(given =>
  given
    .split(",")
    .map(part => part.trim())
    .filter(part => part !== ""),
);
const extensions = setting(given =>
  given
    .split(",")
    .map(part => part.trim().replace(/^\./, "").toLowerCase())
    .filter(part => part !== ""),
);
const flag = setting(given => {
  if (/^(1|true|yes|on)$/i.test(given)) return true;
  return /^(0|false|no|off|)$/i.test(given) ? false : wrong("must be true or false");
});
const port = setting(given =>
  /^\d{1,5}$/.test(given) && Number(given) < 65536 ? Number(given) : wrong("must be a port number from 0 to 65535"),
);
const count = setting(given =>
  /^\d{1,9}$/.test(given) && Number(given) > 0 ? Number(given) : wrong("must be a whole number, at least 1"),
);
const bytes = setting(given => parseBytes(given) ?? wrong('must be a size such as "8 MiB" or "1048576"'));
const days = setting(given => (/^\d+(\.\d+)?$/.test(given) ? Number(given) * 86_400_000 : wrong("must be a number of days")));
const oneOf = <const T extends string>(...values: readonly T[]) =>
  setting(given => values.find(value => value === given) ?? wrong(`must be one of ${values.join(", ")}`));
const origin = setting(given => {
  if (given === "") return "";
  const url = URL.canParse(given) ? new URL(given) : wrong("must be an absolute http or https address");
  if (!/^https?:$/.test(url.protocol)) wrong("must be an absolute http or https address");
  return given.replace(/\/+$/, "");
});
const cidrs = setting(given =>
  given
    .split(",")
    .map(part => part.trim())
    .filter(part => part !== "")
    .map(part => {
      const [address = "", bits = ""] = part.split("/");
      const most = isIP(address) === 4 ? 32 : 128;
      return isIP(address) !== 0 && (bits === "" || (/^\d+$/.test(bits) && Number(bits) <= most))
        ? part
        : wrong(`"${part}" is not an address or CIDR range`);
    }),
);
const timeZone = setting(given => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: given });
    return given;
  } catch {
    return wrong(`"${given}" is not a known time zone`);
  }
});

export const SETTINGS = {
  port: port("PORT", "1337", "Port of everything: portal, API, uploads."),
  host: text("HOST", "127.0.0.1", "Address to listen on; 0.0.0.0 for all."),
  dataDir: text("DATA_DIR", "data", "Folder of the embedded database, uploads and keys."),
  databaseUrl: secret("DATABASE_URL", "", "PostgreSQL 15 or newer, `postgres://…`. Empty: the embedded one under DATA_DIR."),
  blobUrl: text(
    "BLOB_URL",
    "",
    "Where upload bytes lie until delivered, `file:///…`. Empty: DATA_DIR/uploads. All replicas must share it.",
  ),
  secretKey: secret(
    "SECRET_KEY",
    "",
    "Seals stored passwords, signs receipts and sessions. Empty with DEBUG on: kept in DATA_DIR/secret.key. Losing it loses every stored password.",
  ),
  debug: flag(
    "DEBUG",
    "true",
    "Development mode. Turn off in production: sample secrets and a missing SECRET_KEY are then refused.",
  ),
  demo: flag(
    "DEMO",
    "true",
    "Load the demo (an organisation, a study, an invitation, a storage) into an empty database. Needs DEBUG.",
  ),
  adminName: text(["ADMIN_NAME", "DJANGO_ADMIN_NAME"], "admin", "Administrator made on the first start."),
  adminPassword: secret(
    ["ADMIN_PASSWORD", "DJANGO_ADMIN_PASSWORD"],
    "",
    "Its password. Empty: no administrator is made (the demo makes one).",
  ),
  adminEmail: text(["ADMIN_EMAIL", "DJANGO_ADMIN_EMAIL"], "", "Its mail address."),
  publicUrl: origin("PUBLIC_URL", "", "Origin people use, `https://havre.example.org`. Empty: http://localhost:PORT."),
  dropoffBaseUrl: origin("DROPOFF_BASE_URL", "", "Prefix of the drop-off pages. Empty: PUBLIC_URL/dropoffs/."),
  uploadHost: origin("DROPOFF_UPLOAD_HOST", "", "Origin of the upload endpoint, for a front on another port. Empty: PUBLIC_URL."),
  notAllowedExtensions: extensions("DROPOFF_NOT_ALLOWED_EXTENSIONS", "exe,com,bat,lnk,sh", "File types that are refused."),
  maxUploadBytes: bytes("DROPOFF_MAX_SIZE", "5 TiB", "Largest file accepted."),
  uploadExpiryMs: days("DROPOFF_UPLOAD_EXPIRY_DAYS", "7", "Days that an unfinished upload waits for its next byte."),
  autoClean: oneOf("on-success", "always", "never")(
    "DROPOFF_AUTO_CLEAN",
    "on-success",
    "When the uploaded bytes are removed here: once every copy is proved, or never. `always` is read as `on-success`: no byte is removed before every copy is proved.",
  ),
  deliveryProof: oneOf("read-back", "size")(
    "DELIVERY_PROOF",
    "read-back",
    "How a copy is proved where the storage tells no hash: read it back and compare, or trust its size.",
  ),
  dropoffUser: text("DROPOFF_API_USER", "", "Account of an external upload daemon's hooks; a superuser, made at start."),
  dropoffPassword: secret("DROPOFF_API_PASSWORD", "", "Its password."),
  dropoffEmail: text("DROPOFF_API_EMAIL", "", "Its mail address."),
  dropoffHawkKey: text("DROPOFF_API_HAWK_KEY", "", "Its Hawk id."),
  dropoffHawkSecret: secret("DROPOFF_API_HAWK_SECRET", "", "Its Hawk key."),
  webhookSharedSecret: secret("WEBHOOK_SHARED_SECRET", "", "Lets an external tusd 2 call the webhook without Hawk. Empty: off."),
  vrwGroup: text("VRW_API_GROUP", "vrw-api", "Group whose members may use the VRW endpoints."),
  vrwUser: text("VRW_API_USER", "", "Account put into that group at start."),
  vrwPassword: secret("VRW_API_PASSWORD", "", "Its password."),
  vrwEmail: text("VRW_API_EMAIL", "", "Its mail address."),
  mailHost: text("EMAIL_HOST", "", "SMTP server. Empty: mails are caught and shown to administrators in the outbox."),
  mailPort: port("EMAIL_PORT", "25", "SMTP port."),
  mailUser: text("EMAIL_HOST_USER", "", "SMTP user."),
  mailPassword: secret("EMAIL_HOST_PASSWORD", "", "SMTP password."),
  mailTls: flag("EMAIL_USE_TLS", "false", "Refuse to send without TLS."),
  mailFromSystem: text("DEFAULT_FROM_EMAIL", "Do not reply <no-reply@localhost>", "Sender of account mails."),
  mailFrom: text(
    "EMAIL_FROM_ADDRESS",
    "Do not reply <no-reply@localhost>",
    "Sender of study mails; replies go to the researcher.",
  ),
  egressAllow: cidrs("EGRESS_ALLOW", "", "Private addresses (CIDR, comma separated) that storages may have all the same."),
  folderRoots: list("FOLDER_ROOTS", "", "Folders of this server below which FOLDER storages may lie. Empty: DATA_DIR/storages."),
  trustedProxies: cidrs(["TRUSTED_PROXIES", "NGINX_REAL_IP_SOURCE_IP"], "", "Proxies whose X-Forwarded headers are believed."),
  allowedHosts: list("ALLOWED_HOSTS", "", "Host names answered to. Empty: all."),
  timeZone: timeZone("TIME_ZONE", "Europe/Amsterdam", "Zone of times in the API."),
  registration: oneOf("open", "closed")("REGISTRATION", "closed", "Whether people may make their own account."),
  activationMail: flag("ACTIVATION_MAIL", "false", "A new account must be activated by mail first."),
  tlsCert: text("TLS_CERT", "", "Certificate chain (PEM file): serve HTTPS."),
  tlsKey: text("TLS_KEY", "", "Its private key (PEM file)."),
  logLevel: oneOf(
    "debug",
    "info",
    "warn",
    "error",
    "silent",
  )("LOG_LEVEL", "info", "How much is logged, as JSON lines on standard output."),
  metricsToken: secret("METRICS_TOKEN", "", "Bearer token that /metrics asks for. Empty: only loopback may read it."),
  databaseConnections: count("DATABASE_CONNECTIONS", "16", "Most connections of one process to the database."),
} as const satisfies Record<string, Setting<unknown>>;

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
  if (config.blobUrl !== "" && !config.blobUrl.startsWith("file:///")) problems.push("BLOB_URL must be file:///folder.");
  if (config.databaseUrl !== "" && !/^postgres(ql)?:\/\//.test(config.databaseUrl))
    problems.push("DATABASE_URL must begin with postgres://.");
  if ((config.dropoffHawkKey === "") !== (config.dropoffHawkSecret === ""))
    problems.push("DROPOFF_API_HAWK_KEY and DROPOFF_API_HAWK_SECRET must be given together.");
  if (config.dropoffUser !== "" && config.dropoffHawkKey === "" && config.dropoffPassword === "")
    problems.push("DROPOFF_API_USER needs DROPOFF_API_HAWK_KEY and _SECRET, or DROPOFF_API_PASSWORD.");
  if (config.vrwUser !== "" && config.vrwPassword === "") problems.push("VRW_API_USER needs VRW_API_PASSWORD.");
  return config.debug ? problems : [...problems, ...unsafe(config)];
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
    blobUrl: config.blobUrl || `file://${join(dataDir, "uploads")}`,
    folderRoots: config.folderRoots.length > 0 ? config.folderRoots : [join(dataDir, "storages")],
    autoClean: config.autoClean === "always" ? "on-success" : config.autoClean,
  };
}
