import { Checkbox, NativeSelect, PasswordInput, Textarea, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { usePortal } from "../api/session.ts";
import type { StorageWrite } from "../api/types.ts";
import css from "./study.module.css";

export type FieldsProps<T> = { fields: Readonly<Record<string, string>>; onChange: (part: Partial<T>) => void };

type Props = FieldsProps<StorageWrite> & {
  storage: StorageWrite;
  /** What is kept when it is left out. */
  kept?: { hasPrivateKey: boolean };
};

const ACCOUNT = { username: "storage.username", password: "storage.password" } as const;
/** What each kind calls its fields. */
const KINDS = {
  WEBDAV: { location: "storage.locationWeb", ...ACCOUNT },
  S3: { location: "storage.locationBucket", username: "storage.accessKey", password: "storage.secretKey" },
  SFTP: { location: "storage.locationSftp", ...ACCOUNT },
  GITEA: { location: "storage.locationGitea", username: "storage.username", password: "storage.token" },
  GITHUB: { location: "storage.locationGithub", username: "storage.username", password: "storage.token" },
  IRODS: { location: "storage.locationIrods", ...ACCOUNT },
  FOLDER: { location: "storage.locationFolder", ...ACCOUNT },
} as const;

/** What Havre must know to reach a storage. */
export function StorageFields({ storage, fields, onChange, kept }: Props) {
  const { t } = useTranslation();
  const engines = usePortal()?.storage_engines ?? ["WEBDAV"];
  const words = KINDS[storage.engine as keyof typeof KINDS] ?? KINDS.WEBDAV;
  const isOpen = storage.engine === "FOLDER";
  const byKey =
    storage.engine === "SFTP" && (storage.private_key === undefined ? kept?.hasPrivateKey === true : storage.private_key !== "");
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
        description={t(words.location)}
        value={storage.location}
        onChange={event => onChange({ location: event.currentTarget.value })}
        error={fields.location}
        required
      />
      <div className={css.pair}>
        <TextInput
          label={t(words.username)}
          value={storage.username}
          onChange={event => onChange({ username: event.currentTarget.value })}
          error={fields.username}
          autoComplete="off"
          required={!isOpen}
        />
        <PasswordInput
          label={t(byKey ? "storage.keyPassphrase" : words.password)}
          description={kept && t("storage.passwordKept")}
          value={storage.password}
          onChange={event => onChange({ password: event.currentTarget.value })}
          error={fields.password}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("signIn.show") }}
          required={!isOpen && !byKey && (!kept || kept.hasPrivateKey)}
        />
      </div>
      {storage.engine === "SFTP" && (
        <Textarea
          label={t("storage.privateKey")}
          description={t(kept?.hasPrivateKey ? "storage.privateKeyKept" : "storage.privateKeyHelp")}
          value={storage.private_key ?? ""}
          onChange={event => onChange({ private_key: event.currentTarget.value || undefined })}
          error={fields.private_key}
          autoComplete="off"
          spellCheck={false}
          rows={4}
          disabled={storage.private_key === ""}
        />
      )}
      {storage.engine === "SFTP" && kept?.hasPrivateKey && (
        <Checkbox
          label={t("storage.privateKeyNone")}
          checked={storage.private_key === ""}
          onChange={event => onChange({ private_key: event.currentTarget.checked ? "" : undefined })}
        />
      )}
    </>
  );
}
