import {
  changeDavProperties,
  covers,
  type DavProperty,
  davProperties,
  type FileEntry,
  type FileLock,
  listFolder,
  locksAround,
  showFile,
} from "../../core/files/index.ts";
import { elementsOf, escapeXml, writeXml, type XmlElement } from "../../kernel/xml.ts";
import { etagOf } from "../download.ts";
import { type Reply, SpecialReply } from "../route.ts";
import { hrefOf } from "./address.ts";
import { type Act, depthOf, type Exchange, status, XML_TYPE, xmlOf } from "./exchange.ts";
import { tokenUri } from "./if-header.ts";

/** PROPFIND and PROPPATCH: what is told of files, and what clients keep at them. */

type Names = readonly Pick<XmlElement, "namespace" | "name">[];
type Facts = { entry: FileEntry; locks: readonly FileLock[]; own: readonly DavProperty[] };

const HEAD = '<?xml version="1.0" encoding="utf-8"?>\n';
const LOCK_ENTRIES = ["exclusive", "shared"]
  .map(scope => `<D:lockentry><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockentry>`)
  .join("");

/** What Havre itself tells; the content of each element, undefined where there is none. */
const LIVE: Readonly<Record<string, (facts: Facts, root: string) => string | undefined>> = {
  resourcetype: ({ entry }) => (entry.kind === "folder" ? "<D:collection/>" : ""),
  displayname: ({ entry }) => (entry.name === "" ? undefined : escapeXml(entry.name)),
  getcontentlength: ({ entry }) => (entry.kind === "file" ? String(entry.sizeBytes) : undefined),
  getcontenttype: ({ entry }) => (entry.kind === "file" ? escapeXml(entry.mediaType) : undefined),
  getetag: ({ entry }) => (entry.kind === "file" ? escapeXml(etagOf(entry)) : undefined),
  getlastmodified: ({ entry }) => entry.modifiedAt?.toUTCString(),
  creationdate: ({ entry }) => entry.modifiedAt?.toISOString(),
  supportedlock: () => LOCK_ENTRIES,
  lockdiscovery: ({ locks }, root) => locks.map(lock => activeLock(lock, root)).join(""),
};

export function activeLock(lock: FileLock, root: string): string {
  const seconds = Math.max(0, Math.round((lock.expiresAt.getTime() - Date.now()) / 1000));
  return `<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:${lock.isExclusive ? "exclusive" : "shared"}/></D:lockscope><D:depth>${
    lock.isDeep ? "infinity" : "0"
  }</D:depth>${lock.ownerXml === "" ? "" : `<D:owner>${lock.ownerXml}</D:owner>`}<D:timeout>Second-${seconds}</D:timeout><D:locktoken><D:href>${tokenUri(
    lock.token,
  )}</D:href></D:locktoken><D:lockroot><D:href>${escapeXml(root)}</D:href></D:lockroot></D:activelock>`;
}

const isLive = (namespace: string, name: string): boolean => namespace === "DAV:" && Object.hasOwn(LIVE, name);
const elementOf = (namespace: string, name: string, content: string): string =>
  namespace === "DAV:" ? `<D:${name}>${content}</D:${name}>` : `<${name} xmlns="${escapeXml(namespace)}">${content}</${name}>`;

function contentOf(facts: Facts, root: string, { namespace, name }: Pick<XmlElement, "namespace" | "name">): string | undefined {
  if (isLive(namespace, name)) return LIVE[name]?.(facts, root);
  return facts.own.find(one => one.namespace === namespace && one.name === name)?.valueXml;
}

function responseOf(href: string, facts: Facts, asked: Names | "all" | "names"): string {
  const known: Names =
    asked === "all" || asked === "names"
      ? [...Object.keys(LIVE).map(name => ({ namespace: "DAV:", name })), ...facts.own]
      : asked;
  const [has, lacks]: [string[], string[]] = [[], []];
  for (const property of known) {
    const value = contentOf(facts, href, property);
    const { namespace, name } = property;
    if (value === undefined) {
      if (asked !== "all" && asked !== "names") lacks.push(elementOf(namespace, name, ""));
    } else has.push(elementOf(namespace, name, asked === "names" ? "" : value));
  }
  const stat = (elements: readonly string[], code: string): string =>
    elements.length === 0
      ? ""
      : `<D:propstat><D:prop>${elements.join("")}</D:prop><D:status>HTTP/1.1 ${code}</D:status></D:propstat>`;
  const told = stat(has, "200 OK") + stat(lacks, "404 Not Found");
  return `<D:response><D:href>${escapeXml(href)}</D:href>${told || stat([""], "200 OK")}</D:response>`;
}

const multistatus = (responses: readonly string[]): Reply =>
  new SpecialReply(207, `${HEAD}<D:multistatus xmlns:D="DAV:">${responses.join("")}</D:multistatus>`, {
    "content-type": XML_TYPE,
  });

function askedIn(body: XmlElement | undefined): Names | "all" | "names" {
  if (!body) return "all";
  const parts = elementsOf(body);
  if (parts.some(({ namespace, name }) => namespace === "DAV:" && name === "propname")) return "names";
  const prop = parts.find(({ namespace, name }) => namespace === "DAV:" && name === "prop");
  if (prop) return elementsOf(prop);
  if (parts.some(({ namespace, name }) => namespace === "DAV:" && name === "allprop")) return "all";
  throw status(400, "Nothing that is known is asked for.");
}

export const propfind: Act = async exchange => {
  const { world, place, path, study, name, request } = exchange;
  const depth = depthOf(request, "infinity");
  const asked = askedIn(await xmlOf(request, "propfind"));
  if (depth === "infinity") throw status(403, "Ask for one folder at a time: Depth 0 or 1.");
  const entries =
    depth === "0"
      ? [await showFile(world, place, { path })]
      : await listFolder(world, place, { path }).then(({ self, entries }) => [self, ...entries]);
  const [own, locks] = await Promise.all([
    davProperties(
      world,
      place,
      entries.map(entry => entry.path),
    ),
    locksAround(world, place, path),
  ]);
  const start = place.root === "" ? "" : `${place.root}/`;
  return multistatus(
    entries.map(entry => {
      const at = `${start}${entry.path}`.replace(/\/$/, "");
      const on = locks.filter(lock => covers(lock, at));
      const href = hrefOf(study, name, entry.path, entry.kind === "folder");
      return responseOf(href, { entry, locks: on, own: own.get(entry.path) ?? [] }, asked);
    }),
  );
};

/** Studies, and the folders of one: there is nothing to read or write in them but their names. */
export const namesReply = (folders: readonly { readonly href: string; readonly name: string }[]): Reply =>
  multistatus(
    folders.map(
      ({ href, name }) =>
        `<D:response><D:href>${escapeXml(href)}</D:href><D:propstat><D:prop><D:resourcetype><D:collection/></D:resourcetype><D:displayname>${escapeXml(
          name,
        )}</D:displayname></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`,
    ),
  );

/** All or nothing, in the order given. */
export const proppatch: Act = async ({ world, place, path, study, name: folder, request }) => {
  const body = await xmlOf(request, "propertyupdate");
  if (!body) throw status(400, "Nothing is to be changed.");
  const changes = elementsOf(body).flatMap(act => {
    if (act.namespace !== "DAV:" || (act.name !== "set" && act.name !== "remove")) return [];
    const props = elementsOf(act).filter(({ namespace, name }) => namespace === "DAV:" && name === "prop");
    return props.flatMap(elementsOf).map(property => ({
      namespace: property.namespace,
      name: property.name,
      valueXml: act.name === "set" ? property.children.map(writeXml).join("") : undefined,
    }));
  });
  const entry = await showFile(world, place, { path });
  if (!entry.rights.write) throw status(403, "This may not be changed by you.");
  const refused = changes.filter(({ namespace, name }) => isLive(namespace, name));
  if (refused.length === 0) await changeDavProperties(world, place, path, changes);
  const codeFor = (isRefused: boolean): string =>
    isRefused ? "403 Forbidden" : refused.length > 0 ? "424 Failed Dependency" : "200 OK";
  const stats = changes.map(
    ({ namespace, name }) =>
      `<D:propstat><D:prop>${elementOf(namespace, name, "")}</D:prop><D:status>HTTP/1.1 ${codeFor(isLive(namespace, name))}</D:status></D:propstat>`,
  );
  const href = hrefOf(study, folder, path, entry.kind === "folder");
  return multistatus([`<D:response><D:href>${escapeXml(href)}</D:href>${stats.join("")}</D:response>`]);
};

export const lockReply = (code: number, lock: FileLock, { study, name, place }: Exchange): Reply => {
  const path = place.root === "" ? lock.path : lock.path.slice(place.root.length + 1);
  const found = activeLock(lock, hrefOf(study, name, path, false));
  return new SpecialReply(code, `${HEAD}<D:prop xmlns:D="DAV:"><D:lockdiscovery>${found}</D:lockdiscovery></D:prop>`, {
    "content-type": XML_TYPE,
    "lock-token": `<${tokenUri(lock.token)}>`,
  });
};
