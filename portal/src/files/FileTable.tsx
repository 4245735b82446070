import { ActionIcon, Menu } from "@mantine/core";
import { IconDots, IconFile, IconFolder, IconFolderOpen, IconPhoto, IconTable } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Empty } from "../parts/Panel.tsx";
import { bytes, moment } from "../units.ts";
import type { Task } from "./FileDialog.tsx";
import css from "./files.module.css";
import { previewOf } from "./preview.ts";
import { addressOf, type Entry } from "./types.ts";

type Props = {
  storage: string;
  caption: string;
  entries: readonly Entry[];
  onOpen: (folder: string) => void;
  onTask: (task: Task) => void;
};

/** What is in a folder. A row far from the window costs the browser nothing. */
export function FileTable({ storage, caption, entries, onOpen, onTask }: Props) {
  const { t, i18n } = useTranslation();
  if (entries.length === 0)
    return (
      <Empty icon={<IconFolderOpen size={40} stroke={1.4} />} title={t("files.empty")}>
        {t("files.emptyText")}
      </Empty>
    );
  return (
    <table className={css.table}>
      <caption className={css.caption}>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{t("files.name")}</th>
          <th scope="col" className={css.size}>
            {t("files.size")}
          </th>
          <th scope="col" className={css.when}>
            {t("files.changed")}
          </th>
          <th scope="col">
            <span className={css.caption}>{t("files.actions")}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map(entry => (
          <tr key={entry.path}>
            <th scope="row">
              <span className={css.nameCell}>
                <Kind entry={entry} />
                <Name storage={storage} entry={entry} onOpen={onOpen} onTask={onTask} />
              </span>
            </th>
            <td className={css.size}>{entry.kind === "folder" ? "" : bytes(entry.size, i18n.language)}</td>
            <td className={css.when}>{entry.modified_at ? moment(entry.modified_at, i18n.language) : ""}</td>
            <td className={css.menuCell}>
              <Acts storage={storage} entry={entry} onTask={onTask} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Kind({ entry }: { entry: Entry }) {
  const what = previewOf(entry);
  const Icon = entry.kind === "folder" ? IconFolder : what === "image" ? IconPhoto : what === "table" ? IconTable : IconFile;
  return <Icon size={20} stroke={1.6} aria-hidden="true" className={css.icon} />;
}

function Name({ storage, entry, onOpen, onTask }: Pick<Props, "storage" | "onOpen" | "onTask"> & { entry: Entry }) {
  const { t } = useTranslation();
  if (entry.kind === "folder")
    return (
      <button type="button" className={css.link} onClick={() => onOpen(entry.path)}>
        {entry.name}
      </button>
    );
  if (!entry.rights.read) return <span>{entry.name}</span>;
  if (previewOf(entry))
    return (
      <button
        type="button"
        className={css.link}
        aria-label={t("files.lookAt", { name: entry.name })}
        onClick={() => onTask({ kind: "preview", entry })}
      >
        {entry.name}
      </button>
    );
  return (
    <a href={`/api${addressOf(storage, "content/", entry.path)}`} download={entry.name}>
      {entry.name}
    </a>
  );
}

function Acts({ storage, entry, onTask }: Pick<Props, "storage" | "onTask"> & { entry: Entry }) {
  const { t } = useTranslation();
  const { read, write } = entry.rights;
  if (!read && !write) return null;
  const what = entry.kind === "folder" ? "zip/" : "content/";
  return (
    <Menu withinPortal withInitialFocusPlaceholder={false} position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" size={36} aria-label={t("files.actionsOf", { name: entry.name })}>
          <IconDots size={19} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {read && (
          <Menu.Item component="a" href={`/api${addressOf(storage, what, entry.path)}`} download>
            {t(entry.kind === "folder" ? "files.zip" : "files.download")}
          </Menu.Item>
        )}
        {write && <Menu.Item onClick={() => onTask({ kind: "rename", entry })}>{t("files.rename")}</Menu.Item>}
        {read && <Menu.Item onClick={() => onTask({ kind: "bring", entry })}>{t("files.bring")}</Menu.Item>}
        <Menu.Item onClick={() => onTask({ kind: "share", entry })}>{t("files.share")}</Menu.Item>
        {write && (
          <Menu.Item className={css.danger ?? ""} onClick={() => onTask({ kind: "remove", entry })}>
            {t("common.remove")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
