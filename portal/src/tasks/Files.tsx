import { Anchor, Button } from "@mantine/core";
import { IconFile, IconFolder } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { bytes } from "../units.ts";
import css from "./tasks.module.css";
import { isActive, type Task, type TaskFile } from "./types.ts";

export function Files({ task }: { task: Task }) {
  const { t, i18n } = useTranslation();
  const [path, setPath] = useState("");
  const files = useQuery({
    queryKey: ["task", String(task.id), "files", path, task.state],
    queryFn: () => get<TaskFile[]>(`/v1/tasks/${task.id}/files/?path=${encodeURIComponent(path)}`),
    refetchInterval: isActive(task) ? 5_000 : false,
  });
  const within = (name: string) => (path === "" ? name : `${path}/${name}`);
  return (
    <Panel title={path === "" ? t("tasks.tabs.files") : path}>
      {path !== "" && (
        <Button mb="sm" size="compact-md" variant="default" onClick={() => setPath(path.split("/").slice(0, -1).join("/"))}>
          {t("tasks.up")}
        </Button>
      )}
      {files.error && <Failure error={files.error} retry={files.refetch} />}
      {files.isPending && <Waiting rows={3} />}
      {files.data?.length === 0 && (
        <Empty icon={<IconFolder size={40} stroke={1.4} />} title={t("tasks.noFiles")}>
          {t(task.state === "archived" ? "tasks.noFilesArchived" : "tasks.noFilesText")}
        </Empty>
      )}
      <ul className={css.files}>
        {files.data?.map(file => (
          <li key={file.name}>
            {file.folder ? <IconFolder size={18} aria-hidden="true" /> : <IconFile size={18} aria-hidden="true" />}
            {file.folder ? (
              <button type="button" className={css.folder} onClick={() => setPath(within(file.name))}>
                {file.name}
              </button>
            ) : (
              <Anchor href={`/api/v1/tasks/${task.id}/file/?path=${encodeURIComponent(within(file.name))}`} download={file.name}>
                {file.name}
              </Anchor>
            )}
            <span className={css.size}>{file.folder ? "" : bytes(file.size, i18n.language)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
