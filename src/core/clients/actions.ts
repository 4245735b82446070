import { HavreError, notFound } from "../../kernel/errors.ts";
import { newKey } from "../../kernel/ids.ts";
import { mustBeLines } from "../../kernel/lines.ts";
import { sha256Hex } from "../../kernel/secrets.ts";
import { clients } from "../../store/clients.ts";
import { isTaken, type Tx } from "../../store/store.ts";
import { record } from "../events/index.ts";
import { type Actor, type PersonActor, personOf } from "../people/model.ts";
import type { Needs } from "../world.ts";
import { APIS, type Api, type Client, type ClientInput } from "./model.ts";

type World = Needs<"store">;

const KEY = 28;
const SECRET = 32;
const MOST_NAME = 100;
const MOST_TEXT = 1000;
/** Of one person: nobody has more programs, and each costs a row. */
const MOST_CLIENTS = 200;

export interface NewClient {
  readonly client: Client;
  /** Only its hash is kept, so this is the one time it can be read. */
  readonly secret: string;
}

/** One's own, in the order in which they were made. */
export const listClients = (world: World, actor: Actor): Promise<readonly Client[]> =>
  clients(world.store.db).ofPerson(mustBePerson(actor).id);

/** @throws HavreError "not-found": nobody sees another's */
export const showClient = (world: World, actor: Actor, name: string): Promise<Client> => own(world.store.db, actor, name);

/** May use every part. @throws HavreError "invalid" also when one of theirs has the name */
export async function createClient(world: World, actor: Actor, input: ClientInput): Promise<NewClient> {
  const owner = mustBePerson(actor);
  mustBeClient(input);
  const [key, secret] = [newKey(KEY), newKey(SECRET)];
  try {
    return await world.store.transaction(async tx => {
      if ((await clients(tx).ofPerson(owner.id)).length >= MOST_CLIENTS)
        throw new HavreError("invalid", `You have ${MOST_CLIENTS} clients already: remove one first.`);
      const client = await clients(tx).insert(owner.id, input, { key, secretHash: sha256Hex(secret), apis: APIS });
      await note(tx, actor, "client.created", client);
      return { client, secret };
    });
  } catch (cause) {
    if (!isTaken(cause)) throw cause;
    throw new HavreError("invalid", `Application ${input.name} already exists. Choose another name or remove that one first.`, {
      cause,
    });
  }
}

/** Every token of it is void from now on. @throws HavreError "not-found" */
export async function removeClient(world: World, actor: Actor, name: string): Promise<void> {
  await world.store.transaction(async tx => {
    const client = await own(tx, actor, name);
    await clients(tx).remove(client.id);
    await note(tx, actor, "client.removed", client);
  });
}

/** Lets a client use a part of the science API, or all parts. @throws HavreError "not-found" also for a part that there is not */
export const subscribe = (
  world: World,
  actor: Actor,
  { name, api }: { readonly name: string; readonly api: string | "*" },
): Promise<{ readonly client: Client; readonly apis: readonly Api[] }> =>
  change(world, actor, name, before => [...before, ...apisNamed(api)], api);

/** The client may not use this part any more, or none. @throws as {@link subscribe} */
export const unsubscribe = (
  world: World,
  actor: Actor,
  { name, api }: { readonly name: string; readonly api: string | "*" },
): Promise<{ readonly client: Client; readonly apis: readonly Api[] }> =>
  change(world, actor, name, before => before.filter(one => !apisNamed(api).includes(one)), api);

async function change(
  world: World,
  actor: Actor,
  name: string,
  changed: (before: readonly Api[]) => readonly Api[],
  api: string,
): Promise<{ client: Client; apis: readonly Api[] }> {
  return world.store.transaction(async tx => {
    const before = await own(tx, actor, name);
    const wanted = changed(before.apis);
    const apis = APIS.filter(one => wanted.includes(one));
    if (apis.length !== before.apis.length) {
      await clients(tx).setApis(before.id, apis);
      await note(tx, actor, "client.changed", before, { changes: { apis: [before.apis, apis] } });
    }
    return { client: { ...before, apis }, apis: apisNamed(api) };
  });
}

/** By a part's name in any case; "*" is all. @throws HavreError "not-found" */
function apisNamed(name: string): readonly Api[] {
  if (name === "*") return APIS;
  const found = APIS.find(api => api.toLowerCase() === name.toLowerCase());
  if (!found) throw notFound(`There is no API named ${name}.`);
  return [found];
}

async function own(tx: Tx, actor: Actor, name: string): Promise<Client> {
  const found = await clients(tx).named(mustBePerson(actor).id, name);
  if (!found) throw notFound("Application not found");
  return found;
}

function mustBePerson(actor: Actor): PersonActor {
  const person = personOf(actor);
  if (!person) throw new HavreError("forbidden", "A client belongs to a person.");
  return person;
}

function mustBeClient({ name, description, callbackUrl }: ClientInput): void {
  const wrong = (words: string): HavreError => new HavreError("invalid", words);
  if (name === "") throw wrong("clientName is missing.");
  mustBeLines({ clientName: name });
  if ([...name].length > MOST_NAME) throw wrong(`A client's name has at most ${MOST_NAME} characters.`);
  if ([...description].length > MOST_TEXT || description.includes("\0"))
    throw wrong(`A description has at most ${MOST_TEXT} characters.`);
  if (callbackUrl !== "" && (callbackUrl.length > MOST_TEXT || !URL.canParse(callbackUrl)))
    throw wrong("callbackUrl is not a URL.");
}

const note = (tx: Tx, actor: Actor, verb: string, { id, name, key }: Client, more: Record<string, unknown> = {}): Promise<void> =>
  record(tx, actor, { verb, kind: "client", id, data: { name, key, ...more } });
