import { BlockList, isIP } from "node:net";
import { HavreError } from "../../kernel/errors.ts";

/** IPv4 that is not the public internet. Source: the IANA special-purpose registry; 100.64/10 is carriers' NAT, 169.254/16 holds cloud metadata. */
const RESERVED_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Only 2000::/3 is public at all; these parts of it are documentation, or tunnels in which an IPv4 address hides. */
const PUBLIC_V6 = ["2000::/3"];
const RESERVED_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const familyOf = (address: string): "ipv4" | "ipv6" => (isIP(address) === 4 ? "ipv4" : "ipv6");

/** @throws HavreError "invalid" for a text that is neither an address nor a range */
function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", prefix] = range.trim().split("/");
    const bits = prefix === undefined ? (isIP(address) === 4 ? 32 : 128) : Number(prefix);
    const wrong = (cause?: unknown): HavreError =>
      new HavreError("invalid", `"${range}" is no address range such as 10.1.0.0/16.`, { cause });
    if (isIP(address) === 0 || prefix === "") throw wrong();
    try {
      list.addSubnet(address, bits, familyOf(address));
    } catch (cause) {
      throw wrong(cause);
    }
  }
  return list;
}

const reservedV4 = listOf(RESERVED_V4);
const publicV6 = listOf(PUBLIC_V6);
const reservedV6 = listOf(RESERVED_V6);

const isPublic = (address: string): boolean =>
  isIP(address) === 4
    ? !reservedV4.check(address, "ipv4")
    : // A zone ("fe80::1%eth0") only exists on local links.
      isIP(address) === 6 && !address.includes("%") && publicV6.check(address, "ipv6") && !reservedV6.check(address, "ipv6");

/**
 * Tells whether Havre may connect to an address that a user had a hand in: public ones, and those in the operator's ranges.
 * An IPv4 address in IPv6 clothes (::ffff:a.b.c.d) is allowed only by the operator's IPv4 ranges.
 * @param allow ranges such as "10.1.0.0/16" or single addresses
 */
export function addressGuard(allow: readonly string[]): (address: string) => boolean {
  const allowed = listOf(allow);
  return address => isPublic(address) || (isIP(address) !== 0 && allowed.check(address, familyOf(address)));
}
