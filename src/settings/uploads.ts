import { bytes, days, extensions, oneOf } from "./kinds.ts";

export const uploads = {
  notAllowedExtensions: extensions("DROPOFF_NOT_ALLOWED_EXTENSIONS", "exe,com,bat,lnk,sh", "File types that are refused."),
  maxUploadBytes: bytes("DROPOFF_MAX_SIZE", "5 TiB", "Largest file accepted."),
  uploadExpiryMs: days("DROPOFF_UPLOAD_EXPIRY_DAYS", "7", "Days that an unfinished upload waits for its next byte."),
  autoClean: oneOf("on-success", "always", "never")(
    "DROPOFF_AUTO_CLEAN",
    "on-success",
    "When the uploaded bytes are removed here: once every copy is proved, or never. `always` is read as `on-success`: no byte is removed before every copy is proved.",
  ),
  deliveryProof: oneOf("read-back", "size")(
    "DELIVERY_PROOF",
    "read-back",
    "How a copy is proved where the storage tells no hash: read it back and compare, or trust its size.",
  ),
};
