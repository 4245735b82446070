import { listSigningKeys } from "../../core/drops/index.ts";
import { ENGINES, SERVER_ENGINES } from "../../core/storages/index.ts";
import { nothing, type Route, route, type Schema } from "../../http/route.ts";
import { BOOLEAN, list, object, orNull, STAMP, STRING, words } from "./schemas.ts";
import { stamp } from "./wire.ts";

/** What the portal must know before anybody signs in. */
export interface PortalFacts {
  readonly version: string;
  readonly demo: DemoFacts | undefined;
}

export interface DemoFacts {
  readonly dropOffUrl: string;
  readonly uploadCode: string;
  readonly accounts: readonly { readonly username: string; readonly password: string; readonly role: string }[];
}

const demoShape = (demo: DemoFacts | undefined) =>
  demo === undefined ? null : { drop_off_url: demo.dropOffUrl, upload_code: demo.uploadCode, accounts: demo.accounts };

const ACCOUNT = object({ username: STRING, password: STRING, role: STRING });
const portalSchema: Schema = object({
  version: STRING,
  demo: orNull(object({ drop_off_url: STRING, upload_code: STRING, accounts: list(ACCOUNT) })),
  mail_outbox: BOOLEAN,
  registration: words(["open", "closed"]),
  registration_domains: list(STRING),
  activation_mail: BOOLEAN,
  languages: list(STRING),
  storage_engines: list(STRING),
});
const keySchema: Schema = object({ algorithm: STRING, public_key: STRING, first_seen_at: STAMP });

export const portalRoutes = ({ version, demo }: PortalFacts): readonly Route[] => [
  route({
    method: "GET",
    path: "/api/v1/portal/",
    auth: "none",
    tag: "portal",
    summary: "What the portal must know before anybody signs in",
    reply: portalSchema,
    in: nothing,
    do: async () => undefined,
    out: (_nothing, { settings }) => ({
      version,
      demo: demoShape(demo),
      mail_outbox: settings.mailIsCaught,
      registration: settings.registration,
      registration_domains: settings.registrationDomains,
      activation_mail: settings.activationMail,
      languages: ["en", "nl"],
      storage_engines: [...ENGINES, ...SERVER_ENGINES],
    }),
  }),
  route({
    method: "GET",
    path: "/api/v1/keys/",
    auth: "none",
    tag: "receipts",
    summary: "Public keys that receipts are signed with, newest first",
    reply: list(keySchema),
    in: nothing,
    do: listSigningKeys,
    out: (keys, { settings }) =>
      keys.map(({ publicKey, firstSeenAt }) => ({
        algorithm: "Ed25519",
        public_key: publicKey,
        first_seen_at: stamp(firstSeenAt, settings.timeZone),
      })),
  }),
];
