import { Button, Group, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import type { Storage, StorageWrite, Study } from "../api/types.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure } from "../parts/Failure.tsx";
import { StorageFields } from "./StorageFields.tsx";
import { useStudyVerb } from "./studyQueries.ts";

type Props = { study: Study; storage: Storage; opened: boolean; onClose: () => void };

/** Mends how a storage is reached: an address that moved, a password that was changed there. */
export function EditStorage(props: Props) {
  const { t } = useTranslation();
  return (
    <Dialog opened={props.opened} onClose={props.onClose} title={t("storage.edit", { name: props.storage.name })} size="lg">
      <Form {...props} />
    </Dialog>
  );
}

function Form({ study, storage: { id, name, engine, location, username }, onClose }: Props) {
  const { t } = useTranslation();
  const [written, setWritten] = useState<StorageWrite>({ name, engine, location, username, password: "" });
  const save = useStudyVerb(study, {
    do: () => api<Storage>("PUT", `/v1/storages/${id}/`, written),
    changes: ["locations"],
    said: saved => t("storage.saved", { name: saved.name }),
    onDone: onClose,
    announceFailure: false,
  });
  const fields: Readonly<Record<string, string>> = save.error instanceof ApiError ? save.error.fields : {};
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(undefined);
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <StorageFields
          storage={written}
          fields={fields}
          hasPassword
          onChange={part => setWritten(before => ({ ...before, ...part }))}
        />
        {save.error && <Failure error={save.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={save.isPending}>
            {t("common.save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
