import { showOffering } from "../../core/market/index.ts";
import type { OrganisationRecord } from "../../core/organisations/index.ts";
import {
  addProvider,
  describeProvider,
  endProvider,
  listKeysOfProvider,
  listPeopleOfOffering,
  listProviders,
  listServedStudies,
  listStudiesOfOffering,
  showProvider,
} from "../../core/providers/index.ts";
import { optional, readBody, schemaOf } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { uuidNamed } from "../../kernel/ids.ts";
import { Filters, linkTo, plain } from "./fields.ts";
import { sshKeyShape } from "./keys.ts";
import { projectShape } from "./projects.ts";
import { userShape } from "./shapes.ts";
import { arrayOut, created, empty, hex, link, listOut, narrowed, stamp, uuidParam, windowIn } from "./wire.ts";

/** Who sells, and whom they serve (contract §8 and §11, operations 62 and 110 to 113, 123). */

const tag = "marketplace: providers";
const path = "/api/marketplace-service-providers/";
const CREATE = { customer: linkTo("customer"), description: optional(plain(20_000)) };
const CHANGE = { description: optional(plain(20_000)) };

const providerShape = (provider: OrganisationRecord, wire: Wire) => ({
  url: link(wire, "marketplace-service-providers", provider.providerUuid ?? provider.uuid),
  uuid: hex(provider.providerUuid ?? provider.uuid),
  created: stamp(provider.providerSince ?? provider.createdAt),
  description: provider.providerDescription,
  customer: link(wire, "customers", provider.uuid),
  customer_uuid: hex(provider.uuid),
  customer_name: provider.name,
  customer_abbreviation: provider.abbreviation,
  customer_slug: provider.slug,
  customer_native_name: provider.nativeName,
  customer_country: provider.country,
  customer_image: null,
  image: null,
  organization_groups: [],
});

/** Nothing of this kind is kept: an empty list for whoever may ask. */
const nothingOf = (action: string, summary: string): Route =>
  route({
    method: "GET",
    path: `/api/marketplace-provider-offerings/:uuid/${action}/`,
    auth: "user",
    tag,
    summary,
    in: (wire: Wire) => ({ side: "provider" as const, uuid: uuidParam(wire) }),
    do: showOffering,
    out: (_offering, wire) => listOut({ total: 0, items: [] }, wire, one => one),
  });

const EXPOSED = ["username", "full_name", "email"] as const;

export const providerRoutes: readonly Route[] = [
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: "Organizations that sell, by name",
    in: (wire: Wire) => {
      const filters = new Filters(wire);
      return {
        customer: filters.uuid("customer_uuid") ?? filters.link("customer", "customer"),
        name: filters.text("customer_keyword"),
        window: windowIn(wire),
      };
    },
    do: listProviders,
    out: (page, wire) => listOut(page, wire, provider => providerShape(provider, wire)),
  }),
  route({
    method: "POST",
    path,
    auth: "user",
    tag,
    summary: "An organization sells from now on",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => readBody(CREATE, wire.body),
    do: addProvider,
    out: (provider, wire) => created(providerShape(provider, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "One of them",
    in: uuidParam,
    do: showProvider,
    out: (provider, wire) => narrowed(providerShape(provider, wire), wire),
  }),
  route({
    method: "PATCH",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Its description",
    body: schemaOf(CHANGE),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), ...readBody(CHANGE, wire.body) }),
    do: describeProvider,
    out: (provider, wire) => narrowed(providerShape(provider, wire), wire),
  }),
  route({
    method: "DELETE",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "It sells nothing any more",
    status: 204,
    in: uuidParam,
    do: endProvider,
    out: empty(204),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/projects/`,
    auth: "user",
    tag,
    summary: "Projects that use something of it",
    in: (wire: Wire) => ({ uuid: uuidParam(wire), window: windowIn(wire) }),
    do: listServedStudies,
    out: (page, wire) => listOut(page, wire, record => projectShape({ record, estimate: undefined }, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/keys/`,
    auth: "user",
    tag,
    summary: "SSH keys of its users",
    in: (wire: Wire) => ({ uuid: uuidParam(wire), window: windowIn(wire) }),
    do: listKeysOfProvider,
    out: (page, wire) => listOut(page, wire, key => sshKeyShape(key, wire)),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-provider-offerings/:uuid/list_customer_projects/",
    auth: "user",
    tag,
    summary: "Projects that use the offering",
    in: (wire: Wire) => ({ uuid: uuidParam(wire), window: windowIn(wire) }),
    do: listStudiesOfOffering,
    out: (page, wire) => listOut(page, wire, record => projectShape({ record, estimate: undefined }, wire)),
  }),
  route({
    method: "GET",
    path: "/api/marketplace-provider-offerings/:uuid/list_customer_users/",
    auth: "user",
    tag,
    summary: "People in projects that use the offering",
    in: (wire: Wire) => ({ uuid: uuidParam(wire), window: windowIn(wire) }),
    do: listPeopleOfOffering,
    out: (page, wire) => listOut(page, wire, person => userShape(person, wire, false)),
  }),
  nothingOf("list_project_service_accounts", "Service accounts of projects: none are kept"),
  nothingOf("list_course_accounts", "Accounts of courses: none are kept"),
  route({
    method: "GET",
    path: "/api/marketplace-provider-offerings/:uuid/user-attribute-config/",
    auth: "user",
    tag,
    summary: "What the provider is told of its users",
    in: (wire: Wire) => ({ side: "provider" as const, uuid: uuidParam(wire) }),
    do: showOffering,
    out: offering => ({
      uuid: hex(uuidNamed(`user-attributes:${offering.uuid}`)),
      created: stamp(offering.createdAt),
      modified: stamp(offering.updatedAt),
      offering_uuid: hex(offering.uuid),
      offering_name: offering.name,
      is_default: true,
      exposed_fields: EXPOSED,
      ...Object.fromEntries(EXPOSED.map(name => [`expose_${name}`, true])),
    }),
  }),
  route({
    method: "GET",
    path: "/api/component-user-usage-limits/",
    auth: "user",
    tag,
    summary: "Limits of single users: none are kept",
    in: windowIn,
    do: async () => [],
    out: (none, wire) => arrayOut(none, wire, one => one),
  }),
];
