import type { LookupAddress } from "node:dns";
import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { addressGuard } from "./addresses.ts";

export interface GuardedLookup {
  /** Private ranges that may be reached all the same: the operator's choice. */
  readonly egressAllow: readonly string[];
  /** All addresses of a host; the system's resolver unless a test gives another. */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
}

export interface Guard {
  /** Gives a socket only addresses that may be reached. */
  readonly lookup: LookupFunction;
  /** For a host that is an address itself: a socket does not look it up. */
  refuses(host: string): boolean;
}

/** Says nothing of the address a name led to: that would show a stranger the inside of this network. */
export class PrivateAddress extends Error {
  readonly code = "PRIVATE_ADDRESS";
}

/** Each connection's address is looked up once, checked and used, so that a name cannot point elsewhere between check and use. */
export function makeGuard({ egressAllow, resolve = host => systemLookup(host, { all: true }) }: GuardedLookup): Guard {
  const mayReach = addressGuard(egressAllow);
  return {
    lookup(host, options, done) {
      resolve(host)
        .then(addresses => {
          const wanted = addresses.filter(
            one => mayReach(one.address) && (!options.family || one.family === familyNumber(options.family)),
          );
          const [first] = wanted;
          if (first === undefined)
            throw addresses.length > 0 ? new PrivateAddress() : Object.assign(new Error(host), { code: "ENOTFOUND" });
          if (options.all) done(null, [...wanted]);
          else done(null, first.address, first.family);
        })
        .catch(error => done(error, "", 4));
    },
    refuses(host) {
      const address = host.replace(/^\[|\]$/g, "");
      return isIP(address) !== 0 && !mayReach(address);
    },
  };
}

const familyNumber = (family: number | string): number => (family === "IPv6" ? 6 : family === "IPv4" ? 4 : Number(family));
