import { allows, type RoleOn, type StandingOn } from "../permissions/index.ts";
import { LADDERS, ROLE_NAMES } from "../permissions/model.ts";
import type { Facts, OrderType } from "./model.ts";
import { isOwnWork, provisionerOf } from "./rules.ts";

/** What decides whether somebody must agree to an order. */
export interface ApprovalFacts {
  readonly type: OrderType;
  readonly offeringType: string;
  readonly pluginOptions: Facts;
  readonly shared: boolean;
  readonly billable: boolean;
  /** The offering is of the organisation that the study belongs to. */
  readonly ownOffering: boolean;
  readonly isStaff: boolean;
  readonly study: StandingOn<"study"> | null;
  readonly customer: StandingOn<"organisation"> | null;
  readonly provider: StandingOn<"organisation"> | null;
  /** Names of the roles that the person holds on the study and on its organisation: "PROJECT.MANAGER". */
  readonly roles: readonly string[];
}

/** The lowest role of a study that approves its orders beside the organisation's owner: a setting. */
export type Approvers = "owner" | RoleOn<"study">;

/** May this person agree to orders of the study in the name of who pays? */
export const approvesFor = ({ study, customer }: Pick<ApprovalFacts, "study" | "customer">, approvers: Approvers): boolean =>
  allows("organisation", customer ?? undefined, "order.approve") || (study !== null && approversIn(approvers).includes(study));

/** The standings in a study that agree to its orders. */
export const approversIn = (approvers: Approvers): readonly StandingOn<"study">[] =>
  approvers === "owner" ? [] : LADDERS.study.slice(LADDERS.study.indexOf(approvers));

/** Whoever has a role in the study itself, or owns the organisation that pays, may order. */
export const mayOrder = ({ isStaff, roles }: Pick<ApprovalFacts, "isStaff" | "roles">): boolean =>
  isStaff || roles.some(role => role.startsWith("PROJECT.") || role === ROLE_NAMES.organisation.owner);

/** Whether the consumer's side must still agree: the first rule that fits decides. */
export function needsConsumer(facts: ApprovalFacts, approvers: Approvers): boolean {
  const { pluginOptions: options, study } = facts;
  if (options.require_purchase_order_upload === true) return true;
  if (facts.isStaff) return false;
  if (!facts.shared && !facts.billable)
    return !(allows("study", study ?? undefined, "order.own") || approvesFor(facts, approvers));
  const trusted = options.auto_approve_in_service_provider_projects === true && !options.disable_autoapprove;
  if (facts.shared && facts.ownOffering && trusted) return false;
  if (facts.type === "terminate" && facts.provider === "owner") return false;
  if (namesOf(options.auto_approve_for_roles).some(name => facts.roles.includes(name))) return false;
  return !approvesFor(facts, approvers);
}

/** Whether the provider's side must agree. Of what Havre makes true by itself the offering may say that it need not. */
export function needsProvider({ type, isStaff, offeringType, pluginOptions, provider }: ApprovalFacts): boolean {
  if (offeringType === "Waldur.RemoteOffering")
    return !(pluginOptions.auto_approve_remote_orders === true || provider === "owner");
  const kind = provisionerOf(offeringType);
  if (!isOwnWork(kind)) return true;
  // Time that is over, and a superuser, end without asking anybody what Havre can end by itself.
  if (type === "terminate" && isStaff) return false;
  return pluginOptions.auto_approve_by_provider !== true;
}

const namesOf = (given: unknown): string[] =>
  Array.isArray(given) ? given.filter(name => typeof name === "string") : typeof given === "string" ? [given] : [];

/** The roles that an offering is only for; undefined: for everybody. */
export function onlyFor(options: Facts): readonly string[] | undefined {
  const names = namesOf(options.restricted_to_roles);
  return names.length > 0 ? names : undefined;
}
