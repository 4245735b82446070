import { cidrFile, cidrs, list } from "./kinds.ts";

export const reach = {
  egressAllow: cidrs("EGRESS_ALLOW", "", "Private addresses (CIDR, comma separated) that storages may have all the same."),
  folderRoots: list("FOLDER_ROOTS", "", "Folders of this server below which FOLDER storages may lie. Empty: DATA_DIR/storages."),
  trustedProxies: cidrs(["TRUSTED_PROXIES", "NGINX_REAL_IP_SOURCE_IP"], "", "Proxies whose X-Forwarded headers are believed."),
  adminAllow: cidrs(
    "ADMIN_ALLOW",
    "",
    "Addresses (CIDR, comma separated) that the administration is open to. Empty: to all. Everything else is not narrowed by it.",
  ),
  adminAllowFile: cidrFile("NGINX_VALID_ADMIN_IP_LIST", "", "A file with more of them, one a line; read at the start."),
  allowedHosts: list("ALLOWED_HOSTS", "", "Host names answered to. Empty: all."),
};
