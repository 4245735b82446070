import type { QueryClient } from "@tanstack/react-query";
import { createRoute, createRouter, type ErrorComponentProps, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { sessionQuery } from "./api/session.ts";
import { marketTree } from "./market/routes.ts";
import { pageNumber, root, signedIn, text } from "./roots.tsx";
import { Lost, NotFound } from "./shell/Lost.tsx";

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: async ({ context }) => {
    const session = await context.client.ensureQueryData(sessionQuery).catch(() => null);
    if (session) throw redirect({ to: "/studies" });
  },
  component: lazyRouteComponent(() => import("./welcome/WelcomePage.tsx"), "WelcomePage"),
});

const dropoff = createRoute({
  getParentRoute: () => root,
  path: "/dropoffs/$study",
  component: lazyRouteComponent(() => import("./dropoff/DropoffPage.tsx"), "DropoffPage"),
});

const receipt = createRoute({
  getParentRoute: () => root,
  path: "/receipts/$secret",
  component: lazyRouteComponent(() => import("./receipt/ReceiptPage.tsx"), "ReceiptPage"),
});

const verify = createRoute({
  getParentRoute: () => root,
  path: "/verify",
  component: lazyRouteComponent(() => import("./verify/VerifyPage.tsx"), "VerifyPage"),
});

/** Where somebody wanted to go before they had to sign in. */
const wanted = (search: Record<string, unknown>): { next?: string } => (search.next ? { next: text(search.next) } : {});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: wanted,
  component: lazyRouteComponent(() => import("./signin/SignInPage.tsx"), "SignInPage"),
});

const register = createRoute({
  getParentRoute: () => root,
  path: "/register",
  validateSearch: wanted,
  component: lazyRouteComponent(() => import("./account/RegisterPage.tsx"), "RegisterPage"),
});

const forgot = createRoute({
  getParentRoute: () => root,
  path: "/forgot",
  component: lazyRouteComponent(() => import("./account/ForgotPage.tsx"), "ForgotPage"),
});

/** Where the links of account mails lead. */
const accountLink = createRoute({
  getParentRoute: () => root,
  path: "/account/$purpose/$uid/$token",
  component: lazyRouteComponent(() => import("./account/LinkPage.tsx"), "LinkPage"),
});

const join = createRoute({
  getParentRoute: () => root,
  path: "/join/$invitation",
  component: lazyRouteComponent(() => import("./join/JoinPage.tsx"), "JoinPage"),
});

const approveJoining = createRoute({
  getParentRoute: () => root,
  path: "/join/approve/$token",
  component: lazyRouteComponent(() => import("./join/ApprovePage.tsx"), "ApprovePage"),
});

export type StudiesSearch = { page?: number; search?: string };

const studies = createRoute({
  getParentRoute: () => signedIn,
  path: "/studies",
  validateSearch: (search: Record<string, unknown>): StudiesSearch => ({
    ...(pageNumber(search.page) > 1 ? { page: pageNumber(search.page) } : {}),
    ...(search.search ? { search: text(search.search) } : {}),
  }),
  component: lazyRouteComponent(() => import("./studies/StudiesPage.tsx"), "StudiesPage"),
});

export const STUDY_TABS = ["drops", "overview", "invitations", "storages", "people"] as const;
export type StudyTab = (typeof STUDY_TABS)[number];

const study = createRoute({
  getParentRoute: () => signedIn,
  path: "/studies/$id",
  validateSearch: (search: Record<string, unknown>): { tab?: StudyTab } => {
    const tab = STUDY_TABS.find(name => name === search.tab);
    return tab ? { tab } : {};
  },
  component: lazyRouteComponent(() => import("./study/StudyPage.tsx"), "StudyPage"),
});

const machines = createRoute({
  getParentRoute: () => signedIn,
  path: "/machines",
  validateSearch: (search: Record<string, unknown>): { page?: number } =>
    pageNumber(search.page) > 1 ? { page: pageNumber(search.page) } : {},
  component: lazyRouteComponent(() => import("./machines/MachinesPage.tsx"), "MachinesPage"),
});

const newMachine = createRoute({
  getParentRoute: () => signedIn,
  path: "/machines/new",
  component: lazyRouteComponent(() => import("./machines/NewMachinePage.tsx"), "NewMachinePage"),
});

const machine = createRoute({
  getParentRoute: () => signedIn,
  path: "/machines/$id",
  component: lazyRouteComponent(() => import("./machines/MachinePage.tsx"), "MachinePage"),
});

export const ACCOUNT_TABS = ["profile", "signing-in", "keys", "browsers"] as const;
export type AccountTab = (typeof ACCOUNT_TABS)[number];

const account = createRoute({
  getParentRoute: () => signedIn,
  path: "/account",
  validateSearch: (search: Record<string, unknown>): { tab?: AccountTab } => {
    const tab = ACCOUNT_TABS.find(name => name === search.tab);
    return tab ? { tab } : {};
  },
  component: lazyRouteComponent(() => import("./account/AccountPage.tsx"), "AccountPage"),
});

export type TasksSearch = { page?: number; which?: "all" | "active" | "over"; search?: string };

const tasks = createRoute({
  getParentRoute: () => signedIn,
  path: "/tasks",
  validateSearch: (search: Record<string, unknown>): TasksSearch => {
    const which = (["active", "over"] as const).find(name => name === search.which);
    return {
      ...(pageNumber(search.page) > 1 ? { page: pageNumber(search.page) } : {}),
      ...(which ? { which } : {}),
      ...(search.search ? { search: text(search.search) } : {}),
    };
  },
  component: lazyRouteComponent(() => import("./tasks/TasksPage.tsx"), "TasksPage"),
});

const newTask = createRoute({
  getParentRoute: () => signedIn,
  path: "/tasks/new",
  validateSearch: (search: Record<string, unknown>): { recipe?: string } =>
    search.recipe ? { recipe: text(search.recipe) } : {},
  component: lazyRouteComponent(() => import("./tasks/NewTaskPage.tsx"), "NewTaskPage"),
});

const cluster = createRoute({
  getParentRoute: () => signedIn,
  path: "/tasks/cluster",
  component: lazyRouteComponent(() => import("./tasks/ClusterPage.tsx"), "ClusterPage"),
});

export const TASK_TABS = ["log", "files", "usage", "elements", "about"] as const;
export type TaskTab = (typeof TASK_TABS)[number];

const task = createRoute({
  getParentRoute: () => signedIn,
  path: "/tasks/$id",
  validateSearch: (search: Record<string, unknown>): { tab?: TaskTab } => {
    const tab = TASK_TABS.find(name => name === search.tab);
    return tab ? { tab } : {};
  },
  component: lazyRouteComponent(() => import("./tasks/TaskPage.tsx"), "TaskPage"),
});

const storages = createRoute({
  getParentRoute: () => signedIn,
  path: "/storages",
  component: lazyRouteComponent(() => import("./files/FilesPage.tsx"), "FilesPage"),
});

const folder = createRoute({
  getParentRoute: () => signedIn,
  path: "/storages/$id",
  validateSearch: (search: Record<string, unknown>): { path?: string } => (search.path ? { path: text(search.path) } : {}),
  component: lazyRouteComponent(() => import("./files/FolderPage.tsx"), "FolderPage"),
});

const outbox = createRoute({
  getParentRoute: () => signedIn,
  path: "/outbox",
  component: lazyRouteComponent(() => import("./outbox/OutboxPage.tsx"), "OutboxPage"),
});

const admin = createRoute({
  getParentRoute: () => signedIn,
  path: "/api/admin",
  component: lazyRouteComponent(() => import("./admin/AdminPage.tsx"), "AdminPage"),
});

const adminOverview = createRoute({
  getParentRoute: () => admin,
  path: "/",
  component: lazyRouteComponent(() => import("./admin/OverviewPage.tsx"), "OverviewPage"),
});

const adminList = createRoute({
  getParentRoute: () => admin,
  path: "/$kind",
  validateSearch: (search: Record<string, unknown>): Record<string, string> =>
    Object.fromEntries(Object.entries(search).flatMap(([name, value]) => (text(value) === "" ? [] : [[name, text(value)]]))),
  component: lazyRouteComponent(() => import("./admin/ListPage.tsx"), "ListPage"),
});

const adminObject = createRoute({
  getParentRoute: () => admin,
  path: "/$kind/$id",
  component: lazyRouteComponent(() => import("./admin/ObjectPage.tsx"), "ObjectPage"),
});

const tree = root.addChildren([
  welcome,
  dropoff,
  receipt,
  verify,
  signIn,
  register,
  forgot,
  accountLink,
  join,
  approveJoining,
  signedIn.addChildren([
    studies,
    study,
    machines,
    newMachine,
    machine,
    tasks,
    newTask,
    cluster,
    task,
    marketTree,
    storages,
    folder,
    account,
    outbox,
    admin.addChildren([adminOverview, adminList, adminObject]),
  ]),
]);

export const makeRouter = (client: QueryClient) =>
  createRouter({
    routeTree: tree,
    context: { client },
    // Addresses are written as people and servers write them; what a page makes of a value is its own affair.
    parseSearch: query => Object.fromEntries(new URLSearchParams(query)),
    stringifySearch: search => {
      const query = new URLSearchParams(
        Object.entries(search).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
      ).toString();
      return query === "" ? "" : `?${query}`;
    },
    // Links in mails end in a slash; both spellings are the same page and neither is redirected.
    trailingSlash: "preserve",
    defaultNotFoundComponent: () => <NotFound />,
    defaultErrorComponent: ({ error, reset }: ErrorComponentProps) => <Lost error={error} reset={reset} />,
    scrollRestoration: true,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
