import { ActionIcon, Alert, Button, Checkbox, Group, NativeSelect, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Failure, wordsFor } from "../parts/Failure.tsx";
import { Tag } from "../parts/Status.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { permissionsQuery, useFileVerb } from "./fileQueries.ts";
import css from "./files.module.css";
import type { Entry, Permission, Rights } from "./types.ts";

const EVERYONE = "public";
const LEVELS = { read: [true, false], write: [true, true] } as const;
type Level = keyof typeof LEVELS;

type Props = { storage: string; entry: Entry; onClose: () => void };

/** Who may do what with a file or folder, and letting somebody else in. */
export function ShareDialog({ storage, entry, onClose }: Props) {
  const { t } = useTranslation();
  const permissions = useQuery(permissionsQuery(storage, entry.path));
  const set = useFileVerb(
    storage,
    (given: { who: string; rights: Pick<Rights, "read" | "write">; recursive: boolean }) =>
      api<Permission[]>("PUT", `/v1/storages/${storage}/files/permissions/`, {
        path: entry.path,
        who: given.who,
        recursive: given.recursive,
        ...given.rights,
      }),
    (_, { who, rights }) => t(rights.read ? "files.nowShared" : "files.nowUnshared", { who: nameOf(who, t("files.everyone")) }),
    { announcesFailure: false },
  );
  const title = t("files.shareOf", { name: entry.name || t("files.wholeStorage") });
  return (
    <Dialog opened onClose={onClose} title={title}>
      {permissions.error && <Failure error={permissions.error} retry={permissions.refetch} />}
      {permissions.isPending && <Waiting rows={3} />}
      <ul className={css.people}>
        {permissions.data?.map(permission => (
          <PermissionRow
            key={permission.who}
            permission={permission}
            entry={entry}
            onTake={() =>
              set.mutate({ who: permission.who, rights: { read: false, write: false }, recursive: permission.recursive })
            }
          />
        ))}
      </ul>
      <Giving
        isFolder={entry.kind === "folder"}
        isBusy={set.isPending}
        error={set.error}
        onGive={(who, level, recursive) =>
          set.mutate({ who, rights: { read: LEVELS[level][0], write: LEVELS[level][1] }, recursive })
        }
      />
    </Dialog>
  );
}

const nameOf = (who: string, everyone: string): string => (who === EVERYONE ? everyone : who);

function PermissionRow({ permission, entry, onTake }: { permission: Permission; entry: Entry; onTake: () => void }) {
  const { t } = useTranslation();
  const { who, name, rights, owner, from } = permission;
  const shown = nameOf(who, t("files.everyone"));
  const level = t(
    owner ? "files.owner" : rights.write ? "files.levels.write" : rights.read ? "files.levels.read" : "files.levels.run",
  );
  return (
    <li>
      <div>
        <strong>{name || shown}</strong>
        <span className={css.under}>
          {name && name !== shown ? shown : ""}
          {!owner && from !== entry.path && ` ${t("files.fromAbove", { folder: from || t("files.wholeStorage") })}`}
        </span>
      </div>
      <Tag tone={owner ? "good" : "quiet"}>{level}</Tag>
      {!owner && (
        <ActionIcon variant="subtle" color="red" size={36} aria-label={t("files.take", { who: shown })} onClick={onTake}>
          <IconTrash size={18} />
        </ActionIcon>
      )}
    </li>
  );
}

type GivingProps = {
  isFolder: boolean;
  isBusy: boolean;
  error: unknown;
  onGive: (who: string, level: Level, recursive: boolean) => void;
};

function Giving({ isFolder, isBusy, error, onGive }: GivingProps) {
  const { t } = useTranslation();
  const [who, setWho] = useState("");
  const [everyone, setEveryone] = useState(false);
  const [level, setLevel] = useState<Level>("read");
  const [recursive, setRecursive] = useState(true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onGive(everyone ? EVERYONE : who.trim(), level, isFolder && recursive);
    setWho("");
  };
  return (
    <form onSubmit={submit} className={css.form}>
      <Checkbox label={t("files.everyoneHere")} checked={everyone} onChange={event => setEveryone(event.currentTarget.checked)} />
      {!everyone && (
        <TextInput
          label={t("files.userName")}
          value={who}
          onChange={event => setWho(event.currentTarget.value)}
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
      )}
      <NativeSelect
        label={t("files.may")}
        value={level}
        onChange={event => setLevel(event.currentTarget.value as Level)}
        data={(["read", "write"] as const).map(value => ({ value, label: t(`files.levels.${value}`) }))}
      />
      {isFolder && (
        <Checkbox label={t("files.allBelow")} checked={recursive} onChange={event => setRecursive(event.currentTarget.checked)} />
      )}
      {error ? (
        <Alert role="alert" color="red" variant="light" title={t("failure.title")}>
          {wordsFor(error, t)}
        </Alert>
      ) : null}
      <Group justify="flex-end">
        <Button type="submit" loading={isBusy}>
          {t("files.give")}
        </Button>
      </Group>
    </form>
  );
}
