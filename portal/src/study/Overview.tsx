import { Button, Switch, Textarea } from "@mantine/core";
import { IconExternalLink, IconPencil } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import type { Study, StudyWrite } from "../api/types.ts";
import { Copyable } from "../parts/Copy.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Fact, Facts, Panel } from "../parts/Panel.tsx";
import { StudyForm } from "../studies/StudyForm.tsx";
import { bytes, day } from "../units.ts";
import css from "./study.module.css";
import { mayManage, saveStudy, useStudyVerb } from "./studyQueries.ts";

export function Overview({ study }: { study: Study }) {
  const manage = mayManage(study);
  return (
    <div className={css.columns}>
      <div>
        <DropOffPanel study={study} />
        {manage && <RecipientsPanel study={study} />}
      </div>
      <AboutPanel study={study} />
    </div>
  );
}

function DropOffPanel({ study }: { study: Study }) {
  const { t } = useTranslation();
  const manage = mayManage(study);
  const open = useStudyVerb(study, {
    do: (isOpen: boolean) => saveStudy(study, { is_open: isOpen }),
    changes: ["study"],
    said: saved => t(saved.is_open ? "study.nowOpen" : "study.nowClosed"),
  });
  return (
    <Panel
      title={t("study.dropOff")}
      actions={
        <Button
          component="a"
          href={study.web_upload_url}
          target="_blank"
          size="compact-md"
          variant="light"
          leftSection={<IconExternalLink size={16} />}
        >
          {t("study.visit")}
        </Button>
      }
    >
      <Facts>
        <Fact name={t("study.page")}>
          <Copyable value={study.web_upload_url} what={t("study.page")} />
        </Fact>
        <Fact name={t("study.generalCode")}>
          {study.upload_code && <Copyable value={study.upload_code} what={t("study.generalCode")} />}
        </Fact>
        <Fact name={t("study.tus")}>
          <Copyable value={study.api_upload_url} what={t("study.tus")} />
        </Fact>
      </Facts>
      {manage && (
        <Switch
          mt="lg"
          label={t("study.acceptsFiles")}
          description={t("study.acceptsHelp")}
          checked={open.isPending ? open.variables : study.is_open}
          disabled={open.isPending}
          onChange={event => open.mutate(event.currentTarget.checked)}
        />
      )}
    </Panel>
  );
}

function RecipientsPanel({ study }: { study: Study }) {
  const { t } = useTranslation();
  const [text, setText] = useState(study.recipients.join("\n"));
  const save = useStudyVerb(study, {
    do: (recipients: string[]) => saveStudy(study, { recipients }),
    changes: ["study"],
    said: () => t("study.recipientsSaved"),
    announceFailure: false,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(text.split(/\s+/).filter(Boolean));
  };
  const fieldError = save.error instanceof ApiError ? save.error.fields.recipients : undefined;
  return (
    <Panel title={t("study.recipients")}>
      <form onSubmit={submit}>
        <Textarea
          label={t("study.recipientsLabel")}
          description={t("study.recipientsHelp")}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          error={fieldError}
          placeholder="age1…"
          rows={3}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.88rem" } }}
        />
        {save.error && !fieldError && <Failure error={save.error} />}
        <Button type="submit" mt="md" loading={save.isPending}>
          {t("common.save")}
        </Button>
      </form>
    </Panel>
  );
}

function AboutPanel({ study }: { study: Study }) {
  const { t, i18n } = useTranslation();
  const [editing, setEditing] = useState(false);
  const save = useStudyVerb(study, {
    do: (written: StudyWrite) => saveStudy(study, written),
    changes: ["study"],
    said: () => t("study.saved"),
    onDone: () => setEditing(false),
    announceFailure: false,
  });
  const edit = mayManage(study) && (
    <Button size="compact-md" variant="default" leftSection={<IconPencil size={16} />} onClick={() => setEditing(true)}>
      {t("common.edit")}
    </Button>
  );
  const { field, owner } = study;
  const files = `${t("studies.files", { count: study.total_files })}, ${bytes(study.total_file_size, i18n.language)}`;
  return (
    <Panel title={t("study.about")} actions={edit}>
      {study.description && <p className={css.description}>{study.description}</p>}
      <Facts>
        <Fact name={t("study.owner")}>{`${owner.first_name} ${owner.last_name}`}</Fact>
        <Fact name={t("study.field")}>{`${field.name}, ${field.faculty.name}, ${field.faculty.university.name}`}</Fact>
        <Fact name={t("study.human")}>{t(study.human_subject ? "common.yes" : "common.no")}</Fact>
        <Fact name={t("tabs.drops")}>{files}</Fact>
        <Fact name={t("tabs.invitations")}>{study.total_invitations}</Fact>
        <Fact name={t("study.since")}>{day(study.created_at, i18n.language)}</Fact>
        <Fact name={t("study.uuid")}>
          <Copyable value={study.upload_uuid} what={t("study.uuid")} />
        </Fact>
      </Facts>
      <StudyForm
        opened={editing}
        onClose={() => setEditing(false)}
        title={t("study.edit")}
        action={t("common.save")}
        study={study}
        onSave={async written => void (await save.mutateAsync(written))}
      />
    </Panel>
  );
}
