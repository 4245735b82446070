import { Button, Group, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api } from "../api/client.ts";
import { Confirm } from "../parts/Confirm.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { wordsFor } from "../parts/Failure.tsx";
import { BringDialog } from "./BringDialog.tsx";
import { useFileVerb } from "./fileQueries.ts";
import { PreviewDialog } from "./PreviewDialog.tsx";
import { ShareDialog } from "./ShareDialog.tsx";
import { addressOf, type Entry, type Transfer, within } from "./types.ts";

/** What somebody is about to do. */
export type Task = { kind: "folder" | "import" } | { kind: "rename" | "remove" | "share" | "preview" | "bring"; entry: Entry };

type Props = { storage: string; folder: string; task: Task; onClose: () => void };

export function FileDialog({ storage, folder, task, onClose }: Props) {
  if (!("entry" in task)) {
    const Part = task.kind === "folder" ? NewFolder : Import;
    return <Part storage={storage} folder={folder} onClose={onClose} />;
  }
  const props = { storage, entry: task.entry, onClose };
  if (task.kind === "rename") return <Rename {...props} />;
  if (task.kind === "remove") return <Remove {...props} />;
  if (task.kind === "share") return <ShareDialog {...props} />;
  if (task.kind === "bring") return <BringDialog {...props} />;
  return <PreviewDialog {...props} />;
}

function NewFolder({ storage, folder, onClose }: Omit<Props, "task">) {
  const { t } = useTranslation();
  const make = useFileVerb(
    storage,
    (name: string) => api<Entry>("POST", `/v1/storages/${storage}/files/folders/`, { path: within(folder, name.trim()) }),
    entry => t("files.folderMade", { name: entry.name }),
    { announcesFailure: false },
  );
  return (
    <Asking
      title={t("files.newFolder")}
      label={t("files.name")}
      action={t("files.make")}
      save={name => make.mutateAsync(name)}
      onClose={onClose}
    />
  );
}

function Rename({ storage, entry, onClose }: { storage: string; entry: Entry; onClose: () => void }) {
  const { t } = useTranslation();
  const rename = useFileVerb(
    storage,
    (name: string) => api<Entry>("POST", `/v1/storages/${storage}/files/rename/`, { path: entry.path, name }),
    renamed => t("files.renamed", { name: renamed.name }),
    { announcesFailure: false },
  );
  return (
    <Asking
      title={t("files.renameOf", { name: entry.name })}
      label={t("files.newName")}
      start={entry.name}
      action={t("files.rename")}
      save={name => rename.mutateAsync(name)}
      onClose={onClose}
    />
  );
}

function Import({ storage, folder, onClose }: Omit<Props, "task">) {
  const { t } = useTranslation();
  const fetchFile = useFileVerb(
    storage,
    (url: string) => {
      const name =
        decodeURIComponent(
          URL.parse(url.trim())
            ?.pathname.split("/")
            .findLast(part => part !== "") ?? "",
        ) || "download";
      const body = { url: url.trim(), path: within(folder, name), if_exists: "beside" };
      return api<Transfer>("POST", `/v1/storages/${storage}/files/import/`, body);
    },
    () => t("files.importAsked"),
    { announcesFailure: false },
  );
  return (
    <Asking
      title={t("files.import")}
      label={t("files.address")}
      help={t("files.addressHelp")}
      action={t("files.fetch")}
      save={url => fetchFile.mutateAsync(url)}
      onClose={onClose}
    />
  );
}

function Remove({ storage, entry, onClose }: { storage: string; entry: Entry; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useFileVerb(
    storage,
    () => api("DELETE", addressOf(storage, "", entry.path)),
    () => t("files.removed", { name: entry.name }),
  );
  return (
    <Confirm
      opened
      title={t("files.removeOf", { name: entry.name })}
      text={t(entry.kind === "folder" ? "files.removeFolderText" : "files.removeText")}
      action={t("common.remove")}
      onClose={onClose}
      onConfirm={() => {
        onClose();
        remove.mutate(undefined);
      }}
    />
  );
}

type AskingProps = {
  title: string;
  label: string;
  help?: string;
  start?: string;
  action: string;
  save: (text: string) => Promise<unknown>;
  onClose: () => void;
};

/** One line of text and a button. What the server refuses is told beside it. */
function Asking({ title, label, help, start = "", action, save, onClose }: AskingProps) {
  const { t } = useTranslation();
  const [text, setText] = useState(start);
  const saving = useMutation({ mutationFn: save, onSuccess: onClose });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate(text);
  };
  const refusal = saving.error instanceof ApiError ? wordsFor(saving.error, t) : undefined;
  return (
    <Dialog opened onClose={onClose} title={title}>
      <form onSubmit={submit}>
        <TextInput
          label={label}
          description={help}
          value={text}
          onChange={event => setText(event.currentTarget.value)}
          error={refusal}
          data-autofocus
          required
          autoComplete="off"
          spellCheck={false}
        />
        <Group mt="md" justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={saving.isPending}>
            {action}
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}
