import { DAY, isDay } from "../../kernel/clock.ts";
import { invalid } from "../../kernel/errors.ts";
import { offerings } from "../../store/offerings.ts";
import type { Tx } from "../../store/store.ts";
import { team } from "../../store/team.ts";
import { roleNamed } from "../permissions/index.ts";
import type { Facts, Offering } from "./model.ts";
import { whole } from "./rules.ts";

/** Terms that a provider sets for what it sells: how long it lasts, and for which teams. */

const PAST = "Cannot be earlier than the current date.";
const plusDays = (day: Date, days: number): string => new Date(day.getTime() + days * DAY).toISOString().slice(0, 10);
const number = (given: unknown): number | undefined => (typeof given === "number" && Number.isFinite(given) ? given : undefined);

/** A day, or undefined for what is none. */
export const dayOf = (given: unknown): string | undefined => (typeof given === "string" && isDay(given) ? given : undefined);

/** The last day of a resource, as it was asked for and as the offering allows. @throws HavreError "invalid" */
export function acceptEnd(options: Facts, given: unknown, now: Date): string | null {
  const offset = number(options.default_resource_termination_offset_in_days);
  if (given === undefined || given === null) {
    if (options.is_resource_termination_date_required !== true) return null;
    if (offset === undefined) throw invalid({ end_date: ["This field is required."] });
    return acceptEnd(options, plusDays(now, offset), now);
  }
  const day = dayOf(given);
  if (day === undefined) throw invalid({ end_date: ["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."] });
  if (day < plusDays(now, 0)) throw invalid({ end_date: [PAST] });
  const most = number(options.max_resource_termination_offset_in_days);
  const latest = [most === undefined ? undefined : plusDays(now, most), dayOf(options.latest_date_for_resource_termination)]
    .filter(one => one !== undefined)
    .sort()[0];
  if (latest !== undefined && day > latest) throw invalid({ end_date: [`Cannot be later than ${latest}.`] });
  return day;
}

/** @throws HavreError "invalid" for a study that the offering is not for */
export async function mustSuitTeam(
  tx: Tx,
  { id, pluginOptions: options }: Pick<Offering, "id" | "pluginOptions">,
  study: number,
): Promise<void> {
  const most = number(options.maximal_resource_count_per_project);
  if (most !== undefined && (await offerings(tx).liveResources(id, study)) >= most)
    throw whole(`The project may have at most ${most} of this.`);
  const least = number(options.minimal_team_count_for_provisioning);
  const named =
    typeof options.required_team_role_for_provisioning === "string" ? options.required_team_role_for_provisioning : undefined;
  if (least === undefined && named === undefined) return;
  const members = await team(tx).of(study);
  if (least !== undefined && members.length < least) throw whole(`The project must have at least ${least} members.`);
  const role = named === undefined ? undefined : roleNamed(named);
  if (role && !members.some(member => member.roles.includes(role.role)))
    throw whole(`The project must have a member with the role ${named}.`);
}
