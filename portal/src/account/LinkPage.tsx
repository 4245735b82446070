import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { sessionQuery } from "../api/session.ts";
import { Panel } from "../parts/Panel.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import css from "./account.module.css";
import { SmallForm } from "./SmallForm.tsx";

const VERB = { activation: "activation", password: "reset_password_confirm", username: "reset_username_confirm" } as const;
type Purpose = keyof typeof VERB;
const isPurpose = (text: string): text is Purpose => text in VERB;

/** Behind the links of account mails. Opening it uses nothing up: programs that look into mails open links, too. */
export function LinkPage() {
  const { purpose } = useParams({ from: "/account/$purpose/$uid/$token" });
  return isPurpose(purpose) ? <Asking key={purpose} purpose={purpose} /> : <NotFound />;
}

function Asking({ purpose }: { purpose: Purpose }) {
  const { t } = useTranslation();
  usePageTitle(t(`account.link.${purpose}.title`));
  const { uid, token } = useParams({ from: "/account/$purpose/$uid/$token" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const announce = useAnnounce();
  const done = async () => {
    announce(t(`account.link.${purpose}.done`));
    // A new password ends every session, also one that was open here.
    await client.invalidateQueries({ queryKey: sessionQuery.queryKey });
    await navigate({ to: "/sign-in", replace: true });
  };
  const fields = {
    activation: [],
    password: [
      {
        name: "new_password",
        label: t("account.newPassword"),
        help: t("account.passwordRules"),
        kind: "password",
        autoComplete: "new-password",
      },
    ],
    username: [
      { name: "new_username", label: t("account.newUsername"), help: t("account.usernameRules"), autoComplete: "username" },
    ],
  } as const;
  return (
    <div className={css.narrow}>
      <h1>{t(`account.link.${purpose}.title`)}</h1>
      <Panel>
        <p className={css.text}>{t(`account.link.${purpose}.text`)}</p>
        <SmallForm
          fields={fields[purpose]}
          action={t(`account.link.${purpose}.action`)}
          save={written => api<void>("POST", `/auth/users/${VERB[purpose]}/`, { uid, token, ...written })}
          onSaved={done}
        />
      </Panel>
      <p className={css.note}>
        <Link to="/forgot">{t("account.newMail")}</Link>
      </p>
    </div>
  );
}
