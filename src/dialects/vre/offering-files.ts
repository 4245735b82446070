import {
  addOfferingFile,
  listOfferingFiles,
  OFFERING_FILE_KINDS,
  type OfferingFile,
  type OpenOfferingFile,
  readOfferingFile,
  removeOfferingFile,
} from "../../core/market/index.ts";
import { chooseFor, dispositionOf, downloadOf, type Given } from "../../http/download.ts";
import { choice, readBody, text } from "../../http/fields.ts";
import { noContent, type Reply, type Route, route, type Wire } from "../../http/route.ts";
import { bytesSchema } from "./file-shapes.ts";
import { lengthOf } from "./files.ts";
import { INTEGER, list, object, STAMP, STRING, words } from "./schemas.ts";
import { stamp, uuidParam } from "./wire.ts";

/** Files and pictures of offerings. The marketplace's own API tells where they are, and takes none. */

const shared = { auth: "user", tag: "marketplace" } as const;
const ALL = "/api/v1/market/offerings/:uuid/files/";
const ONE = "/api/v1/market/offering-files/:uuid/";

const KIND = words(OFFERING_FILE_KINDS);
const ASKED = { kind: choice(OFFERING_FILE_KINDS), name: text({ max: 10_000, keepBlanks: true }) };

const hex = (uuid: string): string => uuid.replaceAll("-", "");
const schema = object({
  uuid: STRING,
  kind: KIND,
  name: STRING,
  media_type: STRING,
  size: INTEGER,
  sha256: STRING,
  created: STAMP,
  url: STRING,
});
const shape = (file: OfferingFile, { settings, origin }: Wire) => ({
  uuid: hex(file.uuid),
  kind: file.kind,
  name: file.name,
  media_type: file.mediaType,
  size: file.sizeBytes,
  sha256: file.sha256,
  created: stamp(new Date(file.createdAt), settings.timeZone),
  url: `${origin}${ONE.replace(":uuid", hex(file.uuid))}`,
});

/** Its bytes never change: what they are is their version. */
const given = (file: OfferingFile): Given => ({
  ...file,
  version: file.sha256,
  isStrong: true,
  modifiedAt: new Date(file.createdAt),
});
const bytesOut = ({ file, body }: OpenOfferingFile, { headers }: Wire): Reply =>
  downloadOf({ entry: given(file), body }, headers, dispositionOf(file.name, file.kind === "file" ? "attachment" : "inline"));

export const offeringFileRoutes: readonly Route[] = [
  route({
    ...shared,
    method: "GET",
    path: ALL,
    summary: "Files and pictures that an offering carries",
    reply: list(schema),
    in: uuidParam,
    do: listOfferingFiles,
    out: (files, wire) => files.map(file => shape(file, wire)),
  }),
  route({
    ...shared,
    method: "POST",
    path: ALL,
    takes: "stream",
    summary: "Add a file or picture to an offering: the body is its bytes; a thumbnail takes the place of the one before it",
    query: { kind: KIND, name: STRING },
    status: 201,
    reply: schema,
    in: wire => ({
      uuid: uuidParam(wire),
      ...readBody(ASKED, wire.query),
      body: wire.bytes as NonNullable<Wire["bytes"]>,
      sizeBytes: lengthOf(wire),
    }),
    do: addOfferingFile,
    out: shape,
  }),
  route({
    ...shared,
    method: "GET",
    path: ONE,
    summary: "The bytes of one: ranges and conditions are heeded",
    reply: bytesSchema,
    in: wire => {
      const choose = chooseFor(wire.method, wire.headers);
      return { uuid: uuidParam(wire), choose: (file: OfferingFile) => choose(given(file)) };
    },
    do: readOfferingFile,
    out: bytesOut,
  }),
  route({
    ...shared,
    method: "DELETE",
    path: ONE,
    summary: "Remove one from its offering",
    status: 204,
    in: uuidParam,
    do: removeOfferingFile,
    out: () => noContent(),
  }),
];
