import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { FLAVOR, IMAGE, INSIDE, OUTSIDE, VOLUMES } from "./furnish.ts";

/**
 * One long conversation with an OpenStack, as our driver leads them, and what is special about each answer: held with a real
 * one (`make test-openstack` writes it to answers.json), and by `make test` with the emulator, which must say the same.
 */
export interface Exchange {
  readonly what: string;
  readonly status: number;
  /** Of a refusal, with ids left out. */
  readonly message?: string;
  /** Names of fields and the types of what they hold. */
  readonly shape?: Shape;
}
export type Shape = string | readonly Shape[] | { readonly [name: string]: Shape };

export interface Speaker {
  readonly authUrl: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
type Json = any;
interface Said {
  readonly status: number;
  readonly json: Json;
}
type Say = (what: string, method: string, service: string, path: string, body?: unknown) => Promise<Said>;

const VERSIONS: Readonly<Record<string, string>> = { compute: "compute 2.61", volumev3: "volume 3.42" };
const MANY_TRIES = 900;
const UUIDS = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/gi;

export async function converse(speaker: Speaker): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  const note = (what: string, status: number, json: Json): void => {
    const message = status >= 400 ? messageIn(json) : undefined;
    exchanges.push({
      what,
      status,
      ...(message === undefined
        ? json === undefined
          ? {}
          : { shape: shapeOf(json) }
        : { message: message.replace(UUIDS, "…") }),
    });
  };
  await identity(speaker, note);
  const say = sayTo(await signIn(speaker, speaker.password), note);
  await things(say);
  await refusals(say);
  await life(say);
  return exchanges;
}

async function identity(speaker: Speaker, note: (what: string, status: number, json: Json) => void): Promise<void> {
  const wrong = await signIn(speaker, "wrong");
  note("sign in with a wrong password", wrong.status, wrong.json);
  const good = await signIn(speaker, speaker.password);
  const { expires_at, catalog } = good.json.token;
  const services = ["compute", "image", "network", "volumev3"];
  const entries = catalog
    .filter(({ type }: Json) => services.includes(type))
    .map(({ type, endpoints }: Json) => ({ type, endpoints }));
  note("sign in", good.status, { token: { expires_at, catalog: entries } });
}

async function signIn({ authUrl, user, project }: Speaker, password: string): Promise<Said & { token: string }> {
  const auth = {
    identity: { methods: ["password"], password: { user: { name: user, domain: { name: "Default" }, password } } },
    scope: { project: { name: project, domain: { name: "Default" } } },
  };
  const answer = await fetch(`${authUrl}/auth/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ auth }),
  });
  return { status: answer.status, json: await answer.json(), token: answer.headers.get("x-subject-token") ?? "" };
}

function sayTo({ json: self, token }: Said & { token: string }, note: (what: string, status: number, json: Json) => void): Say {
  return async (what, method, service, path, body) => {
    const { endpoints } = self.token.catalog.find(({ type }: Json) => type === service);
    const { url } = endpoints.find((endpoint: Json) => endpoint.interface === "public");
    const root = service === "network" ? `${url}/v2.0` : service === "image" ? `${url}/v2` : url;
    const version = VERSIONS[service];
    const reply = await fetch(`${root}${path}`, {
      method,
      headers: {
        "x-auth-token": what.includes("without a token") ? "none" : token,
        "content-type": "application/json",
        ...(version === undefined ? {} : { "openstack-api-version": version }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const said = { status: reply.status, json: text.startsWith("{") ? JSON.parse(text) : undefined };
    if (what !== "") note(what, said.status, said.json);
    return said;
  };
}

async function things(say: Say): Promise<void> {
  await say("the quota", "GET", "compute", "/limits");
  await say("the flavours, a page of one", "GET", "compute", "/flavors/detail?limit=1");
  const key = `talk-${randomUUID()}`;
  const keypair = { name: key, type: "ssh", public_key: PUBLIC_KEY };
  await say("a key that is not there", "GET", "compute", `/os-keypairs/${key}`);
  await say("bring a key", "POST", "compute", "/os-keypairs", { keypair });
  await say("bring it again", "POST", "compute", "/os-keypairs", { keypair });
  await say("show the key", "GET", "compute", `/os-keypairs/${key}`);
  await say("remove the key", "DELETE", "compute", `/os-keypairs/${key}`);
  await say("remove it again", "DELETE", "compute", `/os-keypairs/${key}`);
  await say("an image by name", "GET", "image", `/images?name=${IMAGE}&status=active&sort=created_at:desc&limit=1`);
  await say("no image of that name", "GET", "image", "/images?name=none&status=active&sort=created_at:desc&limit=1");
  await say("an image that is not there", "GET", "image", `/images/${randomUUID()}`);
  await say("a network by name", "GET", "network", `/networks?name=${INSIDE}`);
  await say("the outside network", "GET", "network", `/networks?name=${OUTSIDE}`);
  await say("no network of that name", "GET", "network", "/networks?name=none");
  await say("servers without a token", "GET", "compute", "/servers/detail");
  await volume(say);
}

async function volume(say: Say): Promise<void> {
  const name = `talk-${randomUUID()}`;
  const make = (more: object) => ({ volume: { name, size: 1, ...more } });
  await say("a volume of no such kind", "POST", "volumev3", "/volumes", make({ volume_type: "none" }));
  await say("make a volume", "POST", "volumev3", "/volumes", make({ volume_type: VOLUMES }));
  const list = () => say("", "GET", "volumev3", `/volumes/detail?name=${name}`);
  const made = await until(
    async () => (await list()).json.volumes[0],
    one => one.status === "available",
  );
  await say("the volumes of a name", "GET", "volumev3", `/volumes/detail?name=${name}`);
  const extend = { "os-extend": { new_size: 2 } };
  await say("enlarge it", "POST", "volumev3", `/volumes/${made.id}/action`, extend);
  await until(
    async () => (await list()).json.volumes[0],
    one => one.status === "available",
  );
  await say("enlarge it to what it is", "POST", "volumev3", `/volumes/${made.id}/action`, extend);
  await say("remove the volume", "DELETE", "volumev3", `/volumes/${made.id}`);
  await until(list, ({ json }) => json.volumes.length === 0);
  await say("remove it again: a volume", "DELETE", "volumev3", `/volumes/${made.id}`);
}

async function ingredients(say: Say) {
  const { flavors } = (await say("", "GET", "compute", "/flavors/detail")).json;
  const flavor = (name: string): string => flavors.find((one: Json) => one.name === name).id;
  const image = (await say("", "GET", "image", `/images?name=${IMAGE}`)).json.images[0].id;
  const network = async (name: string): Promise<string> =>
    (await say("", "GET", "network", `/networks?name=${name}`)).json.networks[0].id;
  return { image, tiny: flavor(FLAVOR), small: flavor("small"), inside: await network(INSIDE), outside: await network(OUTSIDE) };
}

async function refusals(say: Say): Promise<void> {
  const { image, tiny, inside } = await ingredients(say);
  const make = (what: string, more: object) =>
    say(what, "POST", "compute", "/servers", {
      server: { name: "talk", imageRef: image, flavorRef: tiny, networks: [{ uuid: inside }], ...more },
    });
  await make("a server of no such image", { imageRef: randomUUID() });
  await make("a server of no such flavour", { flavorRef: "none" });
  await make("a server in no such network", { networks: [{ uuid: randomUUID() }] });
  await make("a server with no such key", { key_name: "none" });
  await make("a server with a tag that is too long", { tags: ["x".repeat(61)] });
  const gone = randomUUID();
  await say("a server that is not there", "GET", "compute", `/servers/${gone}`);
  await say("remove a server that is not there", "DELETE", "compute", `/servers/${gone}`);
  await say("start a server that is not there", "POST", "compute", `/servers/${gone}/action`, { "os-start": null });
}

async function life(say: Say): Promise<void> {
  const { image, tiny, small, inside, outside } = await ingredients(say);
  const tag = `talk-${randomUUID()}`;
  const server = {
    name: "talk",
    imageRef: image,
    flavorRef: tiny,
    networks: [{ uuid: inside }],
    tags: [tag],
    metadata: { a: "b" },
  };
  const { json } = await say("make a server", "POST", "compute", "/servers", { server });
  const { id } = json.server;
  const look = () => say("", "GET", "compute", `/servers/${id}`);
  const reaches = (status: string) =>
    until(look, said => said.json.server.status === status && said.json.server["OS-EXT-STS:task_state"] === null);
  const act = (what: string, body: object) => say(what, "POST", "compute", `/servers/${id}/action`, body);
  await reaches("ACTIVE");
  await say("show a server", "GET", "compute", `/servers/${id}`);
  await say("servers with its tag", "GET", "compute", `/servers/detail?tags=${tag}&limit=200`);
  await say("servers with no such tag", "GET", "compute", `/servers/detail?tags=none-${tag}&limit=200`);
  await say("servers, a page of one", "GET", "compute", `/servers/detail?tags=${tag}&limit=1`);
  await act("start what runs", { "os-start": null });
  await act("confirm what was not resized", { confirmResize: null });
  await act("resize to what it has", { resize: { flavorRef: tiny } });
  await act("resize to no such flavour", { resize: { flavorRef: "none" } });
  await act("stop it", { "os-stop": null });
  await reaches("SHUTOFF");
  await act("stop what is stopped", { "os-stop": null });
  await act("start it", { "os-start": null });
  await reaches("ACTIVE");
  await act("restart it", { reboot: { type: "SOFT" } });
  await reaches("ACTIVE");
  await act("resize it", { resize: { flavorRef: small } });
  await reaches("VERIFY_RESIZE");
  await act("confirm its size", { confirmResize: null });
  await reaches("ACTIVE");
  await address(say, id, outside);
  await say("remove the server", "DELETE", "compute", `/servers/${id}`);
  await until(look, ({ status }) => status === 404);
  await say("show what is gone", "GET", "compute", `/servers/${id}`);
}

async function address(say: Say, server: string, outside: string): Promise<void> {
  const { json } = await say("the ports of a server", "GET", "network", `/ports?device_id=${server}`);
  const port = json.ports[0].id;
  const description = `talk-${randomUUID()}`;
  const floatingip = { floating_network_id: outside, port_id: port, description };
  const made = await say("take an address", "POST", "network", "/floatingips", { floatingip });
  const path = `/floatingips/${made.json.floatingip.id}`;
  await say("addresses of a description", "GET", "network", `/floatingips?description=${description}`);
  await say("take it off", "PUT", "network", path, { floatingip: { port_id: null } });
  await say("put it back", "PUT", "network", path, { floatingip: { port_id: port } });
  await say("an address at no such port", "POST", "network", "/floatingips", {
    floatingip: { ...floatingip, port_id: randomUUID() },
  });
  await say("give the address back", "DELETE", "network", path);
  await say("give it back again", "DELETE", "network", path);
}

async function until<T>(look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (tries > MANY_TRIES) throw new Error(`in vain: ${isSo}: ${JSON.stringify(seen)}`);
    await sleep(200);
  }
}

function messageIn(value: Json): string {
  if (typeof value !== "object" || value === null) return "";
  if (typeof value.message === "string") return value.message;
  return (
    Object.values(value)
      .map(messageIn)
      .find(found => found !== "") ?? ""
  );
}

/** Of a list the first item: they are alike. What is named by an id (addresses by network) is no field. */
function shapeOf(value: Json): Shape {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner)]));
  return typeof value;
}

/** Paths at which the one says something that the other does not, or of another type. */
export function differences(said: Shape | undefined, real: Shape | undefined, path = ""): string[] {
  if (said === undefined) return [];
  if (Array.isArray(said) && Array.isArray(real))
    return said.length === 0 || real.length === 0
      ? said.length === real.length
        ? []
        : [`${path}[]: ${said.length} against ${real.length}`]
      : differences(said[0], real[0], `${path}[]`);
  if (typeof said === "object" && typeof real === "object" && !Array.isArray(said) && !Array.isArray(real))
    return Object.entries(said as Record<string, Shape>).flatMap(([name, inner]) =>
      differences(inner, (real as Record<string, Shape>)[name], `${path}.${name}`),
    );
  return JSON.stringify(said) === JSON.stringify(real)
    ? []
    : [`${path}: ${JSON.stringify(said)} against ${JSON.stringify(real)}`];
}

const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIHN2FHGd0W0cDHEJ6bLJ2gnPqHiHb7pPdHh5qdBbKxS talk";
