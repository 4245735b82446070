import { BlockList, isIP } from "node:net";

/** Addresses and CIDR ranges. */
export class AddressList {
  readonly #list = new BlockList();

  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [address = "", bits] = entry.split("/");
      const family = isIP(address) === 6 ? "ipv6" : "ipv4";
      if (bits === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(bits), family);
    }
  }

  has(address: string): boolean {
    const plain = plainAddress(address);
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 6 ? "ipv6" : "ipv4");
  }
}

/** Which peers are believed when they say whom they speak for. */
export class Believed extends AddressList {}

/** Whether the administration is open to an address: to all without a list. */
export const mayAdministerFrom = (ip: string, allowed: readonly string[]): boolean =>
  allowed.length === 0 || new AddressList(allowed).has(ip);

/** "::ffff:10.0.0.1" is 10.0.0.1. */
export const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

type Headers = Readonly<Record<string, string | string[] | undefined>>;
const one = (value: string | string[] | undefined): string => (Array.isArray(value) ? value.join(",") : (value ?? ""));

/** The client's address: the peer, or behind believed proxies the last hop that is not one of them. */
export function clientAddress(peer: string, headers: Headers, believed: Believed): string {
  let at = plainAddress(peer);
  const hops = one(headers["x-forwarded-for"])
    .split(",")
    .map(hop => plainAddress(hop.trim()))
    .filter(hop => isIP(hop) !== 0);
  while (believed.has(at) && hops.length > 0) at = hops.pop() ?? at;
  return at;
}

/** Scheme and host as the client used them; forwarding headers count only from a believed peer, and nonsense becomes localhost. */
export function originOf(peer: string, headers: Headers, encrypted: boolean, believed: Believed): string {
  const trusted = believed.has(peer);
  const scheme = (trusted && one(headers["x-forwarded-proto"]).split(",")[0]?.trim()) || (encrypted ? "https" : "http");
  const host = (trusted && one(headers["x-forwarded-host"]).split(",")[0]?.trim()) || one(headers.host) || "localhost";
  const origin = `${scheme === "https" ? "https" : "http"}://${host}`;
  return URL.canParse(origin) && !/[\s/?#@\\]/.test(host) ? origin : "http://localhost";
}
