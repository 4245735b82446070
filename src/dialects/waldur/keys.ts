import { createHash } from "node:crypto";
import { addSshKey, listSshKeys, removeSshKey, showSshKey } from "../../core/people/index.ts";
import type { SshKey } from "../../core/people/model.ts";
import { optional, readBody, schemaOf } from "../../http/fields.ts";
import { type Route, route, type Wire } from "../../http/route.ts";
import { Filters, plain } from "./fields.ts";
import { created, empty, hex, link, listOut, narrowed, stamp, uuidParam, windowIn } from "./wire.ts";

/** Public keys that somebody keeps (contract §7, operation 34). */

const tag = "marketplace: users";
const path = "/api/keys/";
const CREATE = { name: optional(plain(150)), public_key: plain(20_000) };

const blobOf = ({ publicKey }: SshKey): Buffer => Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
const md5Of = (key: SshKey): string =>
  createHash("md5")
    .update(blobOf(key))
    .digest("hex")
    .replaceAll(/(..)(?=.)/g, "$1:");
const sha512Of = (key: SshKey): string => createHash("sha512").update(blobOf(key)).digest("base64").replace(/=+$/, "");

export const sshKeyShape = (key: SshKey, wire: Wire) => ({
  url: link(wire, "keys", key.uuid),
  uuid: hex(key.uuid),
  name: key.name,
  public_key: key.publicKey,
  fingerprint_md5: md5Of(key),
  fingerprint_sha256: key.fingerprint,
  fingerprint_sha512: `SHA512:${sha512Of(key)}`,
  user_uuid: hex(key.personUuid),
  is_shared: false,
  type: key.type,
  created: stamp(key.createdAt),
});

export const keyRoutes: readonly Route[] = [
  route({
    method: "GET",
    path,
    auth: "user",
    tag,
    summary: "One's own SSH keys, oldest first",
    in: (wire: Wire) => ({ name: new Filters(wire).text("name"), window: windowIn(wire) }),
    do: listSshKeys,
    out: (page, wire) => listOut(page, wire, key => sshKeyShape(key, wire)),
  }),
  route({
    method: "POST",
    path,
    auth: "user",
    tag,
    summary: "Keep a public key",
    body: schemaOf(CREATE),
    status: 201,
    in: (wire: Wire) => {
      const { name, public_key: publicKey } = readBody(CREATE, wire.body);
      return { name, publicKey };
    },
    do: addSshKey,
    out: (key, wire) => created(sshKeyShape(key, wire)),
  }),
  route({
    method: "GET",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "One of one's own",
    in: uuidParam,
    do: showSshKey,
    out: (key, wire) => narrowed(sshKeyShape(key, wire), wire),
  }),
  route({
    method: "DELETE",
    path: `${path}:uuid/`,
    auth: "user",
    tag,
    summary: "Keep it no longer",
    status: 204,
    in: uuidParam,
    do: removeSshKey,
    out: empty(204),
  }),
];
