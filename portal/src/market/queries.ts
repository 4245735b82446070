import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { api, get, getCounted, getEvery } from "../api/client.ts";
import { useVerb, type VerbOptions } from "../parts/useVerb.ts";
import type {
  Budget,
  Category,
  Customer,
  Facet,
  Invoice,
  Me,
  Offering,
  OfferingFile,
  Order,
  OrderStanding,
  OrderState,
  Project,
  Quote,
  Resource,
  ResourceStanding,
  Usage,
} from "./types.ts";

/** Everything of the marketplace stands below one key: whatever is done there may change anything else of it. */
const KEY = "market";
/** What is under way is looked at again so often. */
const LOOK_MS = 3_000;
const INBOX_MS = 15_000;

const enc = encodeURIComponent;
const queryOf = (asked: Readonly<Record<string, string | number | undefined>>): string =>
  new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]) => (value === undefined || value === "" ? [] : [[name, String(value)]])),
  ).toString();

export const currencyQuery = queryOptions({
  queryKey: [KEY, "currency"],
  queryFn: async () => (await get<{ CURRENCY_NAME: string }>("/configuration/")).CURRENCY_NAME,
  staleTime: Number.POSITIVE_INFINITY,
});
export const useCurrency = (): string => useQuery(currencyQuery).data ?? "EUR";

export const meQuery = queryOptions({ queryKey: [KEY, "me"], queryFn: () => get<Me>("/users/me/"), staleTime: 60_000 });

export type CatalogueAsked = {
  search?: string | undefined;
  category?: string | undefined;
  provider?: string | undefined;
  type?: string | undefined;
  billable?: string | undefined;
  priceMin?: string | undefined;
  priceMax?: string | undefined;
};
const filterOf = ({ search, category, provider, type, billable, priceMin, priceMax }: CatalogueAsked) => ({
  keyword: search,
  category_uuid: category,
  customer_uuid: provider,
  type,
  billable,
  price_min: amountIn(priceMin),
  price_max: amountIn(priceMax),
});
/** What somebody wrote into an address and is no amount narrows nothing. */
const amountIn = (text: string | undefined): string | undefined =>
  text && /^\d{1,12}(\.\d{1,10})?$/.test(text) ? text : undefined;

export const catalogueQuery = (asked: CatalogueAsked, page: number, pageSize: number) =>
  queryOptions({
    queryKey: [KEY, "catalogue", asked, page],
    queryFn: () =>
      getCounted<Offering>(`/marketplace-public-offerings/?${queryOf({ ...filterOf(asked), page, page_size: pageSize })}`),
    placeholderData: keepPreviousData,
  });

export const facetsQuery = (asked: CatalogueAsked) =>
  queryOptions({
    queryKey: [KEY, "facets", asked],
    queryFn: () => get<Facet[]>(`/v1/market/facets/?${queryOf(filterOf(asked))}`),
    placeholderData: keepPreviousData,
  });

export const categoriesQuery = queryOptions({
  queryKey: [KEY, "categories"],
  queryFn: () => getEvery<Category>("/marketplace-categories/"),
  staleTime: 60_000,
});

export const offeringQuery = (uuid: string) =>
  queryOptions({
    queryKey: [KEY, "offering", uuid],
    queryFn: () => get<Offering>(`/marketplace-public-offerings/${enc(uuid)}/`),
  });

export const offeringFilesQuery = (uuid: string) =>
  queryOptions({
    queryKey: [KEY, "files", uuid],
    queryFn: () => get<OfferingFile[]>(`/v1/market/offerings/${enc(uuid)}/files/`),
  });
/** On this page's own origin, whatever the server is called to others. */
export const addressOfFile = (uuid: string): string => `/api/v1/market/offering-files/${enc(uuid)}/`;
export const pathOf = (url: string): string => new URL(url, window.location.origin).pathname;

export type QuoteAsked = { offering: string } | { resource: string };
/** Worked out by the server, by the rules that the order itself is priced with. */
export const quoteQuery = (asked: QuoteAsked, limits: Readonly<Record<string, number>>) =>
  queryOptions({
    queryKey: [KEY, "price", asked, limits],
    queryFn: () => api<Quote>("POST", "/v1/market/price/", { ...asked, limits }),
    placeholderData: keepPreviousData,
    retry: false,
  });

/** What somebody may order for. */
export const projectsQuery = queryOptions({
  queryKey: [KEY, "projects"],
  queryFn: () =>
    getEvery<Project>("/projects/?field=uuid&field=url&field=name&field=customer_uuid&field=customer_name&field=end_date"),
});
export const projectCostsQuery = (year: number, month: number) =>
  queryOptions({
    queryKey: [KEY, "projects", year, month],
    queryFn: () =>
      getEvery<Project>(
        `/projects/?field=uuid&field=name&field=customer_uuid&field=customer_name&field=billing_price_estimate&year=${year}&month=${month}`,
      ),
  });
export const customerCostsQuery = (year: number, month: number) =>
  queryOptions({
    queryKey: [KEY, "customers", year, month],
    queryFn: () =>
      getEvery<Customer>(`/customers/?field=uuid&field=name&field=billing_price_estimate&year=${year}&month=${month}`),
  });
export const customersQuery = queryOptions({
  queryKey: [KEY, "customers"],
  queryFn: () => getEvery<Customer>("/customers/?field=uuid&field=url&field=name&field=is_service_provider"),
});

export type Side = "consumer" | "provider";
const toDecide = (side: Side): string => `can_approve_as_${side}=true&o=created`;
export const inboxQuery = (side: Side) =>
  queryOptions({
    queryKey: [KEY, "inbox", side],
    queryFn: () => getCounted<Order>(`/marketplace-orders/?${toDecide(side)}&page_size=100`),
    refetchInterval: INBOX_MS,
  });
/** How many orders wait for whoever looks, from either side. */
export function useWaiting(): number {
  const counted = (side: Side) => ({
    queryKey: [KEY, "inbox", side, "count"],
    queryFn: async () => (await getCounted(`/marketplace-orders/?${toDecide(side)}&page_size=1&field=uuid`)).count,
    refetchInterval: INBOX_MS,
  });
  return (useQuery(counted("consumer")).data ?? 0) + (useQuery(counted("provider")).data ?? 0);
}

export type OrdersAsked = { state?: OrderState | undefined; project?: string | undefined; resource?: string | undefined };
export const ordersQuery = ({ state, project, resource }: OrdersAsked, page: number, pageSize: number) =>
  queryOptions({
    queryKey: [KEY, "orders", state, project, resource, page],
    queryFn: () =>
      getCounted<Order>(
        `/marketplace-orders/?${queryOf({ state, project_uuid: project, resource_uuid: resource, o: "-created", page, page_size: pageSize })}`,
      ),
    placeholderData: keepPreviousData,
    refetchInterval: INBOX_MS,
  });

const OVER: readonly string[] = ["done", "erred", "canceled", "rejected"];
export const isOver = (order: Pick<Order, "state">): boolean => OVER.includes(order.state);
export const orderQuery = (uuid: string) =>
  queryOptions({
    queryKey: [KEY, "order", uuid],
    queryFn: () => get<Order>(`/marketplace-orders/${enc(uuid)}/`),
    refetchInterval: query => (query.state.data && isOver(query.state.data) ? false : LOOK_MS),
  });
export const orderOfferingQuery = (uuid: string) =>
  queryOptions({
    queryKey: [KEY, "order", uuid, "offering"],
    queryFn: () => get<Offering>(`/marketplace-orders/${enc(uuid)}/offering/`),
    staleTime: 300_000,
  });
/** @param state of the order: with another one other things may be done */
export const orderStandingQuery = (uuid: string, state: string) =>
  queryOptions({
    queryKey: [KEY, "order", uuid, "standing", state],
    queryFn: () => get<OrderStanding>(`/v1/market/orders/${enc(uuid)}/standing/`),
    placeholderData: keepPreviousData,
  });

export type ResourcesAsked = {
  side: Side;
  project?: string | undefined;
  offering?: string | undefined;
  search?: string | undefined;
  ended?: boolean;
};
const LIVE = ["Creating", "OK", "Erred", "Updating", "Terminating"];
export const resourcesQuery = (
  { side, project, offering, search, ended = false }: ResourcesAsked,
  page: number,
  pageSize: number,
) =>
  queryOptions({
    queryKey: [KEY, "resources", side, project, offering, search, ended, page],
    queryFn: () => {
      const states = (ended ? ["Terminated"] : LIVE).map(state => `state=${state}`).join("&");
      const asked = queryOf({
        project_uuid: project,
        offering_uuid: offering,
        query: search,
        o: "-created",
        page,
        page_size: pageSize,
      });
      return getCounted<Resource>(
        `/${side === "provider" ? "marketplace-provider-resources" : "marketplace-resources"}/?${states}&${asked}`,
      );
    },
    placeholderData: keepPreviousData,
    refetchInterval: INBOX_MS,
  });
const CALM: readonly string[] = ["OK", "Erred", "Terminated"];
/** From whichever side it is seen. */
export const resourceQuery = (uuid: string) =>
  queryOptions({
    queryKey: [KEY, "resource", uuid],
    queryFn: () =>
      get<Resource>(`/marketplace-resources/${enc(uuid)}/`).catch(error => {
        if (error.status !== 404) throw error;
        return get<Resource>(`/marketplace-provider-resources/${enc(uuid)}/`);
      }),
    refetchInterval: query =>
      query.state.data && CALM.includes(query.state.data.state) && !query.state.data.order_in_progress ? 30_000 : LOOK_MS,
  });
export const resourceStandingQuery = (uuid: string, state: string) =>
  queryOptions({
    queryKey: [KEY, "resource", uuid, "standing", state],
    queryFn: () => get<ResourceStanding>(`/v1/market/resources/${enc(uuid)}/standing/`),
    placeholderData: keepPreviousData,
  });
/** What it is one of; its provider sees it from the other side. */
export const resourceOfferingQuery = ({ uuid, offering_uuid: offering }: Pick<Resource, "uuid" | "offering_uuid">) =>
  queryOptions({
    queryKey: [KEY, "resource", uuid, "offering"],
    queryFn: () =>
      get<Offering>(`/marketplace-resources/${enc(uuid)}/offering/`).catch(error => {
        if (error.status !== 404) throw error;
        return get<Offering>(`/marketplace-provider-offerings/${enc(offering)}/`);
      }),
    retry: false,
  });
export const usagesQuery = (resource: string) =>
  queryOptions({
    queryKey: [KEY, "usages", resource],
    queryFn: () => getEvery<Usage>(`/marketplace-component-usages/?resource_uuid=${enc(resource)}`),
  });
export const budgetQuery = (project: string) =>
  queryOptions({ queryKey: [KEY, "budget", project], queryFn: () => get<Budget>(`/v1/market/projects/${enc(project)}/costs/`) });

export const invoicesQuery = (customer: string) =>
  queryOptions({
    queryKey: [KEY, "invoices", customer],
    queryFn: () => getCounted<Invoice>(`/invoices/?customer_uuid=${enc(customer)}&page_size=24`),
    enabled: customer !== "",
  });

/** Something done in the marketplace. */
export const useMarketVerb = <V, R>(act: (variables: V) => Promise<R>, options?: VerbOptions<R>) => useVerb([KEY], act, options);
