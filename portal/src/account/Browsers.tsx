import { Button } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import type { OpenBrowser } from "../api/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Failure, wordsFor } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { day, moment } from "../units.ts";
import css from "./account.module.css";
import { browserName } from "./browsers.ts";
import { browsersQuery } from "./queries.ts";

/** Where one is signed in, and the way to end the rest. */
export function Browsers() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const announce = useAnnounce();
  const [asking, setAsking] = useState(false);
  const browsers = useQuery(browsersQuery);
  const end = useMutation({
    mutationFn: () => api<void>("DELETE", "/auth/sessions/"),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: browsersQuery.queryKey });
      announce(t("account.othersEnded"));
    },
    onError: error => announce(wordsFor(error, t), "bad"),
  });
  if (browsers.error && !browsers.data) return <Failure error={browsers.error} retry={browsers.refetch} />;
  if (!browsers.data) return <Waiting rows={4} />;
  const others = browsers.data.filter(({ current }) => !current).length;
  return (
    <Panel title={t("account.browsers")}>
      <p className={css.text}>{t("account.browsersText")}</p>
      <ul className={css.rows}>
        {browsers.data.map(browser => (
          <BrowserRow key={`${browser.created_at} ${browser.ip} ${browser.user_agent}`} browser={browser} />
        ))}
      </ul>
      {others > 0 && (
        <Button
          mt="lg"
          variant="light"
          leftSection={<IconLogout size={17} />}
          loading={end.isPending}
          onClick={() => setAsking(true)}
        >
          {t("account.endOthers")}
        </Button>
      )}
      <Confirm
        opened={asking}
        title={t("account.endOthers")}
        text={t("account.endOthersText", { count: others })}
        action={t("account.endOthersAction")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          end.mutate();
        }}
      />
    </Panel>
  );
}

function BrowserRow({ browser }: { browser: OpenBrowser }) {
  const { t, i18n } = useTranslation();
  return (
    <li>
      <div className={css.rowText}>
        <strong title={browser.user_agent}>{browserName(browser.user_agent) || t("account.unknownBrowser")}</strong>
        <span className={css.quiet}>
          {t("account.browserFacts", {
            ip: browser.ip,
            since: moment(browser.created_at, i18n.language),
            until: day(browser.expires_at, i18n.language),
          })}
        </span>
      </div>
      {browser.current && <Tag tone="good">{t("account.thisBrowser")}</Tag>}
    </li>
  );
}
