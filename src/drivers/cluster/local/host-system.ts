import { lstat, readlink } from "node:fs/promises";
import { ignoring } from "../../files.ts";

/**
 * The machine's own system as an image: programs and libraries, and of /etc only what programs cannot do without and everybody may
 * know. No home, no /var, no /srv, no sockets of services, no passwords.
 */
const TOP = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const ETC = [
  "alternatives",
  "ca-certificates.conf",
  "fonts",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "magic",
  "mime.types",
  "nsswitch.conf",
  "pki/tls/certs",
  "protocols",
  "services",
  "ssl/certs",
  "ssl/openssl.cnf",
  "terminfo",
  "timezone",
];

/** @param more further folders and files of the machine to show, the operator's choice. @returns words for bubblewrap */
export async function hostSystem(more: readonly string[]): Promise<string[]> {
  const words = ["--ro-bind", "/usr", "/usr"];
  for (const path of TOP) {
    const found = await lstat(path).catch(ignoring("ENOENT"));
    if (found?.isSymbolicLink()) words.push("--symlink", await readlink(path), path);
    else if (found) words.push("--ro-bind", path, path);
  }
  const [etc, own] = [ETC.map(name => `/etc/${name}`), more].map(paths => paths.flatMap(path => ["--ro-bind-try", path, path]));
  return [...words, ...etc!, "--dir", "/run", "--dir", "/home", "--symlink", "/tmp", "/var/tmp", ...own!];
}

export const HOST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** So that numbers have names inside. */
export const accountsFile = (uid: number, gid: number): { readonly passwd: string; readonly group: string } => ({
  passwd: `root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n${uid === 0 || uid === 65534 ? "" : `user:x:${uid}:${gid}:user:/:/bin/sh\n`}`,
  group: `root:x:0:\nnogroup:x:65534:\n${gid === 0 || gid === 65534 ? "" : `user:x:${gid}:\n`}`,
});
