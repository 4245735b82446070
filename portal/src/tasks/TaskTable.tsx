import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Tag } from "../parts/Status.tsx";
import { duration, moment } from "../units.ts";
import css from "./tasks.module.css";
import type { Task } from "./types.ts";

export function TaskTable({ tasks, caption }: { tasks: readonly Task[]; caption: string }) {
  const { t, i18n } = useTranslation();
  return (
    <div className={css.frame}>
      <table className={css.table}>
        <caption className={css.caption}>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{t("tasks.number")}</th>
            <th scope="col">{t("tasks.name")}</th>
            <th scope="col">{t("tasks.state")}</th>
            <th scope="col">{t("tasks.submitted")}</th>
            <th scope="col">{t("tasks.took")}</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map(task => (
            <tr key={task.id}>
              <td className={css.number}>{task.id}</td>
              <th scope="row">
                <Link to="/tasks/$id" params={{ id: String(task.id) }}>
                  {task.name}
                  {task.index !== null && ` [${task.index}]`}
                </Link>
                <span className={css.under}>
                  {task.image}
                  {task.array && ` · ${t("tasks.elements", { count: task.array.count })}`}
                  {task.project && ` · ${task.project}`}
                </span>
              </th>
              <td>
                <TaskTag task={task} />
              </td>
              <td>{moment(task.created_at, i18n.language)}</td>
              <td>{task.started_at ? duration(secondsOf(task), t("common.hour")) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function secondsOf(task: Task): number {
  const end = task.ended_at ? Date.parse(task.ended_at) : Date.now();
  return Math.max(0, (end - Date.parse(task.started_at ?? task.created_at)) / 1000);
}

/** Told by words; what an exit code means stands beside it. */
export function TaskTag({ task }: { task: Task }) {
  const { t } = useTranslation();
  const { state, exit_code: code } = task;
  if (task.wish === "kill") return <Tag tone="busy">{t("tasks.states.ending")}</Tag>;
  if (task.suspended) return <Tag tone="quiet">{t("tasks.states.suspended")}</Tag>;
  if (state === "over" || state === "archived") {
    if (code === 0)
      return (
        <Tag tone={state === "over" ? "good" : "quiet"}>
          {t(state === "over" ? "tasks.states.done" : "tasks.states.archived")}
        </Tag>
      );
    return <Tag tone="bad">{t(task.mark === "killed" ? "tasks.states.killed" : "tasks.states.failed", { code: code ?? 1 })}</Tag>;
  }
  return <Tag tone={state === "running" ? "busy" : "quiet"}>{t(`tasks.states.${state}`)}</Tag>;
}
