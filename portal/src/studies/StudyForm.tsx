import { Button, Checkbox, Group, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { fieldsOf } from "../api/client.ts";
import type { Faculty, Named, Study, StudyWrite } from "../api/types.ts";
import { Choice, useList } from "../parts/Choice.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";

type Props = {
  opened: boolean;
  onClose: () => void;
  title: string;
  action: string;
  study?: Study;
  onSave: (written: StudyWrite) => Promise<void>;
};

export function StudyForm(props: Props) {
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={props.title} size="lg">
      <Form {...props} />
    </Dialog>
  );
}

function Form({ study, action, onSave, onClose }: Props) {
  const { t } = useTranslation();
  const [written, setWritten] = useState<StudyWrite>({
    code: study?.code ?? "",
    name: study?.name ?? "",
    description: study?.description ?? "",
    human_subject: study?.human_subject ?? false,
    field: study?.field.id ?? 0,
  });
  const change = (part: Partial<StudyWrite>) => setWritten(before => ({ ...before, ...part }));
  const save = useMutation({ mutationFn: onSave });
  const fields = fieldsOf(save.error);
  const shownFields = ["code", "name", "description", "human_subject", "field"];
  const elsewhere = save.error && !Object.keys(fields).some(name => shownFields.includes(name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(written);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label={t("study.code")}
          description={t("study.codeHelp")}
          value={written.code}
          onChange={event => change({ code: event.currentTarget.value })}
          error={fields.code}
          maxLength={50}
          required
          data-autofocus
        />
        <TextInput
          label={t("study.name")}
          value={written.name}
          onChange={event => change({ name: event.currentTarget.value })}
          error={fields.name}
          maxLength={200}
          required
        />
        <Textarea
          label={t("study.description")}
          description={t("study.descriptionHelp")}
          value={written.description}
          onChange={event => change({ description: event.currentTarget.value })}
          error={fields.description}
          rows={4}
        />
        <FieldChooser start={study} onField={field => change({ field })} error={fields.field} />
        <Checkbox
          label={t("study.human")}
          description={t("study.humanHelp")}
          checked={written.human_subject}
          onChange={event => change({ human_subject: event.currentTarget.checked })}
          error={fields.human_subject}
        />
        {elsewhere && <Failure error={save.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type ChooserProps = { start: Study | undefined; onField: (field: number) => void; error: string | undefined };

/** University, then faculty, then field: each list follows from the one before. */
function FieldChooser({ start, onField, error }: ChooserProps) {
  const { t } = useTranslation();
  const [university, setUniversity] = useState(start?.field.faculty.university.id ?? 0);
  const [faculty, setFaculty] = useState(start?.field.faculty.id ?? 0);
  const [field, setField] = useState(start?.field.id ?? 0);
  const universities = useList<Named>("/v1/universities/", true);
  const faculties = useList<Faculty>(`/v1/universities/${university}/faculties/`, university > 0);
  const fields = useList<Named>(`/v1/universities/${university}/faculties/${faculty}/study_fields/`, faculty > 0);
  const choose = (nextUniversity: number, nextFaculty: number, nextField: number) => {
    setUniversity(nextUniversity);
    setFaculty(nextFaculty);
    setField(nextField);
    onField(nextField);
  };
  const failed = universities.error ?? faculties.error ?? fields.error;
  return (
    <>
      <Choice label={t("study.university")} value={university} rows={universities.data} onChoose={id => choose(id, 0, 0)} />
      <Choice label={t("study.faculty")} value={faculty} rows={faculties.data} onChoose={id => choose(university, id, 0)} />
      <Choice
        label={t("study.field")}
        value={field}
        rows={fields.data}
        onChoose={id => choose(university, faculty, id)}
        error={error}
      />
      {failed && <Failure error={failed} />}
    </>
  );
}
