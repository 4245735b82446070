import { secret, text } from "./kinds.ts";

export const administrator = {
  adminName: text(["ADMIN_NAME", "DJANGO_ADMIN_NAME"], "admin", "Administrator made on the first start."),
  adminPassword: secret(
    ["ADMIN_PASSWORD", "DJANGO_ADMIN_PASSWORD"],
    "",
    "Its password. Empty: no administrator is made (the demo makes one).",
  ),
  adminEmail: text(["ADMIN_EMAIL", "DJANGO_ADMIN_EMAIL"], "", "Its mail address."),
};
