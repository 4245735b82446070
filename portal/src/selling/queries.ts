import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { get, getCounted, getEvery } from "../api/client.ts";
import { customersQuery, meQuery } from "../market/queries.ts";
import type { Customer, Me, Offering, Order, Resource } from "../market/types.ts";

/** Below the key of the marketplace, so that whatever is done there asks anew for these too. */
const KEY = "market";
const enc = encodeURIComponent;

export const ownOfferingsQuery = (page: number, pageSize: number) =>
  queryOptions({
    queryKey: [KEY, "own offerings", page],
    queryFn: () => getCounted<Offering>(`/marketplace-provider-offerings/?page=${page}&page_size=${pageSize}`),
    placeholderData: keepPreviousData,
  });
export const ownOfferingQuery = (uuid: string) =>
  queryOptions({
    queryKey: [KEY, "own offering", uuid],
    queryFn: () => get<Offering>(`/marketplace-provider-offerings/${enc(uuid)}/`),
  });

const TO_DO = ["pending-provider", "executing", "erred"].map(state => `state=${state}`).join("&");
const LOOK_MS = 10_000;
/** What waits for the provider, or went wrong there; of one organisation. */
export const toDoQuery = (provider: string) =>
  queryOptions({
    queryKey: [KEY, "to do", provider],
    queryFn: () => getCounted<Order>(`/marketplace-orders/?${TO_DO}&provider_uuid=${enc(provider)}&o=created&page_size=50`),
    refetchInterval: LOOK_MS,
    enabled: provider !== "",
  });
/** What can have a report of use, by name. */
export const servedQuery = queryOptions({
  queryKey: [KEY, "served"],
  queryFn: () =>
    getEvery<Resource>(
      "/marketplace-provider-resources/?state=OK&state=Erred&state=Updating&state=Terminating&o=name&field=uuid&field=name&field=project_name&field=offering_uuid&field=offering_name",
    ),
});

/** Only their components: what a report may name. */
export const ownComponentsQuery = queryOptions({
  queryKey: [KEY, "own components"],
  queryFn: () => getEvery<Pick<Offering, "uuid" | "components">>("/marketplace-provider-offerings/?field=uuid&field=components"),
});

const SELLING: readonly string[] = ["CUSTOMER.OWNER", "CUSTOMER.MANAGER", "CUSTOMER.SUPPORT", "OFFERING.MANAGER"];

/** Whether somebody has to do with what an organisation sells. */
export const mayLook = (me: Me | undefined): boolean =>
  me !== undefined && (me.is_staff === true || me.permissions.some(({ role_name }) => SELLING.includes(role_name)));

/** The organisations that somebody owns: those that sell, and those that could. */
export function useOwn(): { providers: Customer[]; others: Customer[] } | undefined {
  const me = useQuery(meQuery).data;
  const customers = useQuery(customersQuery).data;
  if (!me || !customers) return undefined;
  const owned = customers.filter(
    ({ uuid }) => me.is_staff || me.permissions.some(one => one.role_name === "CUSTOMER.OWNER" && one.scope_uuid === uuid),
  );
  return { providers: owned.filter(one => one.is_service_provider), others: owned.filter(one => !one.is_service_provider) };
}
