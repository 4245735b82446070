import {
  type Api,
  type Client,
  createClient,
  listClients,
  type NewClient,
  removeClient,
  showClient,
  subscribe,
  unsubscribe,
} from "../../core/clients/index.ts";
import type { Actor } from "../../core/people/model.ts";
import type { World } from "../../core/world.ts";
import { nothing, type Route, type Wire } from "../../http/route.ts";
import { bodyOf, needed, read } from "./body.ts";
import { link, listOf, object, PAGED, paging, param, part, row } from "./wire.ts";

/** The programs of whoever asks, with name and password each time (contract §4). */

const tag = "science: clients";
const auth = "password";
const path = "/clients/v2/:client";

const clientShape = (client: Client, { actor, origin }: Wire) => ({
  name: client.name,
  description: client.description === "" ? null : client.description,
  consumerKey: client.key,
  tier: "Unlimited",
  callbackUrl: client.callbackUrl,
  _links: {
    self: link({ origin }, `/clients/v2/${part(client.name)}`),
    subscriber: link({ origin }, `/profiles/v2/${part(actor.kind === "person" ? actor.username : "me")}`),
    subscriptions: link({ origin }, `/clients/v2/${part(client.name)}/subscriptions`),
  },
});

const subscriptionShape = (client: Client, api: Api, wire: Wire) => {
  const context = `/${api.toLowerCase()}`;
  return {
    apiName: api,
    apiVersion: "v2",
    apiProvider: "admin",
    apiContext: context,
    apiStatus: "PUBLISHED",
    status: "PUBLISHED",
    tier: "Unlimited",
    _links: {
      api: link(wire, `${context}/v2`),
      client: link(wire, `/clients/v2/${part(client.name)}`),
      self: link(wire, `/clients/v2/${part(client.name)}/subscriptions`),
    },
  };
};

const nameIn = (wire: Wire): string => param(wire, "client");
const page = <T>(items: readonly T[], wire: Wire): readonly T[] => {
  const { offset, limit } = paging(wire);
  return items.slice(offset, offset + limit);
};
/** `apiName`, or `name` with "*" for all. */
const apiIn = (wire: Wire): string | undefined => {
  const form = bodyOf(wire);
  return read.text(form.apiName, "apiName") ?? read.text(form.name, "name");
};
const CLIENT = object("A client: name, description, consumerKey, tier, callbackUrl.");

export const clientRoutes: readonly Route[] = [
  row({
    method: "POST",
    path: "/clients/v2",
    auth,
    tag,
    status: 201,
    message: "Client created successfully.",
    summary: "Make a client; its secret is shown this once",
    body: {
      type: "object",
      properties: { clientName: { type: "string" }, description: { type: "string" }, callbackUrl: { type: "string" } },
    },
    reply: CLIENT,
    in: (wire: Wire) => {
      const form = bodyOf(wire);
      const name = read.text(form.clientName, "clientName") ?? read.text(form.name, "name");
      return {
        name: needed(name, "clientName"),
        description: read.text(form.description, "description") ?? "",
        callbackUrl: read.text(form.callbackUrl, "callbackUrl") ?? "",
      };
    },
    do: createClient,
    out: ({ client, secret }: NewClient, wire) => ({ ...clientShape(client, wire), consumerSecret: secret }),
  }),
  row({
    method: "GET",
    path: "/clients/v2",
    auth,
    tag,
    message: "Clients retrieved successfully.",
    summary: "One's own clients",
    query: PAGED,
    reply: listOf("Clients, without their secrets."),
    in: nothing,
    do: (world: World, actor: Actor) => listClients(world, actor),
    out: (clients, wire) => page(clients, wire).map(client => clientShape(client, wire)),
  }),
  row({
    method: "GET",
    path,
    auth,
    tag,
    message: "Client details retrieved successfully.",
    summary: "A client, in a list of one",
    reply: listOf("Exactly one client."),
    in: nameIn,
    do: showClient,
    out: (client, wire) => [clientShape(client, wire)],
  }),
  row({
    method: "DELETE",
    path,
    auth,
    tag,
    message: "Client removed successfully.",
    summary: "Remove a client; its tokens are void",
    reply: object("Nothing."),
    in: nameIn,
    do: removeClient,
    out: () => null,
  }),
  row({
    method: "GET",
    path: `${path}/subscriptions`,
    auth,
    tag,
    summary: "What a client's tokens may use",
    query: PAGED,
    reply: listOf("Subscriptions."),
    in: nameIn,
    do: showClient,
    out: (client, wire) => page(client.apis, wire).map(api => subscriptionShape(client, api, wire)),
  }),
  row({
    method: "POST",
    path: `${path}/subscriptions`,
    auth,
    tag,
    status: 201,
    summary: "Let a client's tokens use one part more, or all",
    body: { type: "object", properties: { apiName: { type: "string" }, name: { type: "string", enum: ["*"] } } },
    reply: object("The subscription; the last of several."),
    in: (wire: Wire) => ({ name: nameIn(wire), api: needed(apiIn(wire), "apiName") }),
    do: subscribe,
    out: ({ client, apis }, wire) => subscriptionShape(client, apis.at(-1) as Api, wire),
  }),
  row({
    method: "DELETE",
    path: `${path}/subscriptions`,
    auth,
    tag,
    summary: "A client's tokens may not use a part any more, or none",
    body: { type: "object", properties: { apiName: { type: "string" } } },
    reply: object("Nothing."),
    in: (wire: Wire) => ({ name: nameIn(wire), api: apiIn(wire) ?? wire.query.apiName ?? "*" }),
    do: unsubscribe,
    out: () => null,
  }),
];
