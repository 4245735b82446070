import {
  ACCOUNT_EVENTS,
  type AccountEvent,
  changeAgent,
  createAccount,
  createAgent,
  listAccounts,
  listAgents,
  moveAccount,
  nameAccount,
  registerProcessor,
  registerService,
  removeAccount,
  restrictAccount,
  setAgentStatistics,
  showAccount,
} from "../../core/providers/index.ts";
import type { AgentIdentity, AgentProcessor, AgentService, OfferingAccount } from "../../core/providers/model.ts";
import { bool, optional, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, SpecialReply, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { anything, dict, Filters, linkTo, plain, uuid } from "./fields.ts";
import { created, empty, hex, hexOrNull, link, listOut, narrowed, stamp, uuidParam, windowIn } from "./wire.ts";
import { ACCOUNT_STATE } from "./words.ts";

/** Accounts in the services of providers, and the programs that make them (contract §11, operations 114 to 122). */

const tag = "marketplace: accounts and agents";
const path = "/api/marketplace-offering-users/";
const CREATE = {
  user: optional(linkTo("user")),
  offering: optional(linkTo("offering")),
  user_uuid: optional(uuid()),
  offering_uuid: optional(uuid()),
  username: optional(plain(100), ""),
};
const NAME = { username: optional(plain(100)) };
const COMMENT = { comment: optional(plain(2000), ""), comment_url: optional(plain(2000), "") };

const RUNTIME = {
  "pending-linking": "Pending account linking",
  "pending-validation": "Pending additional validation",
} as const;

const accountShape = (account: OfferingAccount, wire: Wire) => ({
  url: link(wire, "marketplace-offering-users", account.uuid),
  uuid: hex(account.uuid),
  user: link(wire, "users", account.personUuid),
  user_uuid: hex(account.personUuid),
  user_username: account.personUsername,
  user_full_name: `${account.firstName} ${account.lastName}`.trim(),
  user_first_name: account.firstName,
  user_last_name: account.lastName,
  user_email: account.email,
  offering: link(wire, "marketplace-provider-offerings", account.offeringUuid),
  offering_uuid: hex(account.offeringUuid),
  offering_name: account.offeringName,
  customer_uuid: hex(account.providerUuid),
  customer_name: account.providerName,
  username: account.username === "" ? null : account.username,
  state: ACCOUNT_STATE[account.state],
  runtime_state: Object.hasOwn(RUNTIME, account.state) ? RUNTIME[account.state as keyof typeof RUNTIME] : "Active",
  is_restricted: account.isRestricted,
  service_provider_comment: account.comment,
  service_provider_comment_url: account.commentUrl,
  created: stamp(account.createdAt),
  modified: stamp(account.updatedAt),
});

const rename = (method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "The name that somebody has there",
    body: schemaOf(NAME),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), username: readBody(NAME, wire.body).username }),
    do: nameAccount,
    out: (account, wire) => narrowed(accountShape(account, wire), wire),
  });

const move = (event: AccountEvent): Route =>
  route({
    method: "POST",
    path: `${path}:uuid/${event}/`,
    auth: "user",
    tag,
    summary: `The account becomes: ${ACCOUNT_STATE[ACCOUNT_EVENTS[event].to]}`,
    body: schemaOf(COMMENT),
    in: (wire: Wire) => {
      const { comment, comment_url: commentUrl } = readBody(COMMENT, wire.body);
      return { uuid: uuidParam(wire), event, comment, commentUrl };
    },
    do: moveAccount,
    out: empty(),
  });

const accountRows: readonly Route[] = [
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: "One's own accounts, and those in what one provides",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      return {
        window: windowIn(wire),
        filter: {
          offerings: filters.uuids("offering_uuid"),
          person: filters.uuid("user_uuid"),
          personUsername: filters.text("user_username"),
          isRestricted: filters.flag("is_restricted"),
          states: filters.words("state", ACCOUNT_STATE),
          query: filters.text("query"),
        },
      };
    },
    do: listAccounts,
    out: (page, wire) => listOut(page, wire, account => accountShape(account, wire)),
  }),
  route({
    method: "POST",
    path,
    auth: "user",
    tag,
    summary: "An account for somebody",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(CREATE, wire.body);
      const [person, offering] = [body.user ?? body.user_uuid, body.offering ?? body.offering_uuid];
      const required = ["This field is required."];
      if (person === undefined || offering === undefined)
        throw invalid({ ...(person ? {} : { user: required }), ...(offering ? {} : { offering: required }) });
      return { person, offering, username: body.username };
    },
    do: createAccount,
    out: (account, wire) => created(accountShape(account, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "One account",
    in: uuidParam,
    do: showAccount,
    out: (account, wire) => narrowed(accountShape(account, wire), wire),
  }),
  rename("PUT"),
  rename("PATCH"),
  route({
    method: "DELETE",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Forget an account",
    status: 204,
    in: uuidParam,
    do: removeAccount,
    out: empty(204),
  }),
  ...(Object.keys(ACCOUNT_EVENTS) as AccountEvent[]).map(move),
  route({
    method: "POST",
    path: `${path}:uuid/update_restricted/`,
    auth: "user",
    tag,
    summary: "Whether its user may work there",
    body: schemaOf({ is_restricted: bool() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), isRestricted: readBody({ is_restricted: bool() }, wire.body).is_restricted }),
    do: restrictAccount,
    out: empty(),
  }),
];

const FACTS = ["version", "dependencies", "config_file_path", "config_file_content", "last_restarted"] as const;
const IDENTITY = {
  offering: linkTo("offering"),
  name: text({ max: 150 }),
  version: optional(anything()),
  dependencies: optional(anything()),
  config_file_path: optional(anything()),
  config_file_content: optional(anything()),
  last_restarted: optional(anything()),
};
const factsIn = (body: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(FACTS.filter(name => body[name] !== undefined).map(name => [name, body[name]]));
const at = (text: string): string => stamp(new Date(text));

const processorShape = (processor: AgentProcessor, wire: Wire) => ({
  url: link(wire, "marketplace-site-agent-processors", processor.uuid),
  uuid: hex(processor.uuid),
  service: link(wire, "marketplace-site-agent-services", processor.serviceUuid),
  service_name: processor.serviceName,
  name: processor.name,
  backend_type: processor.backendType,
  backend_version: processor.backendVersion,
  last_run: processor.lastRunAt === null ? null : at(processor.lastRunAt),
  created: at(processor.createdAt),
  modified: at(processor.updatedAt),
});
const serviceShape = (service: AgentService, wire: Wire) => ({
  url: link(wire, "marketplace-site-agent-services", service.uuid),
  uuid: hex(service.uuid),
  identity: hex(service.identityUuid),
  identity_name: service.identityName,
  name: service.name,
  mode: service.mode,
  state: service.state,
  statistics: service.statistics,
  created: at(service.createdAt),
  modified: at(service.updatedAt),
  processors: service.processors.map(processor => processorShape(processor, wire)),
});
const identityShape = (identity: AgentIdentity, wire: Wire) => ({
  url: link(wire, "marketplace-site-agent-identities", identity.uuid),
  uuid: hex(identity.uuid),
  offering: hex(identity.offeringUuid),
  created_by: hexOrNull(identity.createdByUuid),
  name: identity.name,
  ...identity.facts,
  created: stamp(identity.createdAt),
  modified: stamp(identity.updatedAt),
  services: identity.services.map(service => serviceShape(service, wire)),
});

const identities = "/api/marketplace-site-agent-identities/";
const SERVICE = { name: text({ max: 150 }), mode: optional(plain(50), "") };
const PROCESSOR = { name: text({ max: 150 }), backend_type: optional(plain(100), ""), backend_version: optional(plain(100), "") };
/** 201 for what is new, 200 for what was known. */
const registered = (isNew: boolean, body: object): SpecialReply => new SpecialReply(isNew ? 201 : 200, body);

const agentRows: readonly Route[] = [
  route({
    method: "GET",
    path: identities,
    auth: "user",
    tag,
    summary: "Programs that work for what one provides",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      return { name: filters.text("name"), offering: filters.uuid("offering_uuid"), window: windowIn(wire) };
    },
    do: listAgents,
    out: (page, wire) => listOut(page, wire, identity => identityShape(identity, wire)),
  }),
  route({
    method: "POST",
    path: identities,
    auth: "user",
    tag,
    summary: "A program says who it is",
    body: schemaOf(IDENTITY),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(IDENTITY, wire.body);
      return { offering: body.offering, name: body.name, facts: factsIn(body) };
    },
    do: createAgent,
    out: (identity, wire) => created(identityShape(identity, wire)),
  }),
  route({
    method: "PUT",
    path: `${identities}:uuid/`,
    auth: "user",
    tag,
    summary: "The same, again",
    body: schemaOf(IDENTITY),
    in: (wire: Wire) => {
      const body = readBody(IDENTITY, wire.body);
      return { uuid: uuidParam(wire), name: body.name, facts: factsIn(body) };
    },
    do: changeAgent,
    out: identityShape,
  }),
  route({
    method: "POST",
    path: `${identities}:uuid/register_service/`,
    auth: "user",
    tag,
    summary: "What it runs",
    body: schemaOf(SERVICE),
    status: 201,
    in: (wire: Wire) => ({ identity: uuidParam(wire), ...readBody(SERVICE, wire.body) }),
    do: registerService,
    out: ({ isNew, what }, wire) => registered(isNew, serviceShape(what, wire)),
  }),
  route({
    method: "POST",
    path: "/api/marketplace-site-agent-services/:uuid/register_processor/",
    auth: "user",
    tag,
    summary: "What does the work",
    body: schemaOf(PROCESSOR),
    status: 201,
    in: (wire: Wire) => {
      const { name, backend_type: backendType, backend_version: backendVersion } = readBody(PROCESSOR, wire.body);
      return { service: uuidParam(wire), name, backendType, backendVersion };
    },
    do: registerProcessor,
    out: ({ isNew, what }, wire) => registered(isNew, processorShape(what, wire)),
  }),
  route({
    method: "POST",
    path: "/api/marketplace-site-agent-services/:uuid/set_statistics/",
    auth: "user",
    tag,
    summary: "How it goes",
    body: schemaOf({ statistics: dict() }),
    in: (wire: Wire) => ({ service: uuidParam(wire), statistics: readBody({ statistics: dict() }, wire.body).statistics }),
    do: setAgentStatistics,
    out: empty(),
  }),
];

export const accountRoutes: readonly Route[] = [...accountRows, ...agentRows];
