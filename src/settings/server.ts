import { flag, port, secret, text } from "./kinds.ts";

export const server = {
  port: port("PORT", "1337", "Port of everything: portal, API, uploads."),
  host: text("HOST", "127.0.0.1", "Address to listen on; 0.0.0.0 for all."),
  dataDir: text("DATA_DIR", "data", "Folder of the embedded database, uploads and keys."),
  databaseUrl: secret("DATABASE_URL", "", "PostgreSQL 15 or newer, `postgres://…`. Empty: the embedded one under DATA_DIR."),
  blobUrl: text(
    "BLOB_URL",
    "",
    "Where upload bytes lie until delivered: a folder, `file:///folder`, or a bucket, `s3://server/bucket/folder` (`s3+http://…` without TLS; `?region=NAME` where the server needs it). Empty: DATA_DIR/uploads. All replicas must share it.",
  ),
  blobAccessKey: text("BLOB_ACCESS_KEY", "", "Access key of the bucket in BLOB_URL."),
  blobSecretKey: secret("BLOB_SECRET_KEY", "", "Secret key of the bucket in BLOB_URL."),
  secretKey: secret(
    "SECRET_KEY",
    "",
    "Seals stored passwords, signs receipts and sessions. Empty with DEBUG on: kept in DATA_DIR/secret.key. Losing it loses every stored password.",
  ),
  debug: flag(
    "DEBUG",
    "true",
    "Development mode. Turn off in production: sample secrets and a missing SECRET_KEY are then refused.",
  ),
  demo: flag(
    "DEMO",
    "true",
    "Load the demo (an organisation, a study, an invitation, a storage) into an empty database. Needs DEBUG.",
  ),
};
