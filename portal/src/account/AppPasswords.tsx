import { ActionIcon, Alert, Button } from "@mantine/core";
import { IconKey, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import type { AppPassword, NewAppPassword } from "../api/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Copyable } from "../parts/Copy.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure, wordsFor } from "../parts/Failure.tsx";
import { Fact, Facts, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { day, moment } from "../units.ts";
import css from "./account.module.css";
import { appPasswordsQuery } from "./queries.ts";
import { SmallForm } from "./SmallForm.tsx";

/** Passwords for programs that mount studies as drives: one for each, shown once, taken back one by one. */
export function AppPasswords({ username }: { username: string }) {
  const { t } = useTranslation();
  const passwords = useQuery(appPasswordsQuery);
  const [making, setMaking] = useState(false);
  const address = `${window.location.origin}/dav/`;
  return (
    <Panel title={t("account.apps")}>
      <p className={css.text}>{t("account.appsText")}</p>
      <Facts>
        <Fact name={t("account.appsAddress")}>
          <Copyable value={address} what={t("account.appsAddress")} />
        </Fact>
      </Facts>
      {passwords.error && <Failure error={passwords.error} retry={passwords.refetch} />}
      {passwords.isPending && <Waiting rows={2} />}
      <ul className={css.rows}>
        {passwords.data?.map(password => (
          <Row key={password.id} password={password} />
        ))}
      </ul>
      <Button mt="md" variant="light" leftSection={<IconKey size={17} />} onClick={() => setMaking(true)}>
        {t("account.appsNew")}
      </Button>
      <Dialog opened={making} onClose={() => setMaking(false)} title={t("account.appsNew")}>
        <Making username={username} onClose={() => setMaking(false)} />
      </Dialog>
    </Panel>
  );
}

function Row({ password: { id, name, created_at, last_used_at } }: { password: AppPassword }) {
  const { t, i18n } = useTranslation();
  const client = useQueryClient();
  const announce = useAnnounce();
  const [asking, setAsking] = useState(false);
  const remove = useMutation({
    mutationFn: () => api("DELETE", `/auth/app-passwords/${id}/`),
    onSuccess: async () => {
      announce(t("account.appsRemoved", { name }));
      await client.invalidateQueries({ queryKey: appPasswordsQuery.queryKey });
    },
    onError: error => announce(wordsFor(error, t), "bad"),
  });
  const title = t("account.appsRemove", { name });
  const used = last_used_at ? t("account.appsUsed", { time: moment(last_used_at, i18n.language) }) : t("account.keyNeverUsed");
  return (
    <li>
      <div>
        <strong>{name}</strong>
        <span className={css.quiet}>
          {day(created_at, i18n.language)} · {used}
        </span>
      </div>
      <ActionIcon variant="subtle" color="red" size={36} aria-label={title} title={title} onClick={() => setAsking(true)}>
        <IconTrash size={18} />
      </ActionIcon>
      <Confirm
        opened={asking}
        title={title}
        text={t("account.appsRemoveText")}
        action={t("common.remove")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          remove.mutate();
        }}
      />
    </li>
  );
}

function Making({ username, onClose }: { username: string; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<NewAppPassword>();
  if (made)
    return (
      <>
        <Alert role="status" variant="light" title={t("account.keyOnce")}>
          {t("account.appsOnce")}
        </Alert>
        <div style={{ marginBlock: "1.25rem" }}>
          <Facts>
            <Fact name={t("account.appsUser")}>
              <Copyable value={username} what={t("account.appsUser")} />
            </Fact>
            <Fact name={t("account.appsPassword")}>
              <Copyable value={made.password} what={t("account.appsPassword")} />
            </Fact>
          </Facts>
        </div>
        <Button onClick={onClose}>{t("account.keyKept")}</Button>
      </>
    );
  return (
    <SmallForm
      username={username}
      fields={[
        { name: "name", label: t("account.appsName"), help: t("account.appsNameHelp"), autoComplete: "off" },
        { name: "current_password", label: t("account.currentPassword"), kind: "password", autoComplete: "current-password" },
      ]}
      action={t("account.appsMake")}
      save={written => api<NewAppPassword>("POST", "/auth/app-passwords/", written)}
      onSaved={async password => {
        setMade(password);
        await client.invalidateQueries({ queryKey: appPasswordsQuery.queryKey });
      }}
    />
  );
}
