import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { parseSpan } from "../kernel/spans.ts";
import { parseBytes } from "../kernel/units.ts";

/** Kinds of settings: how the text of an environment variable is read. */
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

/** What is wrong with a value; its name is put in front. */
export class Wrong extends Error {}
const wrong = (message: string): never => {
  throw new Wrong(message);
};

/** What stands between commas; nothing between two of them is no part. */
const partsOf = (given: string): string[] =>
  given
    .split(",")
    .map(part => part.trim())
    .filter(part => part !== "");

export const text = setting(given => given);
export const secret = (names: string | readonly string[], fallback: string, help: string): Setting<string> =>
  text(names, fallback, help, { secret: true });
export const list = setting(partsOf);
export const extensions = setting(given =>
  given
    .split(",")
    .map(part => part.trim().replace(/^\./, "").toLowerCase())
    .filter(part => part !== ""),
);
export const flag = setting(given => {
  if (/^(1|true|yes|on)$/i.test(given)) return true;
  return /^(0|false|no|off|)$/i.test(given) ? false : wrong("must be true or false");
});
export const port = setting(given =>
  /^\d{1,5}$/.test(given) && Number(given) < 65536 ? Number(given) : wrong("must be a port number from 0 to 65535"),
);
export const count = setting(given =>
  /^\d{1,9}$/.test(given) && Number(given) > 0 ? Number(given) : wrong("must be a whole number, at least 1"),
);
export const whole = setting(given => (/^\d{1,12}$/.test(given) ? Number(given) : wrong("must be a whole number, at least 0")));
/** "7d", "12h", "90s" or plain seconds. @returns seconds */
export const lifespan = setting(given => {
  const [, amount, unit = ""] = /^\s*(\d{1,9})\s*([dhms]?)\s*$/.exec(given) ?? [];
  const seconds = Number(amount) * { d: 86_400, h: 3600, m: 60, s: 1, "": 1 }[unit as "d"]!;
  return seconds > 0 ? seconds : wrong('must be a time such as "7d", "12h" or "90s"');
});
export interface OfferedVolume {
  readonly name: string;
  readonly acl: "ro" | "rw";
  readonly path: string;
  readonly mount: string;
}
/** "db=ro:/srv/db, scratch=rw:/scratch/$USERID:/scratch": name, access, path, and where it is seen when that is elsewhere. */
export const volumes = setting(given =>
  given
    .split(",")
    .filter(part => part.trim() !== "")
    .map((part): OfferedVolume => {
      const [, name = "", acl = "", path = "", mount = path] =
        /^\s*([\w.-]+)\s*=\s*(ro|rw):(\/[^:,]*)(?::(\/[^:,]+))?\s*$/.exec(part) ?? [];
      return name === "" ? wrong('must be a list such as "db=ro:/srv/db"') : { name, acl: acl as "ro" | "rw", path, mount };
    }),
);
export const bytes = setting(given => parseBytes(given) ?? wrong('must be a size such as "8 MiB" or "1048576"'));
export const days = setting(given =>
  /^\d+(\.\d+)?$/.test(given) ? Number(given) * 86_400_000 : wrong("must be a number of days"),
);
/** "cpu-hour=0.05, gpu-hour=1.20": exact decimal texts by name. */
export const rates = <const Name extends string>(...names: readonly Name[]) =>
  setting(given => {
    const card: Partial<Record<Name, string>> = {};
    for (const part of partsOf(given)) {
      const [, name = "", price = ""] = /^([\w-]+)\s*=\s*(\d{1,9}(?:\.\d{1,10})?)$/.exec(part) ?? [];
      const known =
        names.find(candidate => candidate === name) ?? wrong(`must be a list such as "${names[0]}=0.05" of ${names.join(", ")}`);
      card[known] = price;
    }
    return card;
  });
/** "storage=ssd, licence=3": values by name. */
export const labels = setting(given =>
  Object.fromEntries(
    partsOf(given).map(part => {
      const [, name = "", value = ""] = /^([A-Za-z0-9][\w.-]*)\s*=\s*([A-Za-z0-9][\w.-]*)$/.exec(part) ?? [];
      return name === "" ? wrong('must be a list such as "storage=ssd, licence=3"') : [name, value];
    }),
  ),
);
export const currency = setting(given => (/^[A-Z]{3}$/.test(given) ? given : wrong("must be three capitals, such as EUR")));
export const span = setting(given => parseSpan(given) ?? wrong('must be a time such as "1 year", "6 months" or "90 days"'));
export const oneOf = <const T extends string>(...values: readonly T[]) =>
  setting(given => values.find(value => value === given) ?? wrong(`must be one of ${values.join(", ")}`));
/** Some of these, each once, in the order that was written. */
export const someOf = <const T extends string>(...values: readonly T[]) =>
  setting(given => {
    const known = partsOf(given).flatMap(
      part => values.find(value => value === part) ?? wrong(`must be a list of ${values.join(", ")}`),
    );
    return new Set(known).size === known.length && known.length > 0 ? known : wrong("must name at least one, and none twice");
  });
/** "unix:///run/x.sock" or "https://host:2376". */
export const engineAddress = setting(given =>
  /^unix:\/\/\/[^?#\0]+$/.test(given) || (URL.canParse(given) && /^https:$/.test(new URL(given).protocol))
    ? given
    : wrong("must be unix:///socket or https://host:port"),
);
/** A service that is told a token: in the clear only on this host. */
export const restAddress = setting(given => {
  if (given === "" || /^unix:\/\/\/[^?#\0]+$/.test(given)) return given;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const isLocal = url?.protocol === "http:" && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  return url && (url.protocol === "https:" || isLocal) && /^\/?$/.test(url.pathname)
    ? url.origin
    : wrong("must be https://host:port, http://127.0.0.1:port or unix:///socket");
});
export interface SshHost {
  readonly host: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
}
/** "host", "user@host", "user@host:22"; an IPv6 address in brackets. */
export const sshHost = setting((given): SshHost | undefined => {
  if (given === "") return undefined;
  const match = /^(?:([\w][\w.-]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][\w.-]*)(?::(\d{1,5}))?$/.exec(given);
  if (!match) return wrong('must be a host such as "user@login.example.org:22"');
  const [, user, host = "", at] = match;
  return { user, host: host.replace(/^\[|\]$/g, ""), port: at === undefined ? undefined : Number(at) };
});
export const origin = setting(given => {
  if (given === "") return "";
  const url = URL.canParse(given) ? new URL(given) : wrong("must be an absolute http or https address");
  if (!/^https?:$/.test(url.protocol)) wrong("must be an absolute http or https address");
  return given.replace(/\/+$/, "");
});
function cidr(given: string): string {
  const [address = "", bits = ""] = given.split("/");
  const most = isIP(address) === 4 ? 32 : 128;
  const sound = isIP(address) !== 0 && (bits === "" || (/^\d+$/.test(bits) && Number(bits) <= most));
  return sound ? given : wrong(`"${given}" is not an address or CIDR range`);
}
export const cidrs = setting(given => partsOf(given).map(cidr));
/** The addresses in a file: one a line, or as nginx writes them ("allow 10.0.0.0/8;"). Without any, nobody would be let in. */
export const cidrFile = setting(given => {
  if (given === "") return [];
  const lines = readFile(given)
    .split("\n")
    .map(line => line.replace(/#.*/, "").replaceAll(";", "").trim())
    .filter(line => line !== "" && !/^deny\s+all$/.test(line));
  const addresses = lines.map(line => cidr(line.replace(/^allow\s+/, "")));
  return addresses.length > 0 ? addresses : wrong(`names a file without an address: ${given}`);
});
function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    return wrong(`names a file that cannot be read: ${(error as Error).message}`);
  }
}
export const timeZone = setting(given => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: given });
    return given;
  } catch {
    return wrong(`"${given}" is not a known time zone`);
  }
});
export const domains = setting(given =>
  given
    .split(",")
    .map(part => part.trim().toLowerCase().replace(/^@/, ""))
    .filter(part => part !== "")
    .map(part => (/^(\*\.)?([a-z0-9-]+\.)+[a-z0-9-]{2,}$/.test(part) ? part : wrong(`"${part}" is not a mail domain`))),
);
