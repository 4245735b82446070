import { type WithCosts, withStudiesCosts, withStudyCosts } from "../../core/market/index.ts";
import {
  changeStudyRecord,
  listStudyRecords,
  listStudyTypes,
  moveStudyRecord,
  OECD_FIELDS,
  openStudyRecord,
  removeStudyRecord,
  type StudyRecord,
  type StudyRecordChanges,
  showStudyRecord,
  showStudyType,
} from "../../core/studies/index.ts";
import { bool, nullable, optional, type Read, readBody, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { invalid } from "../../kernel/errors.ts";
import { cleanHtml } from "../../kernel/html.ts";
import { costsIn } from "./customers.ts";
import { day, dict, Filters, linkTo, plain, sortsBy, uuidInLink } from "./fields.ts";
import { estimateShape } from "./shapes.ts";
import { created, empty, hex, hexOrNull, link, linkOrNull, listOut, narrowed, stamp, uuidParam, windowIn } from "./wire.ts";

/** Studies, which are called projects here (contract §5). */

const tag = "marketplace: projects";

const PARTS = {
  description: optional(plain(20_000)),
  backend_id: optional(plain(255)),
  oecd_fos_2007_code: optional(nullable(text({ max: 80 }))),
  type: optional(nullable(linkTo("projectType"))),
  start_date: optional(nullable(day())),
  end_date: optional(nullable(day())),
  is_industry: optional(bool()),
  slug: optional(plain(50)),
};
const CREATE = { name: text({ max: 500 }), customer: linkTo("customer"), ...PARTS };
const CHANGE = { name: optional(text({ max: 500 })), customer: optional(linkTo("customer")), ...PARTS };
const MOVE = { customer: dict() };

const changesIn = (body: Read<typeof CHANGE>): StudyRecordChanges => ({
  name: body.name,
  description: body.description === undefined ? undefined : cleanHtml(body.description),
  backendId: body.backend_id,
  oecdCode: body.oecd_fos_2007_code,
  type: body.type,
  startDate: body.start_date,
  endDate: body.end_date,
  isIndustry: body.is_industry,
  slug: body.slug,
});

export const projectShape = ({ record, estimate }: WithCosts<StudyRecord>, wire: Wire) => ({
  url: link(wire, "projects", record.uuid),
  uuid: hex(record.uuid),
  name: record.name,
  slug: record.slug,
  description: record.description,
  created: stamp(record.createdAt),
  customer: link(wire, "customers", record.organisationUuid),
  customer_uuid: hex(record.organisationUuid),
  customer_name: record.organisationName,
  customer_native_name: record.organisationNativeName,
  customer_abbreviation: record.organisationAbbreviation,
  customer_slug: record.organisationSlug,
  backend_id: record.backendId,
  type: linkOrNull(wire, "project-types", record.typeUuid),
  type_name: record.typeName,
  type_uuid: hexOrNull(record.typeUuid),
  oecd_fos_2007_code: record.oecdCode,
  oecd_fos_2007_label: OECD_FIELDS[record.oecdCode ?? ""] ?? "",
  billing_price_estimate: estimateShape(estimate),
  start_date: record.startDate,
  end_date: record.endDate,
  end_date_requested_by: linkOrNull(wire, "users", record.endDateByUuid),
  is_industry: record.isIndustry,
  image: null,
  resources_count: record.resources,
  kind: "default",
  is_removed: false,
});

const list = withStudiesCosts(listStudyRecords);
const open = withStudyCosts(openStudyRecord);
const show = withStudyCosts(showStudyRecord);
const update = withStudyCosts(changeStudyRecord);
const move = withStudyCosts(moveStudyRecord);

const SORTS = sortsBy(
  "name",
  "created",
  "customer_name",
  "customer_native_name",
  "customer_abbreviation",
  "end_date",
  "start_date",
);

function filtersIn(wire: Wire) {
  const filters = new Filters(wire);
  const standing = filters.flag("can_manage") ? "administrator" : filters.flag("can_admin") ? "researcher" : undefined;
  const customers = filters.texts("customer")?.flatMap(value => value.split(","));
  return {
    name: filters.text("name"),
    nameExact: filters.text("name_exact"),
    description: filters.text("description"),
    backendId: filters.text("backend_id"),
    slug: filters.text("slug"),
    organisations: customers ? customers.map(value => customerIn(value)) : filters.uuids("customer_uuid"),
    organisationName: filters.text("customer_name"),
    organisationNativeName: filters.text("customer_native_name"),
    organisationAbbreviation: filters.text("customer_abbreviation"),
    query: filters.text("query"),
    createdFrom: filters.moment("created"),
    createdBefore: filters.moment("created_before"),
    changedFrom: filters.moment("modified"),
    changedBefore: filters.moment("modified_before"),
    standing: standing as "administrator" | "researcher" | undefined,
    hasMember: filters.uuid("user_uuid"),
    uuids: filters.absent("is_removed"),
    goesOn: filters.flag("conceal_finished_projects"),
    sort: filters.sort(SORTS),
  };
}

function customerIn(value: string): string {
  const uuid = uuidInLink("customer", value.trim());
  if (uuid === undefined) throw invalid({ customer: ["Enter a valid UUID."] });
  return uuid;
}

const out = (result: WithCosts<StudyRecord>, wire: Wire) => narrowed(projectShape(result, wire), wire);
const change = (method: "PUT" | "PATCH"): Route =>
  route({
    method,
    path: "/api/projects/:uuid/",
    auth: "user",
    tag,
    summary: method === "PUT" ? "Change it; what is left out stays" : "Change parts of it",
    body: schemaOf(method === "PUT" ? CREATE : CHANGE),
    in: (wire: Wire) => {
      const body = readBody(method === "PUT" ? CREATE : CHANGE, wire.body);
      return { ...costsIn(wire), input: { uuid: uuidParam(wire), changes: changesIn(body), organisation: body.customer } };
    },
    do: update,
    out,
  });

const typeShape = (type: { readonly uuid: string; readonly name: string; readonly description: string }, wire: Wire) => ({
  url: link(wire, "project-types", type.uuid),
  uuid: hex(type.uuid),
  name: type.name,
  description: type.description,
});

export const projectRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/projects/",
    auth: "user",
    tag,
    summary: "Projects that one sees, by name",
    in: (wire: Wire) => ({ ...costsIn(wire), input: { filter: filtersIn(wire), window: windowIn(wire) } }),
    do: list,
    out: (page, wire) => listOut(page, wire, item => projectShape(item, wire)),
  }),
  route({
    method: "POST",
    path: "/api/projects/",
    auth: "user",
    tag,
    summary: "A new project of an organization",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => {
      const body = readBody(CREATE, wire.body);
      return { costs: false, input: { ...changesIn(body), name: body.name, organisation: body.customer } };
    },
    do: open,
    out: (result, wire) => created(projectShape(result, wire)),
  }),
  route({
    method: "GET",
    path: "/api/projects/:uuid/",
    auth: "user",
    tag,
    summary: "One project",
    in: (wire: Wire) => ({ ...costsIn(wire), input: uuidParam(wire) }),
    do: show,
    out,
  }),
  change("PUT"),
  change("PATCH"),
  route({
    method: "DELETE",
    path: "/api/projects/:uuid/",
    auth: "user",
    tag,
    summary: "Remove one that uses nothing any more",
    status: 204,
    in: uuidParam,
    do: removeStudyRecord,
    out: empty(204),
  }),
  route({
    method: "POST",
    path: "/api/projects/:uuid/move_project/",
    auth: "user",
    tag,
    summary: "Another organization has it from now on, and all roles in it end; for the staff",
    body: schemaOf(MOVE),
    in: (wire: Wire) => {
      const { url } = readBody(MOVE, wire.body).customer;
      const organisation = readBody({ url: linkTo("customer") }, { url }).url;
      return { costs: false, input: { uuid: uuidParam(wire), organisation } };
    },
    do: move,
    out,
  }),
  route({
    method: "GET",
    path: "/api/project-types/",
    auth: "user",
    tag,
    summary: "Kinds of projects",
    in: (wire: Wire) => ({ name: new Filters(wire).text("name"), window: windowIn(wire) }),
    do: listStudyTypes,
    out: (page, wire) => listOut(page, wire, type => typeShape(type, wire)),
  }),
  route({
    method: "GET",
    path: "/api/project-types/:uuid/",
    auth: "user",
    tag,
    summary: "One kind of projects",
    in: uuidParam,
    do: showStudyType,
    out: (type, wire) => narrowed(typeShape(type, wire), wire),
  }),
];
