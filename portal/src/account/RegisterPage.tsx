import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { usePortal } from "../api/session.ts";
import type { PortalInfo, User } from "../api/types.ts";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import css from "./account.module.css";
import { SmallForm } from "./SmallForm.tsx";

/** Makes an account, where people may make their own. */
export function RegisterPage() {
  const { t } = useTranslation();
  usePageTitle(t("account.register"));
  const portal = usePortal();
  const search = useSearch({ from: "/register" });
  return (
    <div className={css.narrow}>
      <h1>{t("account.register")}</h1>
      <Panel>
        {!portal ? (
          <Waiting rows={3} />
        ) : portal.registration === "open" ? (
          <Registration portal={portal} />
        ) : (
          <p className={css.text}>{t("account.registerClosed")}</p>
        )}
      </Panel>
      <p className={css.note}>
        <Link to="/sign-in" search={search}>
          {t("account.toSignIn")}
        </Link>
      </p>
    </div>
  );
}

function Registration({ portal }: { portal: PortalInfo }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch({ from: "/register" });
  const announce = useAnnounce();
  const [waitsFor, setWaitsFor] = useState("");
  const made = async ({ email }: User) => {
    if (portal.activation_mail) return setWaitsFor(email);
    announce(t("account.registered"));
    await navigate({ to: "/sign-in", search });
  };
  if (waitsFor)
    return (
      <p role="status" className={css.text}>
        {t("account.activateByMail", { email: waitsFor })}
      </p>
    );
  const domains = portal.registration_domains.join(", ");
  return (
    <SmallForm
      fields={[
        { name: "username", label: t("signIn.username"), help: t("account.usernameRules"), autoComplete: "username" },
        {
          name: "email",
          label: t("account.mailAddress"),
          help: domains === "" ? undefined : t("account.said.domains", { list: domains }),
          kind: "email",
          autoComplete: "email",
        },
        {
          name: "password",
          label: t("signIn.password"),
          help: t("account.passwordRules"),
          kind: "password",
          autoComplete: "new-password",
        },
      ]}
      action={t("account.registerAction")}
      save={written => api<User>("POST", "/auth/users/", written)}
      onSaved={made}
    />
  );
}
