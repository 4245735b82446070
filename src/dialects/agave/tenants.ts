import type { Settings, World } from "../../core/world.ts";
import { nothing, type Route, type Wire } from "../../http/route.ts";
import { notFound } from "../../kernel/errors.ts";
import { link, listOf, object, row, uuidOf } from "./wire.ts";

/** This server as the one tenant that there is (contract §3). */

const tag = "science: tenants";
const message = "Tenants retrieved successfully.";
const ID = uuidOf("tenant", 1);
const CODE = "havre";

/** The address ends in a slash, so that both spellings that people type are part of it. */
const tenantShape = ({ publicUrl, mailFrom }: Settings, wire: Wire) => ({
  id: ID,
  name: "Havre",
  code: CODE,
  baseUrl: `${publicUrl}/`,
  contact: [{ name: "Support", email: addressOf(mailFrom), url: publicUrl, type: "admin", primary: true }],
  _links: { self: link(wire, `/tenants/${ID}`) },
});
const addressOf = (sender: string): string => /<([^<>]+)>/.exec(sender)?.[1] ?? sender;

const settingsOf = async ({ settings }: World): Promise<Settings> => settings;

export const tenantRoutes: readonly Route[] = [
  row({
    method: "GET",
    path: "/tenants",
    auth: "none",
    tag,
    message,
    summary: "Where the science API is",
    reply: listOf("The one tenant: id, code, name, baseUrl, contact."),
    in: nothing,
    do: settingsOf,
    out: (settings, wire) => [tenantShape(settings, wire)],
  }),
  row({
    method: "GET",
    path: "/tenants/:tenant",
    auth: "none",
    tag,
    message,
    summary: "The tenant, by its code or id",
    reply: object("The tenant."),
    in: (wire: Wire) => {
      if (![CODE, ID].includes(wire.params.tenant ?? "")) throw notFound("Tenant not found.");
    },
    do: settingsOf,
    out: tenantShape,
  }),
];
