import type { ShapeName } from "./shapes.ts";

/**
 * The 59 operations that the VRE broker's documentation of October 2021 lists (contract vre-broker §4.1 to §4.6). They are written
 * down here a second time, apart from our rows, so that a row that is lost or altered is found.
 */
export interface Operation {
  readonly section: "4.1" | "4.2" | "4.3" | "4.4" | "4.5" | "4.6";
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As the documentation writes it; it is served below /api. */
  readonly path: string;
  /** none: anyone. user: any sign-in; nobody gets 401. */
  readonly auth: "none" | "user";
  /** Of the good answer. */
  readonly status: 200 | 201 | 204;
  /** What the good answer is, or "page of" or "list of" such; absent for 204. */
  readonly reply?: ShapeName | `page of ${ShapeName}` | `list of ${ShapeName}`;
  /** Fields without which a body is refused. */
  readonly required?: readonly string[];
}

export const SECTIONS = {
  "4.1": "Tokens",
  "4.2": "Users",
  "4.3": "Researchers, studies",
  "4.4": "Universities",
  "4.5": "Virtual machine catalogue",
  "4.6": "Virtual machines",
} as const satisfies Record<Operation["section"], string>;

type Facts = Pick<Operation, "status" | "reply" | "required">;
const none = (required: readonly string[], reply?: Operation["reply"]) => ({
  auth: "none" as const,
  ...(reply === undefined ? { status: 204 as const } : { status: 200 as const, reply }),
  required,
});
const user = (facts: Facts) => ({ auth: "user" as const, ...facts });
const shows = (reply: NonNullable<Operation["reply"]>) => user({ status: 200, reply });
const takes = (reply: NonNullable<Operation["reply"]>, required: readonly string[]) => user({ status: 200, reply, required });

const account = (path: string): readonly (readonly [Operation["method"], string, ReturnType<typeof user>])[] => [
  ["GET", path, shows("User")],
  ["PUT", path, shows("User")],
  ["PATCH", path, shows("User")],
  ["DELETE", path, user({ status: 204, required: ["current_password"] })],
];

const STUDY = ["code", "name", "human_subject", "field"];
const MACHINE = ["name", "provider", "study", "profile", "operating_system", "base_memory_type", "base_storage_type"];
const PARTS = {
  gpu: "Part",
  memory: "SizedPart",
  network: "Network",
  os: "Part",
  profiles: "Profile",
  storage: "SizedPart",
} as const satisfies Record<string, ShapeName>;
const parts = Object.entries(PARTS);

const LISTED: Readonly<
  Record<Operation["section"], readonly (readonly [Operation["method"], string, Facts & Pick<Operation, "auth">])[]>
> = {
  "4.1": [
    ["POST", "/auth/hawk/create/", none(["username", "password"], "HawkToken")],
    ["POST", "/auth/jwt/create/", none(["username", "password"], "JwtPair")],
    ["POST", "/auth/jwt/refresh/", none(["refresh"], "JwtAccess")],
    ["POST", "/auth/jwt/verify/", none(["token"], "Nothing")],
  ],
  "4.2": [
    ["GET", "/auth/users/", shows("page of User")],
    ["POST", "/auth/users/", { auth: "none", status: 201, reply: "User", required: ["username", "password"] }],
    ...account("/auth/users/me/"),
    ...account("/auth/users/{id}/"),
    ["POST", "/auth/users/activation/", none(["uid", "token"])],
    ["POST", "/auth/users/resend_activation/", none(["email"])],
    ["POST", "/auth/users/set_password/", user({ status: 204, required: ["current_password", "new_password"] })],
    ["POST", "/auth/users/reset_password/", none(["email"])],
    ["POST", "/auth/users/reset_password_confirm/", none(["uid", "token", "new_password"])],
    ["POST", "/auth/users/set_username/", user({ status: 204, required: ["current_password", "new_username"] })],
    ["POST", "/auth/users/reset_username/", none(["email"])],
    ["POST", "/auth/users/reset_username_confirm/", none(["new_username", "uid", "token"])],
  ],
  "4.3": [
    ["GET", "/v1/researchers/", shows("page of Researcher")],
    ["GET", "/v1/studies/", shows("page of Study")],
    ["POST", "/v1/studies/", takes("Study", STUDY)],
    ["GET", "/v1/studies/fields/", shows("list of StudyField")],
    ["GET", "/v1/studies/roles/", shows("list of Role")],
    ["GET", "/v1/studies/{id}/", shows("Study")],
    ["PUT", "/v1/studies/{id}/", takes("Study", STUDY)],
    ["DELETE", "/v1/studies/{id}/", user({ status: 204 })],
    ["GET", "/v1/studies/{id}/contributors/", shows("page of Contributor")],
    ["POST", "/v1/studies/{id}/contributors/", shows("list of Contributor")],
  ],
  "4.4": [
    ["GET", "/v1/universities/", shows("page of University")],
    ["GET", "/v1/universities/{id}/faculties/", shows("page of Faculty")],
    ["GET", "/v1/universities/{university}/faculties/{faculty}/study_fields/", shows("page of StudyField")],
  ],
  "4.5": [
    ...parts.map(([name, shape]) => ["GET", `/v1/virtual_machines/{provider}/${name}/`, shows(`page of ${shape}`)] as const),
    ...parts.map(([name, shape]) => ["GET", `/v1/virtualmachines/${name}/`, shows(`page of ${shape}`)] as const),
    ...parts.map(([name, shape]) => ["GET", `/v1/virtualmachines/${name}/{id}/`, shows(shape)] as const),
    ["GET", "/v1/virtualmachines/providers/", shows("list of Provider")],
  ],
  "4.6": [
    ["GET", "/v1/virtualmachines/", shows("page of Machine")],
    ["POST", "/v1/virtualmachines/", takes("Machine", MACHINE)],
    ["GET", "/v1/virtualmachines/{id}/", shows("Machine")],
    ["PUT", "/v1/virtualmachines/{id}/", takes("Machine", MACHINE)],
    ["DELETE", "/v1/virtualmachines/{id}/", user({ status: 204 })],
  ],
};

export const OPERATIONS: readonly Operation[] = (Object.keys(SECTIONS) as Operation["section"][]).flatMap(section =>
  LISTED[section].map(([method, path, facts]) => ({ section, method, path, ...facts })),
);

export const nameOf = ({ method, path }: Operation): string => `${method} ${path}`;

/** Paths are equal when they differ only in the names of their parameters. */
const unnamed = (path: string): string => path.replaceAll(/:\w+|\{\w+\}/g, "{}");

/** The row of ours that serves an operation. */
export const servingRow = <R extends { readonly method: string; readonly path: string }>(
  operation: Operation,
  rows: readonly R[],
): R | undefined =>
  rows.find(({ method, path }) => method === operation.method && unnamed(path) === unnamed(`/api${operation.path}`));
