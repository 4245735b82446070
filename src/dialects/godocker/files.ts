import { type Found, taskFile, userFile } from "../../core/tasks/index.ts";
import { type Reply, type Route, SpecialReply, type Wire } from "../../http/route.ts";
import { lookOf } from "./tasks.ts";
import { answer, listOf, param, row } from "./wire.ts";

const API = "/api/1.0";
const pathOf = (wire: Wire): string => wire.params["*"] ?? "";

/** A listing, or the bytes. A file never has the type of a listing, whatever it holds. */
function fileReply(found: Found): Reply {
  if (found.kind === "dir")
    return answer(found.entries.map(({ name, kind, sizeBytes }) => ({ name, type: kind, size: sizeBytes })));
  const name = found.name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  return new SpecialReply(200, found.body, {
    "content-type": "application/octet-stream",
    "content-length": String(found.sizeBytes),
    "content-disposition": `attachment; filename="${name}"; filename*=UTF-8''${encodeURIComponent(found.name)}`,
    "cache-control": "no-store",
    "content-security-policy": "sandbox",
  });
}

/** Each with and without a path behind it. */
const both = (path: string, make: (path: string) => Route): readonly Route[] => [make(path), make(`${path}/*`)];

export const fileRoutes: readonly Route[] = [
  ...both(`${API}/task/:task/files`, path =>
    row({
      method: "GET",
      path,
      auth: "any",
      tag: "files",
      summary: "Files of a task: a folder's list, or a file",
      query: { share: { type: "string" } },
      reply: listOf("Name, type and size; or the bytes of a file."),
      in: wire => ({ look: lookOf(wire), path: pathOf(wire) }),
      do: taskFile,
      out: fileReply,
    }),
  ),
  ...both(`${API}/task/:task/share/:token/files`, path =>
    row({
      method: "GET",
      path,
      auth: "none",
      tag: "files",
      summary: "The same, for whoever has the token of a shared task",
      reply: listOf("Name, type and size; or the bytes of a file."),
      in: wire => ({ look: lookOf(wire), path: pathOf(wire) }),
      do: taskFile,
      out: fileReply,
    }),
  ),
  ...both(`${API}/user/:user/files`, path =>
    row({
      method: "GET",
      path,
      auth: "user",
      tag: "files",
      summary: "A user's own storage, which their tasks may read",
      reply: listOf("Name, type and size; or the bytes of a file."),
      in: wire => ({ username: param("user")(wire), path: pathOf(wire) }),
      do: userFile,
      out: fileReply,
    }),
  ),
];
