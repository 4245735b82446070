import {
  isFreeBackendId,
  noteSync,
  setBackend,
  setBroken,
  setEndpoints,
  setFlags,
  setLimitsByProvider,
  setReport,
} from "../../core/market/index.ts";
import { bool, field, list, optional, readBody, refuse, schemaOf, text } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { dict, inside, plain } from "./fields.ts";
import { asProvider, change, endDate, provided, reading } from "./resources.ts";
import { said, uuidParam } from "./wire.ts";

/** Resources from the side of who provides them (contract §11). */

const endpoint = inside({ name: text({ max: 150 }), url: text({ max: 255 }) });
const section = inside({ header: text({ max: 200 }), body: plain(20_000) });
/** At least one. */
const sections = field({ type: "array", minItems: 1 }, given => {
  const all = list(section).read(given);
  return all.length === 0 ? refuse("This list may not be empty.") : all;
});
const REPORT = { report: sections };
const BROKEN = { error_message: optional(plain(20_000)), error_traceback: optional(plain(100_000)) };
const UNIQUE = { backend_id: text({ max: 255 }), check_all_offerings: optional(bool(), false) };

const flag = (
  name: "downscaled" | "paused" | "restrict_member_access",
  key: "downscaled" | "paused" | "restrictMemberAccess",
): Route =>
  asProvider(`set_${name}`, "A mark for the provider's side", {
    body: schemaOf({ [name]: bool() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), [key]: readBody({ [name]: bool() }, wire.body)[name] as boolean }),
    do: setFlags,
    out: said("status", "Resource has been changed."),
  });

const broken = (action: string, isBroken: boolean, out?: () => unknown): Route =>
  asProvider(action, isBroken ? "It is broken" : "It is whole again", {
    body: schemaOf(BROKEN),
    in: (wire: Wire) => {
      const { error_message: message = "", error_traceback: trace = "" } = isBroken ? readBody(BROKEN, wire.body) : {};
      return { uuid: uuidParam(wire), broken: isBroken, message, trace };
    },
    do: setBroken,
    ...(out ? { out } : {}),
  });

export const providerResourceRoutes: readonly Route[] = [
  ...reading("provider"),
  change("provider", "PATCH"),
  asProvider("set_backend_id", "What it is called at the provider's", {
    body: schemaOf({ backend_id: plain(255) }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), id: readBody({ backend_id: plain(255) }, wire.body).backend_id }),
    do: setBackend,
    out: changed => ({ status: `Resource backend_id ${changed ? "has been changed" : "is not changed"}.` }),
  }),
  asProvider("set_backend_metadata", "What the provider keeps of it", {
    body: schemaOf({ backend_metadata: dict() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), metadata: readBody({ backend_metadata: dict() }, wire.body).backend_metadata }),
    do: setBackend,
    out: said("status", "Resource backend_metadata has been changed."),
  }),
  asProvider("set_limits", "What was really given, without an order", {
    body: schemaOf({ limits: dict() }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), limits: readBody({ limits: dict() }, wire.body).limits }),
    do: setLimitsByProvider,
    out: said("status", "Resource limits have been changed."),
  }),
  asProvider("set_endpoints", "Where it is reached", {
    body: schemaOf({ endpoints: list(endpoint) }),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), endpoints: readBody({ endpoints: list(endpoint) }, wire.body).endpoints }),
    do: setEndpoints,
    out: said("status", "Resource endpoints have been changed."),
  }),
  broken("set_as_erred", true),
  broken("set_as_ok", false),
  broken("set_state_ok", false, said("status", "Resource state has been changed.")),
  asProvider("refresh_last_sync", "The provider has looked at it now", { in: uuidParam, do: noteSync }),
  asProvider("submit_report", "A report, in sections", {
    body: schemaOf(REPORT),
    in: (wire: Wire) => ({ uuid: uuidParam(wire), report: readBody(REPORT, wire.body).report }),
    do: setReport,
    out: said("status", "Report is submitted"),
  }),
  flag("downscaled", "downscaled"),
  flag("paused", "paused"),
  flag("restrict_member_access", "restrictMemberAccess"),
  asProvider("set_end_date_by_provider", "Its last day, a week ahead at least", endDate("provider")),
  route({
    method: "POST",
    path: "/api/marketplace-provider-offerings/:uuid/check_unique_backend_id/",
    auth: "user",
    tag: provided,
    summary: "Whether nothing else has this name at the provider's",
    body: schemaOf(UNIQUE),
    in: (wire: Wire) => {
      const { backend_id: backendId, check_all_offerings: everywhere } = readBody(UNIQUE, wire.body);
      return { offering: uuidParam(wire), backendId, everywhere };
    },
    do: isFreeBackendId,
    out: isUnique => ({ is_unique: isUnique }),
  }),
];
