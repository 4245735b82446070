import {
  type Field,
  field,
  pythonType,
  type Read,
  readBody,
  refuse,
  type Shape,
  schemaOf,
  sound,
  text,
} from "../../http/fields.ts";
import type { Wire } from "../../http/route.ts";
import { isDay } from "../../kernel/clock.ts";
import { isDecimal } from "../../kernel/decimal.ts";
import { asHavreError, fieldsIn, invalid } from "../../kernel/errors.ts";
import { query, uuidOf } from "./wire.ts";

/** Fields of bodies and filters of queries, with the words of their refusals (contract §1.2, §1.8). */

/** Collections in which an object goes by a link; each is taken for the other. */
export const LINKS = {
  customer: ["customers"],
  project: ["projects"],
  projectType: ["project-types"],
  user: ["users"],
  category: ["marketplace-categories"],
  offering: ["marketplace-public-offerings", "marketplace-provider-offerings", "marketplace-offerings"],
  plan: ["marketplace-public-plans", "marketplace-plans"],
  resource: ["marketplace-resources", "marketplace-provider-resources"],
  account: ["marketplace-offering-users"],
} as const;
export type Linked = keyof typeof LINKS;

/** The uuid in a link, whatever its host; also of a bare uuid. @returns undefined for what leads elsewhere */
export function uuidInLink(kind: Linked, given: string): string | undefined {
  const bare = uuidOf(given);
  if (bare !== undefined) return bare;
  const path = URL.canParse(given) ? new URL(given).pathname : given.split(/[?#]/)[0];
  const [, collection = "", uuid = "", rest = "", nested = ""] =
    /\/api\/([a-z-]+)\/([0-9a-fA-F-]+)(?:\/([a-z]+)\/([0-9a-fA-F-]+))?\/?$/.exec(path ?? "") ?? [];
  if (kind === "plan" && rest === "plans" && (LINKS.offering as readonly string[]).includes(collection)) return uuidOf(nested);
  return rest === "" && (LINKS[kind] as readonly string[]).includes(collection) ? uuidOf(uuid) : undefined;
}

/** Gives the uuid of what the link leads to; whether it is there is the core's to say. */
export const linkTo = (kind: Linked): Field<string> =>
  field({ type: "string", format: "uri" }, given => {
    if (typeof given !== "string")
      return refuse(`Incorrect type. Expected URL string, received ${Number.isInteger(given) ? "int" : pythonType(given)}.`);
    return uuidInLink(kind, given.trim()) ?? refuse("Invalid hyperlink - No URL match.");
  });

export const uuid = (): Field<string> =>
  field({ type: "string", format: "uuid" }, given =>
    typeof given === "string" ? (uuidOf(given.trim()) ?? refuse("Must be a valid UUID.")) : refuse("Must be a valid UUID."),
  );

const DEEPEST = 50;
/** The same value; refused when a text in it could not be kept, or when it is deeper than anything that people write. */
function soundInside<T>(given: T, depth = 0): T {
  if (depth > DEEPEST) return refuse(`Ensure this value is no deeper than ${DEEPEST} levels.`);
  if (typeof given === "string") sound(given);
  else if (typeof given === "object" && given !== null)
    for (const [key, value] of Object.entries(given)) {
      sound(key);
      soundInside(value, depth + 1);
    }
  return given;
}

export const dict = (): Field<Readonly<Record<string, unknown>>> =>
  field({ type: "object" }, given =>
    typeof given === "object" && given !== null && !Array.isArray(given)
      ? soundInside(given as Record<string, unknown>)
      : refuse(`Expected a dictionary of items but got type "${pythonType(given)}".`),
  );

export const day = (): Field<string> =>
  field({ type: "string", format: "date" }, given =>
    typeof given === "string" && isDay(given)
      ? given
      : refuse("Date has wrong format. Use one of these formats instead: YYYY-MM-DD."),
  );

const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;
export function momentIn(given: string): Date | undefined {
  if (!MOMENT.test(given) || !isDay(given.slice(0, 10))) return undefined;
  const isDateOnly = given.length === 10;
  const zoned = isDateOnly || /(?:Z|[+-]\d\d:?\d\d)$/i.test(given) ? given : `${given}Z`;
  const at = new Date(zoned.replace(" ", "T"));
  return Number.isNaN(at.getTime()) ? undefined : at;
}
/** A date-time, or a day. */
export const moment = (): Field<Date> =>
  field({ type: "string", format: "date-time" }, given =>
    typeof given === "string"
      ? (momentIn(given.trim()) ??
        refuse(
          "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z], YYYY-MM-DD.",
        ))
      : refuse("Not a valid string."),
  );

/** An object inside of a body; what is wrong with it is told in one line, under the name of the field that it stands in. */
export const inside = <S extends Shape>(shape: S): Field<Read<S>> =>
  field(schemaOf(shape), given => {
    try {
      return readBody(shape, given);
    } catch (error) {
      const fields = fieldsIn(asHavreError(error));
      if (!fields) throw error;
      return refuse(
        Object.entries(fields)
          .map(([name, words]) => `${name}: ${words.join(" ")}`)
          .join(" "),
      );
    }
  });

export const anything = (): Field<unknown> => field({}, given => soundInside(given));
export const plain = (max: number): Field<string> => text({ max, blank: true });
export const number = (): Field<number> =>
  field({ type: "number" }, given => {
    const value = typeof given === "string" && given.trim() !== "" ? Number(given) : given;
    return typeof value === "number" && Number.isFinite(value) ? value : refuse("A valid number is required.");
  });

/** Filters. An empty value is no filter. */
export class Filters {
  readonly #params: URLSearchParams;
  constructor(wire: Wire) {
    this.#params = query(wire);
  }

  text(name: string): string | undefined {
    const value = this.#params.getAll(name).at(-1)?.replaceAll("\0", "");
    return value === "" ? undefined : value;
  }

  /** Repeated, or with commas. */
  texts(name: string): readonly string[] | undefined {
    const values = this.#params
      .getAll(name)
      .map(value => value.replaceAll("\0", ""))
      .filter(value => value !== "");
    return values.length === 0 ? undefined : values;
  }

  /** Anything but a truth value is no filter. */
  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    return value === "true" || value === "1" ? true : value === "false" || value === "0" ? false : undefined;
  }

  uuid(name: string): string | undefined {
    return this.uuids(name)?.at(-1);
  }

  uuids(name: string): readonly string[] | undefined {
    return this.texts(name)?.flatMap(value =>
      value.split(",").map(one => {
        const known = uuidOf(one.trim());
        if (known === undefined) throw invalid({ [name]: ["Enter a valid UUID."] });
        return known;
      }),
    );
  }

  /**
   * Of what there is none here, as parents of offerings: who asks for one finds nothing, and must not be shown everything.
   * @returns the uuid of nothing when one of them is asked for; "false" asks for none
   */
  absent(...names: readonly string[]): readonly [string] | undefined {
    return names.some(name => !["", "false", "0"].includes(this.text(name)?.toLowerCase() ?? "")) ? [NOTHING] : undefined;
  }

  /** A link that leads nowhere finds nothing. */
  link(name: string, kind: Linked): string | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : (uuidInLink(kind, value) ?? NOTHING);
  }

  /** @param words ours by theirs; in any case */
  words<T extends string>(name: string, words: Readonly<Record<T, string>>): readonly T[] | undefined {
    const known = Object.entries<string>(words) as [T, string][];
    return this.texts(name)?.map(value => {
      const found = known.find(([, theirs]) => theirs.toLowerCase() === value.toLowerCase());
      if (!found) throw invalid({ [name]: [`Select a valid choice. ${value} is not one of the available choices.`] });
      return found[0];
    });
  }

  moment(name: string): Date | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const at = momentIn(value);
    if (!at) throw invalid({ [name]: ["Enter a valid date/time."] });
    return at;
  }

  day(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !isDay(value)) throw invalid({ [name]: ["Enter a valid date."] });
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,9}$/.test(value)) throw invalid({ [name]: ["Enter a number."] });
    return Number(value);
  }

  /** A price, as it is written. */
  price(name: string): string | undefined {
    const value = this.text(name)?.trim();
    if (value === undefined) return undefined;
    if (!isDecimal(value)) throw invalid({ [name]: ["Enter a number."] });
    return value;
  }

  /** @param names theirs → ours; "-" before one turns it round */
  sort(names: Readonly<Record<string, string>>): readonly string[] | undefined {
    const wanted = this.texts("o")
      ?.flatMap(value => value.split(","))
      .filter(value => value !== "");
    return wanted?.map(value => {
      const ours = names[value.replace(/^-/, "")];
      if (ours === undefined || !Object.hasOwn(names, value.replace(/^-/, "")))
        throw invalid({ o: [`Select a valid choice. ${value} is not one of the available choices.`] });
      return value.startsWith("-") ? `-${ours}` : ours;
    });
  }
}

/** The uuid of nothing. */
const NOTHING = "00000000-0000-0000-0000-000000000000";
export const sortsBy = (...names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map(name => [name, name]));
