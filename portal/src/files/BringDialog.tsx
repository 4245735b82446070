import { Alert, Button, Group, NativeSelect, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { wordsFor } from "../parts/Failure.tsx";
import { placesQuery, useFileVerb } from "./fileQueries.ts";
import css from "./files.module.css";
import { above, type Entry, type Transfer, within } from "./types.ts";

const HOWS = ["copy", "move"] as const;
type How = (typeof HOWS)[number];

/** Copies or moves something to another folder, of this storage or of another. */
export function BringDialog({ storage, entry, onClose }: { storage: string; entry: Entry; onClose: () => void }) {
  const { t } = useTranslation();
  const places = useQuery(placesQuery);
  const [how, setHow] = useState<How>("copy");
  const [target, setTarget] = useState(storage);
  const [folder, setFolder] = useState(above(entry.path));
  const bring = useFileVerb(
    storage,
    () => brought(storage, target, entry, within(folder.replace(/^\/+|\/+$/g, ""), entry.name), how),
    isDone => t(isDone ? (how === "move" ? "files.moved" : "files.copied") : "files.onItsWay", { name: entry.name }),
    { announcesFailure: false },
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    bring.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Dialog opened onClose={onClose} title={t("files.bringOf", { name: entry.name })}>
      <form onSubmit={submit} className={css.form}>
        {entry.rights.write && (
          <SegmentedControl
            aria-label={t("files.how")}
            value={how}
            onChange={value => setHow(value as How)}
            data={HOWS.map(value => ({ value, label: t(`files.${value}`) }))}
          />
        )}
        <NativeSelect
          label={t("files.storage")}
          value={target}
          onChange={event => setTarget(event.currentTarget.value)}
          data={(places.data ?? []).map(place => ({ value: String(place.id), label: place.name }))}
        />
        <TextInput
          label={t("files.folder")}
          description={t("files.folderHelp")}
          value={folder}
          onChange={event => setFolder(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
        {bring.error && (
          <Alert role="alert" color="red" variant="light" title={t("failure.title")}>
            {wordsFor(bring.error, t)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={bring.isPending}>
            {t(how === "move" ? "files.move" : "files.copy")}
          </Button>
        </Group>
      </form>
    </Dialog>
  );
}

/** @returns false: it goes on in the background */
async function brought(storage: string, target: string, entry: Entry, to: string, how: How): Promise<boolean> {
  if (storage === target) {
    const if_exists = how === "copy" ? "beside" : "refuse";
    const done = await api<Entry | Transfer>("POST", `/v1/storages/${storage}/files/${how}/`, {
      from: entry.path,
      to,
      if_exists,
    });
    return !("state" in done);
  }
  await api<Transfer>("POST", "/v1/transfers/", {
    from_storage: Number(storage),
    from: entry.path,
    to_storage: Number(target),
    to,
    move: how === "move",
  });
  return false;
}
