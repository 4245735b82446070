import { Button } from "@mantine/core";
import { IconEye, IconEyeOff } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import { Copyable, CopyButton } from "../parts/Copy.tsx";
import { wordsFor } from "../parts/Failure.tsx";
import { Fact, Facts, Panel } from "../parts/Panel.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import css from "./machines.module.css";
import type { Access, Machine } from "./model.ts";

/** They are put away again by themselves: a screen that is left alone tells nothing. */
const SHOWN_MS = 120_000;

type Secrets = Pick<Access, "login_key" | "password">;

/** How to get in. Secrets come only when they are asked for, are kept nowhere, and that they were shown is noted. */
export function WayIn({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const [access] = machine.access;
  if (!access)
    return (
      <Panel title={t("machine.wayIn")}>
        <p className={css.text}>{t("machine.noWayIn")}</p>
      </Panel>
    );
  const { username, virtual_machine_ip: ip, public_key } = access;
  return (
    <Panel title={t("machine.wayIn")}>
      <Facts>
        <Fact name={t("machine.command")}>
          <Copyable value={`ssh ${username}@${ip}`} what={t("machine.command")} />
        </Fact>
        <Fact name={t("machine.address")}>
          <Copyable value={ip} what={t("machine.address")} />
        </Fact>
        <Fact name={t("machine.user")}>
          <Copyable value={username} what={t("machine.user")} />
        </Fact>
        {public_key && (
          <Fact name={t("machine.publicKey")}>
            <Copyable value={public_key} what={t("machine.publicKey")} short />
          </Fact>
        )}
      </Facts>
      {access.has_secrets && machine.is_own && <Secret machine={machine} />}
      {access.has_secrets && !machine.is_own && <p className={css.help}>{t("machine.onlyOwn")}</p>}
      {!access.has_secrets && <p className={css.help}>{t("machine.ownKey")}</p>}
    </Panel>
  );
}

function Secret({ machine }: { machine: Machine }) {
  const { t } = useTranslation();
  const announce = useAnnounce();
  const [shown, setShown] = useState<Secrets>();
  useEffect(() => {
    if (!shown) return;
    const timer = window.setTimeout(() => setShown(undefined), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [shown]);
  const ask = useMutation({
    mutationFn: () => get<Machine>(`/v1/virtualmachines/${machine.id}/`),
    gcTime: 0,
    onSuccess: ({ access: [access] }) => {
      if (access) setShown({ login_key: access.login_key, password: access.password });
      ask.reset();
    },
    onError: error => announce(wordsFor(error, t), "bad"),
  });
  return (
    <div className={css.secret}>
      {shown?.password && (
        <Facts>
          <Fact name={t("machine.password")}>
            <Copyable value={shown.password} what={t("machine.password")} />
          </Fact>
        </Facts>
      )}
      {shown?.login_key && (
        <div>
          <div className={css.secretHead}>
            <span>{t("machine.privateKey")}</span>
            <CopyButton value={shown.login_key} what={t("machine.privateKey")} />
          </div>
          <pre className={css.key}>{shown.login_key}</pre>
          <p className={css.help}>{t("machine.privateKeyHelp")}</p>
        </div>
      )}
      {shown ? (
        <Button variant="default" leftSection={<IconEyeOff size={17} />} onClick={() => setShown(undefined)}>
          {t("machine.hide")}
        </Button>
      ) : (
        <Button variant="light" leftSection={<IconEye size={17} />} loading={ask.isPending} onClick={() => ask.mutate()}>
          {t("machine.show")}
        </Button>
      )}
      <p className={css.help}>{t("machine.showHelp")}</p>
    </div>
  );
}
