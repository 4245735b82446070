import { mailFor, noteMail } from "../core/mail/index.ts";
import { asHavreError } from "../kernel/errors.ts";
import type { Mailer } from "../ports/mail.ts";
import type { ErrandKind } from "./errand.ts";

/** Hands one mail to the mail server, or to the outbox page when there is none. */
export const sendMail = (mailer: Mailer | undefined): ErrandKind => ({
  kind: "send-mail",
  atOnce: 4,
  tries: 12,
  async run(world, errand, { signal }) {
    const mail = await mailFor(world, Number(errand.payload.mail));
    if (!mail) return "done";
    if (!mailer) {
      await noteMail(world, mail.id, "caught");
      return "done";
    }
    try {
      await mailer.send(
        { ...mail, from: mail.studyId === undefined ? world.settings.mailFromSystem : world.settings.mailFrom },
        signal,
      );
    } catch (thrown) {
      const error = asHavreError(thrown);
      if (error.retry === "never") await noteMail(world, mail.id, "parked", error.message);
      throw error;
    }
    await noteMail(world, mail.id, "sent");
    return "done";
  },
});
