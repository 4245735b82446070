import {
  activate,
  askPasswordReset,
  askUsernameReset,
  changeEmail,
  changePassword,
  changeUsername,
  findPerson,
  listPeople,
  MAX_USERNAME,
  mayReach,
  mayRemove,
  register,
  removePerson,
  resendActivation,
  resetPassword,
  resetUsername,
} from "../../core/people/index.ts";
import { type Person, type PersonId, personOf } from "../../core/people/model.ts";
import { noContent, type Route, route, type Schema, SpecialReply, type Wire } from "../../http/route.ts";
import { sessionHashOf } from "../../http/sign-in/session.ts";
import { email, optional, readBody, schemaOf, text } from "./fields.ts";
import { INTEGER, object, STRING } from "./schemas.ts";
import { idParam, PAGE_QUERY, pageAsked, pageOut, pageSchema, windowOf } from "./wire.ts";

/** Accounts (contract §4.2). */
const password = () => text({ keepBlanks: true });
const username = () => text({ max: MAX_USERNAME });

const NEW_USER = { username: username(), password: password(), email: optional(email({ blank: true })) };
const USER = { email: optional(email({ blank: true })) };
const REMOVAL = { current_password: password() };
const LINK = { uid: text(), token: text() };
const EMAIL = { email: email() };
const SET_PASSWORD = { current_password: password(), new_password: password() };
const SET_USERNAME = { current_password: password(), new_username: username() };
const RESET_PASSWORD = { ...LINK, new_password: password() };
const RESET_USERNAME = { ...LINK, new_username: username() };

const tag = "users";
const userSchema: Schema = object({
  email: STRING,
  id: { ...INTEGER, readOnly: true },
  username: { ...STRING, readOnly: true },
});
const userShape = ({ email, id, username }: Person) => ({ email, id, username });

/** Whose account a row is about: the caller's, or the one in the path. */
type Whose = (wire: Wire) => PersonId;
const own: Whose = wire => (personOf(wire.actor)?.id ?? 0) as PersonId;
const named: Whose = wire => idParam(wire) as PersonId;

/** The permission first: a stranger's bad body is not worth a word. */
function change(wire: Wire, id: PersonId) {
  mayReach(wire.actor, id);
  return { id, ...readBody(USER, wire.body) };
}
function removal(wire: Wire, id: PersonId) {
  mayRemove(wire.actor, id);
  return { id, currentPassword: readBody(REMOVAL, wire.body).current_password };
}

const accountRoutes = (path: string, whose: Whose, of: string): readonly Route[] => [
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: `See ${of}`,
    reply: userSchema,
    in: wire => ({ id: whose(wire) }),
    do: findPerson,
    out: userShape,
  }),
  ...(["PUT", "PATCH"] as const).map(method =>
    route({
      method,
      path,
      auth: "user",
      tag,
      summary: `Change ${of}`,
      body: schemaOf(USER),
      reply: userSchema,
      in: wire => change(wire, whose(wire)),
      do: changeEmail,
      out: userShape,
    }),
  ),
  route({
    method: "DELETE",
    path,
    auth: "user",
    tag,
    summary: `Remove ${of}`,
    body: schemaOf(REMOVAL),
    status: 204,
    in: wire => removal(wire, whose(wire)),
    do: removePerson,
    out: () => noContent(),
  }),
];

const mailAsked = (wire: Wire) => ({ ...readBody(EMAIL, wire.body), ip: wire.ip });

export const userRoutes: readonly Route[] = [
  route({
    method: "GET",
    path: "/api/auth/users/",
    auth: "user",
    tag,
    summary: "Accounts: all for the administration, else one's own",
    query: PAGE_QUERY,
    reply: pageSchema(userSchema),
    in: wire => windowOf(pageAsked(wire)),
    do: listPeople,
    out: (page, wire) => pageOut(page, wire, userShape),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/",
    auth: "any",
    tag,
    summary: "Make an account",
    body: schemaOf(NEW_USER),
    reply: userSchema,
    status: 201,
    in: wire => {
      const { email = "", ...given } = readBody(NEW_USER, wire.body);
      return { email, ip: wire.ip, ...given };
    },
    do: register,
    out: userShape,
  }),
  ...accountRoutes("/api/auth/users/me/", own, "one's own account"),
  ...accountRoutes("/api/auth/users/:id/", named, "an account"),
  route({
    method: "POST",
    path: "/api/auth/users/activation/",
    auth: "none",
    tag,
    summary: "Activate an account with the link from its mail",
    body: schemaOf(LINK),
    status: 204,
    in: wire => readBody(LINK, wire.body),
    do: activate,
    out: () => noContent(),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/resend_activation/",
    auth: "none",
    tag,
    summary: "Send the activation mail once more",
    body: schemaOf(EMAIL),
    status: 204,
    in: mailAsked,
    do: resendActivation,
    out: sent => (sent ? noContent() : new SpecialReply(400)),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/set_password/",
    auth: "user",
    tag,
    summary: "Change one's password",
    body: schemaOf(SET_PASSWORD),
    status: 204,
    in: wire => {
      const { current_password, new_password } = readBody(SET_PASSWORD, wire.body);
      return { currentPassword: current_password, newPassword: new_password, keepSession: sessionHashOf(wire) };
    },
    do: changePassword,
    out: () => noContent(),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/reset_password/",
    auth: "none",
    tag,
    summary: "Ask for a mail to choose a new password",
    body: schemaOf(EMAIL),
    status: 204,
    in: mailAsked,
    do: askPasswordReset,
    out: () => noContent(),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/reset_password_confirm/",
    auth: "none",
    tag,
    summary: "Choose a new password with the link from the mail",
    body: schemaOf(RESET_PASSWORD),
    status: 204,
    in: wire => {
      const { uid, token, new_password } = readBody(RESET_PASSWORD, wire.body);
      return { uid, token, newPassword: new_password };
    },
    do: resetPassword,
    out: () => noContent(),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/set_username/",
    auth: "user",
    tag,
    summary: "Change one's user name",
    body: schemaOf(SET_USERNAME),
    status: 204,
    in: wire => {
      const { current_password, new_username } = readBody(SET_USERNAME, wire.body);
      return { currentPassword: current_password, newUsername: new_username };
    },
    do: changeUsername,
    out: () => noContent(),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/reset_username/",
    auth: "none",
    tag,
    summary: "Ask for a mail to choose a new user name",
    body: schemaOf(EMAIL),
    status: 204,
    in: mailAsked,
    do: askUsernameReset,
    out: () => noContent(),
  }),
  route({
    method: "POST",
    path: "/api/auth/users/reset_username_confirm/",
    auth: "none",
    tag,
    summary: "Choose a new user name with the link from the mail",
    body: schemaOf(RESET_USERNAME),
    status: 204,
    in: wire => {
      const { uid, token, new_username } = readBody(RESET_USERNAME, wire.body);
      return { uid, token, newUsername: new_username };
    },
    do: resetUsername,
    out: () => noContent(),
  }),
];
