import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { pathOf, useForgetRows } from "./adminQueries.ts";
import { FormFields, sentOf, startOf } from "./FormFields.tsx";
import type { Field, Kind, Row } from "./model.ts";
import { useAdminWords } from "./words.ts";

type Props = {
  kind: Kind;
  fields: readonly Field[];
  /** Absent for a new one. */
  row?: Row;
  opened: boolean;
  onClose: () => void;
  onSaved?: (row: Row) => void;
};

/** Makes a new one, or changes one. */
export function RowForm(props: Props) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const { kind, row } = props;
  const title = row ? `${t("admin.object.edit")}: ${row.title}` : t("admin.object.new", { what: words.one(kind.name) });
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={title} size="lg">
      <Form {...props} />
    </Dialog>
  );
}

function Form({ kind, fields, row, onClose, onSaved }: Props) {
  const { t } = useTranslation();
  const announce = useAnnounce();
  const forget = useForgetRows();
  const [start] = useState(() => startOf(fields, row));
  const [written, setWritten] = useState(start);
  const save = useMutation({
    mutationFn: () =>
      row
        ? api<Row>("PATCH", pathOf(kind.name, row.id), sentOf(fields, written, start))
        : api<Row>("POST", pathOf(kind.name), sentOf(fields, written)),
    onSuccess: async saved => {
      await forget();
      announce(t(row ? "admin.object.changed" : "admin.object.made", { title: saved.title }));
      onClose();
      onSaved?.(saved);
    },
  });
  const errors = fieldsOf(save.error);
  return (
    <SaveForm save={save} onSave={() => save.mutate()} onCancel={onClose} beside={fields.map(({ name }) => name)}>
      <FormFields
        fields={fields}
        written={written}
        errors={errors}
        onChange={(name, value) => setWritten(before => ({ ...before, [name]: value }))}
      />
    </SaveForm>
  );
}
