import type { OpenstackEmulator } from "../../../../emulators/openstack.ts";
import type { Cloud } from "../../../ports/cloud.ts";
import { makeGuardedHttp } from "../../http/guarded.ts";
import type { OpenstackAccess } from "./client.ts";
import { openOpenstack } from "./openstack.ts";

interface Emulated {
  readonly installation?: string;
  readonly login?: OpenstackAccess["login"];
  readonly answerWithinMs?: number;
  readonly authUrl?: string;
}

/** The driver on an emulator that stands on loopback. */
export function emulated({ authUrl: its }: Pick<OpenstackEmulator, "authUrl">, wanted: Emulated = {}): Cloud {
  const { installation = "the tests", answerWithinMs = 2_000, authUrl = its } = wanted;
  const login = wanted.login ?? {
    user: "havre",
    password: "secret",
    project: "havre",
    userDomain: "Default",
    projectDomain: "Default",
  };
  const http = makeGuardedHttp({ egressAllow: ["127.0.0.1/32"], idleTimeoutMs: answerWithinMs });
  return openOpenstack({ access: { authUrl, region: "", interface: "public", login }, http, installation, answerWithinMs });
}
