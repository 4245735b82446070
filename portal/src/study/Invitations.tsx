import { ActionIcon, Button, NativeSelect, TextInput } from "@mantine/core";
import { IconMail, IconMailForward, IconTrash } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf, get } from "../api/client.ts";
import type { Invitation, Page, Study } from "../api/types.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Copyable, CopyButton } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { moment } from "../units.ts";
import css from "./study.module.css";
import { mayManage, useStudyVerb } from "./studyQueries.ts";

const PAGE_SIZE = 10;

export function Invitations({ study }: { study: Study }) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const invitations = useQuery({
    queryKey: ["invitations", String(study.id), page],
    queryFn: () => get<Page<Invitation>>(`/v1/invitations/?study=${study.id}&page=${page}`),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      {mayManage(study) && <Invite study={study} />}
      <Panel title={t("tabs.invitations")}>
        {invitations.error && <Failure error={invitations.error} retry={invitations.refetch} />}
        {invitations.isPending && <Waiting />}
        {invitations.data?.count === 0 && (
          <Empty icon={<IconMail size={38} stroke={1.4} />} title={t("invite.none")}>
            {t("invite.noneText")}
          </Empty>
        )}
        <ul className={css.rows}>
          {(invitations.data?.results ?? []).map(invitation => (
            <InvitationRow key={invitation.id} invitation={invitation} study={study} />
          ))}
        </ul>
        <Pager
          page={page}
          count={invitations.data?.count ?? 0}
          pageSize={PAGE_SIZE}
          onPage={setPage}
          what={t("tabs.invitations")}
        />
      </Panel>
    </>
  );
}

/** Each by its own name: whoever reads that language finds it. */
const MAIL_LANGUAGES = [
  { value: "en", label: "English" },
  { value: "nl", label: "Nederlands" },
];

function Invite({ study }: { study: Study }) {
  const { t, i18n } = useTranslation();
  const [language, setLanguage] = useState(i18n.language.startsWith("nl") ? "nl" : "en");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const invite = useStudyVerb(study, {
    do: (who: { name: string; email: string; language: string }) =>
      api<Invitation>("POST", "/v1/invitations/", { study: study.id, ...who }),
    changes: ["invitations", "study"],
    said: made => t("invite.made", { email: made.email }),
    onDone: () => {
      setName("");
      setEmail("");
    },
    announceFailure: false,
  });
  const fields = fieldsOf(invite.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate({ name: name.trim(), email: email.trim(), language });
  };
  return (
    <Panel title={t("invite.new")}>
      <form className={css.inlineForm} onSubmit={submit}>
        <TextInput
          label={t("invite.name")}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={fields.name}
          maxLength={200}
          autoComplete="off"
          required
        />
        <TextInput
          label={t("invite.email")}
          type="email"
          value={email}
          onChange={event => setEmail(event.currentTarget.value)}
          error={fields.email}
          autoComplete="off"
          required
        />
        <NativeSelect
          label={t("invite.language")}
          data={MAIL_LANGUAGES}
          value={language}
          onChange={event => setLanguage(event.currentTarget.value)}
        />
        <Button type="submit" leftSection={<IconMailForward size={17} />} loading={invite.isPending}>
          {t("invite.send")}
        </Button>
      </form>
      {invite.error && !fields.name && !fields.email && <Failure error={invite.error} />}
      <p className={css.help}>{t("invite.help")}</p>
    </Panel>
  );
}

/** The invitation's link with its code in the fragment, which reaches no server's log. */
const linkOf = ({ upload_url, upload_code }: Invitation): string =>
  upload_url.includes("#") ? upload_url : `${upload_url}#code=${upload_code}`;

function InvitationRow({ invitation, study }: { invitation: Invitation; study: Study }) {
  const { t, i18n } = useTranslation();
  const [asking, setAsking] = useState(false);
  const path = `/v1/invitations/${invitation.id}/`;
  const send = useStudyVerb(study, {
    do: () => api<Invitation>("POST", `${path}send/`),
    changes: ["invitations"],
    said: () => t("invite.sentAgain", { email: invitation.email }),
  });
  const remove = useStudyVerb(study, {
    do: () => api("DELETE", path),
    changes: ["invitations", "study"],
    said: () => t("invite.removed"),
  });
  const { name } = invitation;
  return (
    <li className={css.line}>
      <div className={css.lineText}>
        <strong>{name}</strong>
        <span>{invitation.email}</span>
        <span>
          {invitation.mail_sent ? (
            <Tag tone="good">{t("invite.mailSent", { time: moment(invitation.mail_sent, i18n.language) })}</Tag>
          ) : (
            <Tag tone="busy">{t("invite.mailWaits")}</Tag>
          )}
        </span>
      </div>
      <div className={css.lineText}>
        <span>
          {t("dropoff.code")}: <Copyable value={invitation.upload_code} what={t("invite.codeOf", { name })} />
        </span>
        <span>
          {t("invite.link")} <CopyButton value={linkOf(invitation)} what={t("invite.linkOf", { name })} />
        </span>
      </div>
      {mayManage(study) && (
        <div className={css.lineActions}>
          <Button size="compact-md" variant="default" loading={send.isPending} onClick={() => send.mutate(undefined)}>
            {t("invite.again")}
          </Button>
          <ActionIcon
            variant="subtle"
            color="red"
            size={36}
            aria-label={t("invite.remove", { name })}
            title={t("invite.remove", { name })}
            onClick={() => setAsking(true)}
          >
            <IconTrash size={18} />
          </ActionIcon>
        </div>
      )}
      <Confirm
        opened={asking}
        title={t("invite.remove", { name })}
        text={t("invite.removeText")}
        action={t("common.remove")}
        onClose={() => setAsking(false)}
        onConfirm={() => {
          setAsking(false);
          remove.mutate(undefined);
        }}
      />
    </li>
  );
}
