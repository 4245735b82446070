import { Button } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import type { Profile, User } from "../api/types.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Panel } from "../parts/Panel.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import css from "./account.module.css";
import { useSelfChanged, useSignedOut } from "./queries.ts";
import { SmallForm } from "./SmallForm.tsx";

/** Address, user name, password, and the end of the account. */
export function SigningIn({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const announce = useAnnounce();
  const selfChanged = useSelfChanged();
  const saved = (words: string) => async () => {
    await selfChanged();
    announce(words);
  };
  const ownPassword = {
    name: "current_password",
    label: t("account.currentPassword"),
    kind: "password",
    autoComplete: "current-password",
  } as const;
  return (
    <>
      <Panel title={t("account.mail")}>
        <p className={css.text}>{t("account.mailText")}</p>
        <SmallForm
          key={profile.email_address}
          fields={[
            {
              name: "email",
              label: t("account.mailAddress"),
              kind: "email",
              autoComplete: "email",
              start: profile.email_address,
            },
          ]}
          action={t("account.mailChange")}
          save={written => api<User>("PATCH", "/auth/users/me/", written)}
          onSaved={saved(t("account.mailSaved"))}
        />
      </Panel>
      <Panel title={t("account.password")}>
        <p className={css.text}>{t("account.passwordText")}</p>
        <SmallForm
          username={profile.username}
          fields={[ownPassword, newPassword(t("account.newPassword"), t("account.passwordRules"))]}
          action={t("account.passwordChange")}
          save={written => api<void>("POST", "/auth/users/set_password/", written)}
          onSaved={saved(t("account.passwordSaved"))}
        />
      </Panel>
      <Panel title={t("account.username")}>
        <p className={css.text}>{t("account.usernameText", { name: profile.username })}</p>
        <SmallForm
          fields={[
            { name: "new_username", label: t("account.newUsername"), help: t("account.usernameRules"), autoComplete: "username" },
            ownPassword,
          ]}
          action={t("account.usernameChange")}
          save={written => api<void>("POST", "/auth/users/set_username/", written)}
          onSaved={saved(t("account.usernameSaved"))}
        />
      </Panel>
      <Removal username={profile.username} ownPassword={ownPassword} />
    </>
  );
}

export const newPassword = (label: string, help: string) =>
  ({ name: "new_password", label, help, kind: "password", autoComplete: "new-password" }) as const;

type RemovalProps = { username: string; ownPassword: Parameters<typeof SmallForm>[0]["fields"][number] };

function Removal({ username, ownPassword }: RemovalProps) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const navigate = useNavigate();
  const announce = useAnnounce();
  const signedOut = useSignedOut();
  const gone = async () => {
    signedOut();
    await navigate({ to: "/" });
    announce(t("account.removed"));
  };
  return (
    <Panel title={t("account.remove")}>
      <p className={css.text}>{t("account.removeText")}</p>
      <Button color="red" variant="light" onClick={() => setAsking(true)}>
        {t("account.removeAction")}
      </Button>
      <Dialog opened={asking} onClose={() => setAsking(false)} title={t("account.removeAction")}>
        <p className={css.text}>{t("account.removeSure")}</p>
        <SmallForm
          username={username}
          fields={[ownPassword]}
          action={t("account.removeForGood")}
          danger
          save={written => api<void>("DELETE", "/auth/users/me/", written)}
          onSaved={gone}
        />
      </Dialog>
    </Panel>
  );
}
