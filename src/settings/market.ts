import { oneOf } from "./kinds.ts";

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
};
