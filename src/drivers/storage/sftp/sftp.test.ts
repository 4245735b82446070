import { rcloneMissing } from "../../../../test/engines/rclone.ts";
import { type SftpServer, sshdMissing, startRcloneSftp, startSshd } from "../../../../test/engines/sshd.ts";
import { MIB } from "../../../kernel/units.ts";
import { behavesLikeStorage } from "../../../ports/storage.suite.ts";
import type { StorageAccess } from "../../../ports/storage.ts";
import { openSftp } from "./sftp.ts";

const LOOPBACK = { egressAllow: ["127.0.0.0/8"] };

const byKey = (server: SftpServer): StorageAccess => ({
  engine: "SFTP",
  location: server.url,
  username: server.user,
  password: "",
  privateKey: server.privateKey,
});
const byPassword = ({ url: location, user: username, password }: SftpServer): StorageAccess => ({
  engine: "SFTP",
  location,
  username,
  password,
});

behavesLikeStorage(
  "a folder of OpenSSH",
  async () => {
    const server = await startSshd();
    return { storage: openSftp(byKey(server), LOOPBACK), close: () => server.stop() };
  },
  { skip: sshdMissing(), keepsBytes: 4 * MIB },
);

behavesLikeStorage(
  "a folder of rclone's SFTP server",
  async () => {
    const server = await startRcloneSftp();
    return { storage: openSftp(byPassword(server), LOOPBACK), close: () => server.stop() };
  },
  { skip: rcloneMissing(), keepsBytes: 4 * MIB },
);
