import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import type { OpenstackAccess } from "../../src/drivers/cloud/openstack/client.ts";
import { openOpenstack } from "../../src/drivers/cloud/openstack/openstack.ts";
import { makeGuardedHttp } from "../../src/drivers/http/guarded.ts";
import { behavesLikeCloud, type CloudBench } from "../../src/ports/cloud.suite.ts";
import { FLAVOR, furnish, IMAGE, INSIDE, OUTSIDE, VOLUMES } from "./furnish.ts";

/** The suite of clouds against a real OpenStack on this machine: `make test-openstack`. */

const ENGINE = join(import.meta.dirname, "engine.sh");
const FOLDER = process.env.HAVRE_OPENSTACK_DIR ?? "/var/tmp/havre-openstack";
const AUTH_URL = `http://127.0.0.1:${process.env.HAVRE_OPENSTACK_PORT ?? 18700}/v3`;
/** One that somebody started by hand is left running. */
const isOurs = !existsSync(FOLDER);

const engine = (verb: "install" | "start" | "stop"): void => {
  const { status } = spawnSync("sh", [ENGINE, verb], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`${ENGINE} ${verb}: ${status}`);
};

before(() => {
  if (!isOurs) return;
  engine("install");
  engine("start");
});
after(() => {
  if (isOurs) engine("stop");
});

async function open(): Promise<CloudBench> {
  const furniture = await furnish(AUTH_URL);
  const drive = (login: OpenstackAccess["login"], installation: string) =>
    openOpenstack({
      access: { authUrl: AUTH_URL, region: "RegionOne", interface: "public", login },
      http: makeGuardedHttp({ egressAllow: ["127.0.0.1/32"], idleTimeoutMs: 60_000 }),
      installation,
      answerWithinMs: 60_000,
    });
  const { user, password, project, credential } = furniture;
  const byPassword = { user, password, project, userDomain: "Default", projectDomain: "Default" };
  const cloud = drive(byPassword, "the suite");
  const stranger = drive({ credentialId: credential.id, credentialSecret: credential.secret }, "another");
  return {
    cloud,
    stranger,
    image: IMAGE,
    flavor: FLAVOR,
    network: INSIDE,
    volume: VOLUMES,
    outside: OUTSIDE,
    patienceMs: 180_000,
    async close() {
      await cloud.close();
      await stranger.close();
    },
  };
}

behavesLikeCloud("a real OpenStack", open);
