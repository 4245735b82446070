import nodemailer from "nodemailer";
import { HavreError } from "../../kernel/errors.ts";
import type { Mailer } from "../../ports/mail.ts";

export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly useTls: boolean;
}

/** SMTP. `useTls` demands STARTTLS (or TLS from the start on port 465); without it STARTTLS is used when it is offered. */
export function openSmtp({ host, port, user, password, useTls }: SmtpSettings): Mailer {
  const transport = nodemailer.createTransport({
    host,
    port,
    secure: port === 465,
    requireTLS: useTls && port !== 465,
    ...(user ? { auth: { user, pass: password ?? "" } } : {}),
    pool: true,
    maxConnections: 2,
    connectionTimeout: 15_000,
    greetingTimeout: 15_000,
    socketTimeout: 60_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(letter) {
      try {
        await transport.sendMail({
          from: letter.from,
          to: letter.recipient,
          ...(letter.replyTo ? { replyTo: letter.replyTo } : {}),
          subject: letter.subject,
          text: letter.text,
          html: letter.html,
          messageId: letter.messageId,
          headers: { "Auto-Submitted": "auto-generated" },
        });
      } catch (cause) {
        throw asKind(cause, host);
      }
    },
    close: () => transport.close(),
  };
}

function asKind(cause: unknown, host: string): HavreError {
  const { responseCode = 0, code = "", response = "" } = cause as { responseCode?: number; code?: string; response?: string };
  if (code === "EAUTH")
    return new HavreError("unauthenticated", `The mail server ${host} refused the user name or password.`, {
      cause,
      retry: "temporary",
    });
  if (responseCode >= 500)
    return new HavreError("forbidden", `The mail server ${host} refused the letter: ${response}`, { cause });
  if (responseCode >= 400)
    return new HavreError("unavailable", `The mail server ${host} cannot take the letter now: ${response}`, { cause });
  return new HavreError("network", `The mail server ${host} cannot be reached.`, { cause });
}
