import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { sessionQuery, signIn, usePortal } from "../api/session.ts";
import type { PortalInfo } from "../api/types.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import css from "./signin.module.css";

export function SignInPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: "/sign-in" });
  usePageTitle(t("signIn.title"));
  const portal = usePortal();
  const demo = portal?.demo;
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const enter = useEnter();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate({ username: username.trim(), password });
  };
  const error = enter.error;
  return (
    <div className={css.page}>
      <h1>{t("signIn.title")}</h1>
      <Panel>
        <form onSubmit={submit} className={css.form}>
          <TextInput
            label={t("signIn.username")}
            name="username"
            value={username}
            onChange={event => setUsername(event.currentTarget.value)}
            autoComplete="username"
            autoCapitalize="none"
            size="md"
            required
          />
          <PasswordInput
            label={t("signIn.password")}
            name="password"
            value={password}
            onChange={event => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            visibilityToggleButtonProps={{ "aria-label": t("signIn.show") }}
            size="md"
            required
          />
          <p role="alert" className={css.error}>
            {error && (error instanceof ApiError && error.status === 401 ? t("signIn.wrong") : wordsFor(error, t))}
          </p>
          <Button type="submit" size="md" fullWidth loading={enter.isPending}>
            {t("signIn.action")}
          </Button>
        </form>
      </Panel>
      {demo && (
        <Demo demo={demo} busy={enter.isPending} onChoose={(name, word) => enter.mutate({ username: name, password: word })} />
      )}
      <p className={css.note}>
        <Link to="/forgot">{t("account.forgot")}</Link>
        {portal?.registration === "open" && (
          <>
            {" · "}
            <Link to="/register" search={search}>
              {t("account.register")}
            </Link>
          </>
        )}
      </p>
      <p className={css.note}>{t("signIn.noAccount")}</p>
    </div>
  );
}

function useEnter() {
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/sign-in" });
  return useMutation({
    mutationFn: ({ username, password }: { username: string; password: string }) => signIn(username, password),
    onSuccess: async session => {
      client.setQueryData(sessionQuery.queryKey, session);
      // Only a path of our own: a link that signs one in must not lead to another site.
      if (next && /^\/(?![/\\])/.test(next)) router.history.push(next);
      else await navigate({ to: "/studies" });
    },
  });
}

type DemoProps = { demo: NonNullable<PortalInfo["demo"]>; busy: boolean; onChoose: (username: string, password: string) => void };

/** A demonstration tells its own passwords. */
function Demo({ demo, busy, onChoose }: DemoProps) {
  const { t } = useTranslation();
  return (
    <Panel title={t("demo.accounts")}>
      <ul className={css.accounts}>
        {demo.accounts.map(account => (
          <li key={account.username}>
            <div>
              <strong>{account.username}</strong> <span className={css.role}>{account.role}</span>
              <br />
              <code>{account.password}</code>
            </div>
            <Button
              size="compact-md"
              variant="light"
              disabled={busy}
              aria-label={t("demo.signInAs", { name: account.username })}
              onClick={() => onChoose(account.username, account.password)}
            >
              {t("signIn.action")}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
