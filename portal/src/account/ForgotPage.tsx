import { NativeSelect } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import { usePortal } from "../api/session.ts";
import { Panel } from "../parts/Panel.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import css from "./account.module.css";
import { SmallForm } from "./SmallForm.tsx";

const VERB = { password: "reset_password", username: "reset_username", activation: "resend_activation" } as const;
type Way = keyof typeof VERB;
const WAYS = Object.keys(VERB) as Way[];

/** Asks for a mail with a link. Whether there is such an account is told to nobody but the mail's reader. */
export function ForgotPage() {
  const { t } = useTranslation();
  usePageTitle(t("account.forgot"));
  const needsActivation = usePortal()?.activation_mail === true;
  const [way, setWay] = useState<Way>("password");
  const [asked, setAsked] = useState("");
  return (
    <div className={css.narrow}>
      <h1>{t("account.forgot")}</h1>
      <Panel>
        {asked ? (
          <p role="status" className={css.text}>
            {t("account.mailComes", { email: asked })}
          </p>
        ) : (
          <>
            <p className={css.text}>{t("account.forgotText")}</p>
            <SmallForm
              fields={[{ name: "email", label: t("account.mailAddress"), kind: "email", autoComplete: "email" }]}
              action={t("account.mailAsk")}
              save={({ email }) => ask(way, email ?? "")}
              onSaved={(_nothing, { email = "" }) => setAsked(email)}
            >
              <NativeSelect
                label={t("account.forgotWhat")}
                value={way}
                onChange={event => setWay(event.currentTarget.value as Way)}
                data={WAYS.filter(one => needsActivation || one !== "activation").map(one => ({
                  value: one,
                  label: t(`account.ways.${one}`),
                }))}
              />
            </SmallForm>
          </>
        )}
      </Panel>
      <p className={css.note}>
        <Link to="/sign-in">{t("account.toSignIn")}</Link>
      </p>
    </div>
  );
}

/** "There is none that waits" is answered with an empty 400, and looks here like any other answer. */
async function ask(way: Way, email: string): Promise<void> {
  try {
    await api<void>("POST", `/auth/users/${VERB[way]}/`, { email });
  } catch (error) {
    const says = error instanceof ApiError && error.status === 400 && Object.keys(error.fields).length === 0 && !error.message;
    if (way !== "activation" || !says) throw error;
  }
}
