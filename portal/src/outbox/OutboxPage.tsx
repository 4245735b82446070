import { Tabs } from "@mantine/core";
import { IconMail } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import type { Mail, Page } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { moment } from "../units.ts";
import css from "./outbox.module.css";

const PAGE_SIZE = 10;
const ASK_EVERY_MS = 10_000;

/** Mail that was caught instead of sent, as it would arrive. */
export function OutboxPage() {
  const { t } = useTranslation();
  usePageTitle(t("outbox.title"));
  const [page, setPage] = useState(1);
  const [openId, setOpenId] = useState<number>();
  const mails = useQuery({
    queryKey: ["mails", page],
    queryFn: () => get<Page<Mail>>(`/v1/mails/?page=${page}`),
    refetchInterval: ASK_EVERY_MS,
  });
  const rows = mails.data?.results ?? [];
  const open = rows.find(mail => mail.id === openId) ?? rows[0];
  const view = useRef<HTMLDivElement>(null);
  // On a narrow screen it lies below the list.
  useEffect(() => {
    if (openId !== undefined) view.current?.scrollIntoView({ block: "nearest" });
  }, [openId]);
  return (
    <>
      <PageHead title={t("outbox.title")} lead={<p>{t("outbox.lead")}</p>} />
      {mails.error && <Failure error={mails.error} retry={mails.refetch} />}
      {mails.isPending && <Waiting rows={4} />}
      {mails.data && rows.length === 0 && (
        <Panel>
          <Empty icon={<IconMail size={40} stroke={1.4} />} title={t("outbox.empty")}>
            {t("outbox.emptyText")}
          </Empty>
        </Panel>
      )}
      {open && (
        <div className={css.columns}>
          <nav aria-label={t("outbox.title")}>
            <ul className={css.list}>
              {rows.map(mail => (
                <MailRow key={mail.id} mail={mail} current={mail.id === open.id} onOpen={() => setOpenId(mail.id)} />
              ))}
            </ul>
            <Pager page={page} count={mails.data?.count ?? 0} pageSize={PAGE_SIZE} onPage={setPage} what={t("outbox.title")} />
          </nav>
          <div ref={view}>
            <MailView key={open.id} mail={open} />
          </div>
        </div>
      )}
    </>
  );
}

function MailRow({ mail, current, onOpen }: { mail: Mail; current: boolean; onOpen: () => void }) {
  const { i18n } = useTranslation();
  return (
    <li>
      <button type="button" aria-current={current ? "true" : undefined} onClick={onOpen}>
        <span className={css.subject}>{mail.subject}</span>
        <span className={css.small}>{mail.to}</span>
        <span className={css.small}>{moment(mail.created_at, i18n.language)}</span>
      </button>
    </li>
  );
}

function MailView({ mail }: { mail: Mail }) {
  const { t } = useTranslation();
  return (
    <Panel title={mail.subject}>
      <p className={css.to}>{t("outbox.to", { to: mail.to })}</p>
      <Tabs defaultValue={mail.html ? "html" : "text"}>
        <Tabs.List>
          {mail.html && <Tabs.Tab value="html">{t("outbox.html")}</Tabs.Tab>}
          <Tabs.Tab value="text">{t("outbox.text")}</Tabs.Tab>
        </Tabs.List>
        {mail.html && (
          <Tabs.Panel value="html" pt="md">
            {/* No scripts and no origin of ours inside; links open a page of their own. */}
            <iframe
              className={css.frame}
              title={t("outbox.frame", { subject: mail.subject })}
              sandbox="allow-popups allow-popups-to-escape-sandbox"
              srcDoc={`<base target="_blank">${mail.html}`}
            />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="text" pt="md">
          <div className={css.text}>
            <LinkedText text={mail.text} />
          </div>
        </Tabs.Panel>
      </Tabs>
    </Panel>
  );
}

/** Plain text with its addresses made into links. */
function LinkedText({ text }: { text: string }) {
  const parts = text.split(/(https?:\/\/[^\s<>"]+)/);
  return parts.map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a fixed text have no other name
      <a key={index} href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ) : (
      part
    ),
  );
}
