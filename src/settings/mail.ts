import { flag, port, secret, text } from "./kinds.ts";

export const mail = {
  mailHost: text("EMAIL_HOST", "", "SMTP server. Empty: mails are caught and shown to administrators in the outbox."),
  mailPort: port("EMAIL_PORT", "25", "SMTP port."),
  mailUser: text("EMAIL_HOST_USER", "", "SMTP user."),
  mailPassword: secret("EMAIL_HOST_PASSWORD", "", "SMTP password."),
  mailTls: flag("EMAIL_USE_TLS", "false", "Refuse to send without TLS."),
  mailFromSystem: text("DEFAULT_FROM_EMAIL", "Do not reply <no-reply@localhost>", "Sender of account mails."),
  mailFrom: text(
    "EMAIL_FROM_ADDRESS",
    "Do not reply <no-reply@localhost>",
    "Sender of study mails; replies go to the researcher.",
  ),
};
