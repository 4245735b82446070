import { readFileSync } from "node:fs";
import { SECOND } from "../../kernel/clock.ts";
import { HavreError } from "../../kernel/errors.ts";
import type { Cloud } from "../../ports/cloud.ts";
import { makeGuardedHttp } from "../http/guarded.ts";
import type { OpenstackAccess } from "./openstack/client.ts";

export interface CloudSettings {
  readonly openstackUrl: string;
  readonly openstackUser: string;
  readonly openstackPassword: string;
  readonly openstackUserDomain: string;
  readonly openstackProject: string;
  readonly openstackProjectDomain: string;
  readonly openstackCredentialId: string;
  readonly openstackCredentialSecret: string;
  readonly openstackRegion: string;
  readonly openstackInterface: OpenstackAccess["interface"];
  readonly openstackCa: string;
  readonly openstackAddresses: readonly string[];
  readonly openstackAnswerSeconds: number;
}

/**
 * Every cloud that the settings connect, by the id of its provider; a driver is loaded when it is needed. The VRW provider has none:
 * its outside system comes and asks.
 * @param installation see OpenstackSettings
 * @throws HavreError "invalid" for a certificate authority that cannot be read
 */
export async function makeClouds(settings: CloudSettings, installation: string): Promise<ReadonlyMap<string, Cloud>> {
  if (settings.openstackUrl === "") return new Map();
  const { openOpenstack } = await import("./openstack/openstack.ts");
  const answerWithinMs = settings.openstackAnswerSeconds * SECOND;
  const http = makeGuardedHttp({
    egressAllow: settings.openstackAddresses,
    idleTimeoutMs: answerWithinMs,
    ...(settings.openstackCa === "" ? {} : { certificateAuthorities: [readCa(settings.openstackCa)] }),
  });
  return new Map([["openstack", openOpenstack({ access: accessOf(settings), http, installation, answerWithinMs })]]);
}

const accessOf = (settings: CloudSettings): OpenstackAccess => ({
  authUrl: settings.openstackUrl,
  region: settings.openstackRegion,
  interface: settings.openstackInterface,
  login:
    settings.openstackCredentialId === ""
      ? {
          user: settings.openstackUser,
          password: settings.openstackPassword,
          userDomain: settings.openstackUserDomain,
          project: settings.openstackProject,
          projectDomain: settings.openstackProjectDomain,
        }
      : { credentialId: settings.openstackCredentialId, credentialSecret: settings.openstackCredentialSecret },
});

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new HavreError("invalid", `OPENSTACK_CACERT names a file that cannot be read: ${file}`, { cause });
  }
}
