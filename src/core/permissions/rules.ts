import type { Standing, Verb } from "./model.ts";

const MEMBER = ["study.see", "invitation.see", "drop.see"] as const satisfies readonly Verb[];
const RESEARCHER = [...MEMBER, "invitation.change"] as const satisfies readonly Verb[];
const ADMINISTRATOR = [
  ...RESEARCHER,
  "study.change",
  "study.code",
  "contributors.change",
  "invitation.send",
  "location.see",
  "location.change",
  "drop.retry",
] as const satisfies readonly Verb[];

/** The one table: who may do what on a study. Superusers and the system stand as owners of every study. */
const MAY: Record<Standing, ReadonlySet<Verb>> = {
  member: new Set(MEMBER),
  researcher: new Set(RESEARCHER),
  administrator: new Set(ADMINISTRATOR),
  owner: new Set([...ADMINISTRATOR, "study.remove"]),
};

export const allows = (standing: Standing | undefined, verb: Verb): boolean => standing !== undefined && MAY[standing].has(verb);
