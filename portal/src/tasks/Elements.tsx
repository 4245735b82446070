import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import type { Page } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { Meter } from "../parts/Meter.tsx";
import { Pager } from "../parts/Pager.tsx";
import { Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { TaskTable } from "./TaskTable.tsx";
import { LOOK_MS } from "./taskQueries.ts";
import css from "./tasks.module.css";
import { isActive, type Task } from "./types.ts";

const PAGE_SIZE = 25;

export function Elements({ task }: { task: Task }) {
  const { t } = useTranslation();
  const [page, setPage] = useState(1);
  const elements = useQuery({
    // What is over by now: the last change is fetched too.
    queryKey: ["task", String(task.id), "elements", page, task.array?.over, task.array?.running],
    queryFn: () => get<Page<Task>>(`/v1/tasks/${task.id}/elements/?page=${page}&page_size=${PAGE_SIZE}`),
    placeholderData: keepPreviousData,
    refetchInterval: isActive(task) ? LOOK_MS * 2 : false,
  });
  if (elements.error) return <Failure error={elements.error} retry={elements.refetch} />;
  if (!elements.data || !task.array) return <Waiting rows={4} />;
  const { over, running, count } = task.array;
  return (
    <Panel title={t("tasks.tabs.elements")}>
      <p className={css.quiet}>{t("tasks.elementsDone", { over, running, count })}</p>
      <Meter done={over} total={count} label={t("tasks.tabs.elements")} tone={over === count ? "good" : "busy"} />
      <TaskTable tasks={elements.data.results} caption={t("tasks.tabs.elements")} />
      <Pager page={page} count={elements.data.count} pageSize={PAGE_SIZE} onPage={setPage} what={t("tasks.tabs.elements")} />
    </Panel>
  );
}
