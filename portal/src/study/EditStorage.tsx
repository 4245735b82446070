import { Button, Code, Group, Input } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import type { Storage, StorageWrite, Study } from "../api/types.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { SaveForm } from "../parts/SaveForm.tsx";
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

function Form({ study, storage: { id, name, engine, location, username, has_private_key, host_key }, onClose }: Props) {
  const { t } = useTranslation();
  const [written, setWritten] = useState<StorageWrite>({ name, engine, location, username, password: "" });
  const save = useStudyVerb(study, {
    do: () => api<Storage>("PUT", `/v1/storages/${id}/`, written),
    changes: ["locations"],
    said: saved => t("storage.saved", { name: saved.name }),
    onDone: onClose,
    announceFailure: false,
  });
  const fields = fieldsOf(save.error);
  return (
    <SaveForm save={save} onSave={() => save.mutate(undefined)} onCancel={onClose} beside={[]}>
      <StorageFields
        storage={written}
        fields={fields}
        kept={{ hasPrivateKey: has_private_key }}
        onChange={part => setWritten(before => ({ ...before, ...part }))}
      />
      {host_key && <HostKey study={study} storage={id} hostKey={host_key} />}
    </SaveForm>
  );
}

/** The key by which an SFTP server is known again. Forgetting it is for a server that was set up anew. */
function HostKey({ study, storage, hostKey }: { study: Study; storage: number; hostKey: string }) {
  const { t } = useTranslation();
  const forget = useStudyVerb(study, {
    do: () => api("DELETE", `/v1/storages/${storage}/host-key/`),
    changes: ["locations"],
    said: () => t("storage.hostKeyForgotten"),
  });
  return (
    <Input.Wrapper label={t("storage.hostKey")} description={t("storage.hostKeyHelp")}>
      <Group mt={6} wrap="wrap">
        <Code>{hostKey}</Code>
        <Button size="compact-md" variant="light" color="red" loading={forget.isPending} onClick={() => forget.mutate(undefined)}>
          {t("storage.hostKeyForget")}
        </Button>
      </Group>
    </Input.Wrapper>
  );
}
