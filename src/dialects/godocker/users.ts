import {
  changeUser,
  killTasksOf,
  listUsers,
  projectsOfUser,
  removeUser,
  replaceUserKey,
  setGuest,
  showUser,
  type UserInput,
  type UserView,
  usageOfUser,
} from "../../core/tasks/index.ts";
import type { Route, Wire } from "../../http/route.ts";
import { projectShape, quotasOf } from "./projects.ts";
import type { Facts } from "./task-out.ts";
import { usageShape } from "./usage.ts";
import { bodyOf, gigabytes, listOf, object, param, read, row, seconds, wrong } from "./wire.ts";

const API = "/api/1.0/user";
const USER = object("A user.");

export const userShape =
  ({ root }: Facts) =>
  ({ person, account, isGuest, email, home, apiKey, diskBytes }: UserView) => ({
    id: person.username,
    uid: account.uid,
    gid: account.gid,
    sgids: account.groups,
    email,
    homeDirectory: `${root}/${home}`,
    admin: person.isSuperuser,
    type: "registered",
    guest: isGuest,
    guest_status: account.guestActive,
    last: seconds(account.lastAt),
    ...(apiKey === undefined ? {} : { credentials: { apikey: apiKey, public: account.publicKey, private: "" } }),
    usage: {
      prio: account.quotas.prio,
      quota_time: account.quotas.seconds,
      quota_cpu: account.quotas.cpu,
      quota_ram: gigabytes(account.quotas.memoryMib),
      quota_gpu: account.quotas.gpus,
      disk: diskBytes,
    },
  });

/** Clients send the whole document back: what may be changed is taken, the rest is left. */
function inputOf(wire: Wire): UserInput {
  const body = bodyOf(wire);
  return {
    username: param("user")(wire),
    email: read.text(body.email, "email"),
    publicKey: read.text(read.object(body.credentials, "credentials").public, "credentials.public"),
    quotas: quotasOf(read.object(body.usage, "usage")),
  };
}

export function userRoutes(facts: Facts): readonly Route[] {
  const shape = userShape(facts);
  return [
    row({
      method: "GET",
      path: API,
      auth: "admin",
      tag: "users",
      summary: "Everybody",
      reply: listOf("Users."),
      in: () => undefined,
      do: listUsers,
      out: users => users.map(shape),
    }),
    row({
      method: "GET",
      path: `${API}/:user`,
      auth: "user",
      tag: "users",
      summary: "A user, with the API key; for themselves and administrators",
      reply: USER,
      in: param("user"),
      do: showUser,
      out: shape,
    }),
    row({
      method: "PUT",
      path: `${API}/:user`,
      auth: "user",
      tag: "users",
      summary: "Change a user: public key and address; administrators priority and quotas as well",
      body: USER,
      reply: USER,
      in: inputOf,
      do: changeUser,
      out: shape,
    }),
    row({
      method: "DELETE",
      path: `${API}/:user`,
      auth: "admin",
      tag: "users",
      summary: "Remove a user with their tasks and files",
      reply: USER,
      in: param("user"),
      do: removeUser,
      out: shape,
    }),
    row({
      method: "DELETE",
      path: `${API}/:user/apikey`,
      auth: "user",
      tag: "users",
      summary: "Another API key instead of the one there is",
      reply: object("`apikey`."),
      in: param("user"),
      do: replaceUserKey,
      out: apikey => ({ apikey }),
    }),
    row({
      method: "DELETE",
      path: `${API}/:user/task`,
      auth: "user",
      tag: "users",
      summary: "Kill a user's tasks, or those with a tag",
      query: { tag: { type: "string" } },
      reply: { type: "array", items: { type: "integer" } },
      in: wire => ({ username: param("user")(wire), tag: wire.query.tag || undefined }),
      do: killTasksOf,
      out: ids => ids,
    }),
    row({
      method: "GET",
      path: `${API}/:user/project`,
      auth: "user",
      tag: "users",
      summary: "Projects that a user is in",
      reply: listOf("Projects."),
      in: param("user"),
      do: projectsOfUser,
      out: projects => projects.map(projectShape),
    }),
    row({
      method: "GET",
      path: `${API}/:user/usage`,
      auth: "user",
      tag: "users",
      summary: "Use of a user, day by day",
      reply: listOf("Days."),
      in: param("user"),
      do: usageOfUser,
      out: days => days.map(usageShape),
    }),
    row({
      method: "POST",
      path: "/api/1.0/guest/status",
      auth: "admin",
      tag: "users",
      summary: "Let a guest in, or no more",
      body: object("`id` and `guest_status`."),
      reply: USER,
      in: wire => {
        const body = bodyOf(wire);
        const [username, isActive] = [read.text(body.id, "id"), read.flag(body.guest_status, "guest_status")];
        if (!username || isActive === undefined) throw wrong("guest_status", "true or false, with an id");
        return { username, isActive };
      },
      do: setGuest,
      out: shape,
    }),
  ];
}
