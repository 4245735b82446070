import { NativeSelect, PasswordInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { usePortal } from "../api/session.ts";
import type { StorageWrite } from "../api/types.ts";
import css from "./study.module.css";

export type FieldsProps<T> = { fields: Readonly<Record<string, string>>; onChange: (part: Partial<T>) => void };

type Props = FieldsProps<StorageWrite> & {
  storage: StorageWrite;
  /** There is a password already: leaving it out keeps it. */
  hasPassword?: boolean;
};

/** What Havre must know to reach a storage. */
export function StorageFields({ storage, fields, onChange, hasPassword = false }: Props) {
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
          description={hasPassword && t("storage.passwordKept")}
          value={storage.password}
          onChange={event => onChange({ password: event.currentTarget.value })}
          error={fields.password}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("signIn.show") }}
          required={!folder && !hasPassword}
        />
      </div>
    </>
  );
}
