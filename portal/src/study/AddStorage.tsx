import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf, getAll } from "../api/client.ts";
import type { Storage, StorageLocation, StorageWrite, Study } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { type FieldsProps, StorageFields } from "./StorageFields.tsx";
import css from "./study.module.css";
import { useStudyVerb } from "./studyQueries.ts";

type Place = { path: string; uploadpath: string; encryption_password: string };

const NEW = "";
const STORAGES = ["list", "/v1/storages/"];
const NO_STORAGE: StorageWrite = { name: "", engine: "WEBDAV", location: "", username: "", password: "" };
const NO_PLACE: Place = { path: "", uploadpath: "", encryption_password: "" };

/** Adds a place where the study's files go: on a storage that exists, or on one that is made at once. */
export function AddStorage({ study }: { study: Study }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const storages = useQuery({ queryKey: STORAGES, queryFn: () => getAll<Storage>("/v1/storages/"), staleTime: 30_000 });
  const [chosen, setChosen] = useState(NEW);
  const [storage, setStorage] = useState(NO_STORAGE);
  const [place, setPlace] = useState(NO_PLACE);
  const add = useStudyVerb(study, {
    do: async () => {
      const id = chosen === NEW ? await makeStorage() : Number(chosen);
      return api<StorageLocation>("POST", `/v1/studies/${study.id}/storages/`, {
        storage: id,
        direction: "DESTINATION",
        ...place,
      });
    },
    changes: ["locations", "study"],
    said: made => t("storage.added", { name: made.storage.name }),
    onDone: () => {
      setChosen(NEW);
      setStorage(NO_STORAGE);
      setPlace(NO_PLACE);
    },
    announceFailure: false,
  });
  /** Chosen as soon as it exists: when its place is refused, a second try must not make it twice. */
  const makeStorage = async (): Promise<number> => {
    const made = await api<Storage>("POST", "/v1/storages/", storage);
    await client.invalidateQueries({ queryKey: STORAGES });
    setChosen(String(made.id));
    return made.id;
  };
  const fields = fieldsOf(add.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined);
  };
  return (
    <Panel title={t("storage.add")}>
      <form onSubmit={submit} className={css.form}>
        <NativeSelect
          label={t("storage.which")}
          value={chosen}
          onChange={event => setChosen(event.currentTarget.value)}
          data={[
            { value: NEW, label: t("storage.new") },
            ...(storages.data ?? []).map(row => ({ value: String(row.id), label: `${row.name} (${row.engine})` })),
          ]}
        />
        {chosen === NEW && (
          <StorageFields storage={storage} fields={fields} onChange={part => setStorage(before => ({ ...before, ...part }))} />
        )}
        <PlaceFields place={place} fields={fields} onChange={part => setPlace(before => ({ ...before, ...part }))} />
        {add.error && <Failure error={add.error} />}
        <Button type="submit" leftSection={<IconPlus size={17} />} loading={add.isPending}>
          {t("storage.add")}
        </Button>
      </form>
    </Panel>
  );
}

function PlaceFields({ place, fields, onChange }: FieldsProps<Place> & { place: Place }) {
  const { t } = useTranslation();
  return (
    <>
      <div className={css.pair}>
        <TextInput
          label={t("storage.path")}
          description={t("storage.pathHelp")}
          value={place.path}
          onChange={event => onChange({ path: event.currentTarget.value })}
          error={fields.path}
        />
        <TextInput
          label={t("storage.uploadpath")}
          description={t("storage.uploadpathHelp")}
          value={place.uploadpath}
          onChange={event => onChange({ uploadpath: event.currentTarget.value })}
          error={fields.uploadpath}
        />
      </div>
      <PasswordInput
        label={t("storage.passphrase")}
        description={t("storage.passphraseHelp")}
        value={place.encryption_password}
        onChange={event => onChange({ encryption_password: event.currentTarget.value })}
        error={fields.encryption_password}
        autoComplete="new-password"
        visibilityToggleButtonProps={{ "aria-label": t("signIn.show") }}
      />
    </>
  );
}
