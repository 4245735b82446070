import { Button, NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api, getAll } from "../api/client.ts";
import { usePortal } from "../api/session.ts";
import type { Storage, StorageLocation, StorageWrite, Study } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
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
  const fields: Readonly<Record<string, string>> = add.error instanceof ApiError ? add.error.fields : {};
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
          <NewStorage storage={storage} fields={fields} onChange={part => setStorage(before => ({ ...before, ...part }))} />
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

type FieldsProps<T> = { fields: Readonly<Record<string, string>>; onChange: (part: Partial<T>) => void };

function NewStorage({ storage, fields, onChange }: FieldsProps<StorageWrite> & { storage: StorageWrite }) {
  const { t } = useTranslation();
  const engines = usePortal()?.storage_engines ?? ["WEBDAV"];
  const folder = storage.engine === "FOLDER";
  return (
    <>
      <div className={css.pair}>
        <TextInput
          label={t("storage.name")}
          value={storage.name}
          onChange={event => onChange({ name: event.currentTarget.value })}
          error={fields.name}
          maxLength={200}
          required
        />
        <NativeSelect
          label={t("storage.engine")}
          value={storage.engine}
          onChange={event => onChange({ engine: event.currentTarget.value })}
          error={fields.engine}
          data={engines}
        />
      </div>
      <TextInput
        label={t("storage.location")}
        description={t(folder ? "storage.locationFolder" : "storage.locationWeb")}
        value={storage.location}
        onChange={event => onChange({ location: event.currentTarget.value })}
        error={fields.location}
        required
      />
      <div className={css.pair}>
        <TextInput
          label={t("storage.username")}
          value={storage.username}
          onChange={event => onChange({ username: event.currentTarget.value })}
          error={fields.username}
          autoComplete="off"
          required={!folder}
        />
        <PasswordInput
          label={t("storage.password")}
          value={storage.password}
          onChange={event => onChange({ password: event.currentTarget.value })}
          error={fields.password}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("signIn.show") }}
          required={!folder}
        />
      </div>
    </>
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
