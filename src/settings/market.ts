import { count, oneOf } from "./kinds.ts";

export const market = {
  organisationOwners: oneOf("superuser", "owner")(
    "ORGANISATION_OWNERS",
    "superuser",
    "Who gives roles in an organisation: only superusers, or its owners as well.",
  ),
  orderApprovers: oneOf(
    "owner",
    "administrator",
    "researcher",
    "member",
  )(
    "ORDER_APPROVERS",
    "owner",
    "The lowest role in a study that agrees to its orders in the name of who pays. `owner`: the owners of its organisation alone.",
  ),
  marketRate: count(
    "MARKET_RATE",
    "500",
    "Most calls of the marketplace's API in a window of time, per token, or per address without one.",
  ),
  marketRateSeconds: count("MARKET_RATE_SECONDS", "60", "Length of that window. Each process counts for itself."),
};
