import { Alert, Button } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import type { NewToken, Profile, Token, TokenKind } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Fact, Facts, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { day, moment } from "../units.ts";
import { AppPasswords } from "./AppPasswords.tsx";
import css from "./account.module.css";
import { tokensQuery } from "./queries.ts";
import { SmallForm } from "./SmallForm.tsx";

/** Tokens for programs: shown once, renewed against the password. */
export function Keys({ profile }: { profile: Profile }) {
  const { t } = useTranslation();
  const tokens = useQuery(tokensQuery);
  if (tokens.error && !tokens.data) return <Failure error={tokens.error} retry={tokens.refetch} />;
  if (!tokens.data) return <Waiting rows={4} />;
  const of = (kind: TokenKind) => tokens.data.find(token => token.kind === kind);
  return (
    <>
      <KeyPanel kind="api" token={of("api")} profile={profile} />
      <KeyPanel kind="hawk" token={of("hawk")} profile={profile} />
      <AppPasswords username={profile.username} />
      <p className={css.quiet}>{t("account.keysNote")}</p>
    </>
  );
}

type PanelProps = { kind: TokenKind; token: Token | undefined; profile: Profile };

function KeyPanel({ kind, token, profile }: PanelProps) {
  const { t, i18n } = useTranslation();
  const [asking, setAsking] = useState(false);
  const action = t(token ? "account.keyRenew" : "account.keyMake", { what: t(`account.keys.${kind}`) });
  return (
    <Panel title={t(`account.keys.${kind}`)}>
      <p className={css.text}>{t(`account.keysText.${kind}`)}</p>
      {token && (
        <Facts>
          <Fact name={t(kind === "hawk" ? "account.keyId" : "account.keyStart")}>
            <code>{token.key}</code>
          </Fact>
          <Fact name={t("account.keySince")}>{day(token.created_at, i18n.language)}</Fact>
          <Fact name={t("account.keyUsed")}>
            {token.last_used_at ? moment(token.last_used_at, i18n.language) : t("account.keyNeverUsed")}
          </Fact>
        </Facts>
      )}
      <Button mt="md" variant="light" leftSection={<IconKey size={17} />} onClick={() => setAsking(true)}>
        {action}
      </Button>
      <Dialog opened={asking} onClose={() => setAsking(false)} title={action}>
        <Renewal kind={kind} had={token !== undefined} username={profile.username} onClose={() => setAsking(false)} />
      </Dialog>
    </Panel>
  );
}

type RenewalProps = { kind: TokenKind; had: boolean; username: string; onClose: () => void };

function Renewal({ kind, had, username, onClose }: RenewalProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<NewToken>();
  if (made) return <Shown token={made} onClose={onClose} />;
  return (
    <>
      {had && <p className={css.text}>{t("account.keyVoid")}</p>}
      <SmallForm
        username={username}
        fields={[
          {
            name: "current_password",
            label: t("account.currentPassword"),
            kind: "password",
            autoComplete: "current-password",
          },
        ]}
        action={t("account.keyShow")}
        save={written => api<NewToken>("POST", `/auth/tokens/${kind}/`, written)}
        onSaved={async token => {
          setMade(token);
          await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
        }}
      />
    </>
  );
}

function Shown({ token: { kind, key, secret, token }, onClose }: { token: NewToken; onClose: () => void }) {
  const { t } = useTranslation();
  const value = token ?? secret ?? "";
  const what = t(kind === "hawk" ? "account.keySecret" : "account.keys.api");
  return (
    <>
      <Alert role="status" variant="light" title={t("account.keyOnce")}>
        {t("account.keyOnceText")}
      </Alert>
      <div style={{ marginBlock: "1.25rem" }}>
        <Facts>
          {kind === "hawk" && (
            <Fact name={t("account.keyId")}>
              <Copyable value={key} what={t("account.keyId")} />
            </Fact>
          )}
          <Fact name={what}>
            <Copyable value={value} what={what} />
          </Fact>
          {kind === "api" && (
            <Fact name={t("account.keyHeader")}>
              <code>Authorization: Token …</code>
            </Fact>
          )}
        </Facts>
      </div>
      <Button onClick={onClose}>{t("account.keyKept")}</Button>
    </>
  );
}
