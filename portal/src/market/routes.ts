import { createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { pageNumber, signedIn, text } from "../roots.tsx";
import { OFFERING_TABS, type OfferingTab } from "../selling/tabs.ts";
import { ORDER_STATES } from "./states.ts";
import type { OrderState } from "./types.ts";

/** Those of these names that an address gives, and its page. */
const given =
  <const Names extends readonly string[]>(...names: Names) =>
  (search: Record<string, unknown>): { [Name in Names[number]]?: string } & { page?: number } => ({
    ...(Object.fromEntries(names.flatMap(name => (search[name] ? [[name, text(search[name])]] : []))) as {
      [Name in Names[number]]?: string;
    }),
    ...(pageNumber(search.page) > 1 ? { page: pageNumber(search.page) } : {}),
  });

const market = createRoute({
  getParentRoute: () => signedIn,
  path: "/market",
  component: lazyRouteComponent(() => import("./MarketPage.tsx"), "MarketPage"),
});

const catalogue = createRoute({
  getParentRoute: () => market,
  path: "/",
  validateSearch: given("search", "category", "provider", "type", "billable", "priceMin", "priceMax"),
  component: lazyRouteComponent(() => import("./CataloguePage.tsx"), "CataloguePage"),
});

const offering = createRoute({
  getParentRoute: () => market,
  path: "/offerings/$uuid",
  component: lazyRouteComponent(() => import("./OfferingPage.tsx"), "OfferingPage"),
});

const newOrder = createRoute({
  getParentRoute: () => market,
  path: "/offerings/$uuid/order",
  validateSearch: given("plan"),
  component: lazyRouteComponent(() => import("./NewOrderPage.tsx"), "NewOrderPage"),
});

const orders = createRoute({
  getParentRoute: () => market,
  path: "/orders",
  validateSearch: (search: Record<string, unknown>): { state?: OrderState; project?: string; page?: number } => {
    const state = ORDER_STATES.find(one => one === search.state);
    return { ...(state ? { state } : {}), ...given("project")(search) };
  },
  component: lazyRouteComponent(() => import("./OrdersPage.tsx"), "OrdersPage"),
});

const order = createRoute({
  getParentRoute: () => market,
  path: "/orders/$uuid",
  component: lazyRouteComponent(() => import("./OrderPage.tsx"), "OrderPage"),
});

const resources = createRoute({
  getParentRoute: () => market,
  path: "/resources",
  validateSearch: given("project", "ended"),
  component: lazyRouteComponent(() => import("./ResourcesPage.tsx"), "ResourcesPage"),
});

const resource = createRoute({
  getParentRoute: () => market,
  path: "/resources/$uuid",
  component: lazyRouteComponent(() => import("./ResourcePage.tsx"), "ResourcePage"),
});

const costs = createRoute({
  getParentRoute: () => market,
  path: "/costs",
  validateSearch: given("month", "project"),
  component: lazyRouteComponent(() => import("./CostsPage.tsx"), "CostsPage"),
});

const selling = createRoute({
  getParentRoute: () => market,
  path: "/selling",
  validateSearch: given(),
  component: lazyRouteComponent(() => import("../selling/SellingPage.tsx"), "SellingPage"),
});

const newOffering = createRoute({
  getParentRoute: () => market,
  path: "/selling/new",
  component: lazyRouteComponent(() => import("../selling/NewOfferingPage.tsx"), "NewOfferingPage"),
});

const usage = createRoute({
  getParentRoute: () => market,
  path: "/selling/usage",
  validateSearch: given("resource"),
  component: lazyRouteComponent(() => import("../selling/UsagePage.tsx"), "UsagePage"),
});

const ownOffering = createRoute({
  getParentRoute: () => market,
  path: "/selling/offerings/$uuid",
  validateSearch: (search: Record<string, unknown>): { tab?: OfferingTab } => {
    const tab = OFFERING_TABS.find(name => name === search.tab);
    return tab ? { tab } : {};
  },
  component: lazyRouteComponent(() => import("../selling/EditOfferingPage.tsx"), "EditOfferingPage"),
});

export const marketTree = market.addChildren([
  catalogue,
  offering,
  newOrder,
  orders,
  order,
  resources,
  resource,
  costs,
  selling,
  newOffering,
  usage,
  ownOffering,
]);
