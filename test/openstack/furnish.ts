import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** What a real OpenStack gets before Havre comes: what an operator would have made, by plain requests to its services. */
export interface Furniture {
  readonly authUrl: string;
  readonly project: string;
  readonly user: string;
  readonly password: string;
  /** Of the same user in the same project. */
  readonly credential: { readonly id: string; readonly secret: string };
}

/** Names that the emulator has, too. */
export const IMAGE = "debian-13";
export const FLAVOR = "tiny";
export const INSIDE = "inside";
export const OUTSIDE = "outside";
export const VOLUMES = "fast";

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
type Json = any;
type Ask = (method: string, service: string, path: string, body?: unknown) => Promise<Json>;

/** A user with the role that ordinary members of a project have; flavours, an image, networks and a kind of volume. */
export async function furnish(authUrl: string): Promise<Furniture> {
  const admin = await signedIn(authUrl, passwordOf("admin", "admin", "admin"));
  const user = `havre-${randomBytes(4).toString("hex")}`;
  const password = randomBytes(12).toString("hex");
  await members(admin, user, password);
  await flavors(admin);
  await image(admin);
  await networks(admin);
  if ((await admin("GET", "volumev3", "/types")).volume_types.every((type: Json) => type.name !== VOLUMES))
    await admin("POST", "volumev3", "/types", { volume_type: { name: VOLUMES } });
  const self = await signedIn(authUrl, passwordOf(user, password, user));
  return { authUrl, project: user, user, password, credential: await credentialOf(self, user) };
}

const passwordOf = (name: string, password: string, project: string) => ({
  identity: { methods: ["password"], password: { user: { name, domain: { id: "default" }, password } } },
  scope: { project: { name: project, domain: { id: "default" } } },
});

async function members(admin: Ask, user: string, password: string): Promise<void> {
  const { project } = await admin("POST", "identity", "/projects", { project: { name: user, domain_id: "default" } });
  const made = await admin("POST", "identity", "/users", { user: { name: user, password, domain_id: "default" } });
  const { roles } = await admin("GET", "identity", "/roles?name=member");
  await admin("PUT", "identity", `/projects/${project.id}/users/${made.user.id}/roles/${roles[0].id}`);
}

async function credentialOf(self: Ask, name: string): Promise<Furniture["credential"]> {
  const { user } = await self("GET", "self", "");
  const body = { application_credential: { name } };
  const { application_credential: made } = await self("POST", "identity", `/users/${user.id}/application_credentials`, body);
  return { id: made.id, secret: made.secret };
}

async function flavors(admin: Ask): Promise<void> {
  const { flavors: known } = await admin("GET", "compute", "/flavors");
  for (const [name, ram, disk, vcpus] of [
    [FLAVOR, 512, 1, 1],
    ["small", 1024, 1, 1],
    ["large", 4096, 4, 2],
  ] as const)
    if (known.every((flavor: Json) => flavor.name !== name))
      await admin("POST", "compute", "/flavors", { flavor: { name, ram, disk, vcpus } });
}

async function image(admin: Ask): Promise<void> {
  if ((await admin("GET", "image", `/v2/images?name=${IMAGE}`)).images.length > 0) return;
  const { id } = await admin("POST", "image", "/v2/images", {
    name: IMAGE,
    disk_format: "raw",
    container_format: "bare",
    visibility: "public",
  });
  await admin("PUT", "image", `/v2/images/${id}/file`, Buffer.alloc(1024));
}

async function networks(admin: Ask): Promise<void> {
  const has = async (name: string) => (await admin("GET", "network", `/v2.0/networks?name=${name}`)).networks.length > 0;
  if (await has(OUTSIDE)) return;
  const inside = await admin("POST", "network", "/v2.0/networks", { network: { name: INSIDE, shared: true } });
  const subnet = await admin("POST", "network", "/v2.0/subnets", {
    subnet: { network_id: inside.network.id, ip_version: 4, cidr: "10.77.0.0/24" },
  });
  const outside = await admin("POST", "network", "/v2.0/networks", {
    network: {
      name: OUTSIDE,
      shared: false,
      "router:external": true,
      "provider:network_type": "flat",
      "provider:physical_network": "outside",
    },
  });
  await admin("POST", "network", "/v2.0/subnets", {
    subnet: { network_id: outside.network.id, ip_version: 4, cidr: "203.0.113.0/24", enable_dhcp: false },
  });
  const { router } = await admin("POST", "network", "/v2.0/routers", {
    router: { name: "way-out", external_gateway_info: { network_id: outside.network.id } },
  });
  await admin("PUT", "network", `/v2.0/routers/${router.id}/add_router_interface`, { subnet_id: subnet.subnet.id });
}

/** @returns a client for every service; a network that is not ready for a moment is asked again */
async function signedIn(authUrl: string, auth: object): Promise<Ask> {
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth }),
  });
  if (answer.status !== 201) throw new Error(`sign in: ${answer.status} ${await answer.text()}`);
  const token = answer.headers.get("x-subject-token") ?? "";
  const self = ((await answer.json()) as Json).token;
  const rootOf = (service: string): string =>
    service === "identity"
      ? authUrl
      : self.catalog
          .find(({ type }: Json) => type === service)
          .endpoints.find((endpoint: Json) => endpoint.interface === "public").url;
  return async function ask(method, service, path, body): Promise<Json> {
    if (service === "self") return self;
    const isFile = Buffer.isBuffer(body);
    for (let tries = 1; ; tries++) {
      const reply = await fetch(`${rootOf(service)}${path}`, {
        method,
        headers: { "x-auth-token": token, "content-type": isFile ? "application/octet-stream" : "application/json" },
        ...(body === undefined ? {} : { body: isFile ? new Uint8Array(body) : JSON.stringify(body) }),
      });
      const text = await reply.text();
      if (reply.ok) return text === "" ? undefined : JSON.parse(text);
      if (reply.status < 500 || tries > 5) throw new Error(`${method} ${service} ${path}: ${reply.status} ${text}`);
      await sleep(500 * tries);
    }
  };
}
