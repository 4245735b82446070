import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import { Panel } from "../parts/Panel.tsx";
import { bytes } from "../units.ts";
import css from "./tasks.module.css";
import type { Sample, Task } from "./types.ts";
import { coresOf } from "./usage.ts";

/** Processor and memory of the last minute, drawn plainly; the numbers stand beside it. */
export function Usage({ task }: { task: Task }) {
  const { t, i18n } = useTranslation();
  const runs = task.state === "running";
  const samples = useQuery({
    queryKey: ["task", String(task.id), "usage"],
    queryFn: () => get<Sample[]>(`/v1/tasks/${task.id}/usage/`),
    enabled: runs,
    refetchInterval: runs ? 2_000 : false,
    retry: false,
  });
  const data = samples.data ?? [];
  if (!runs || data.length < 2)
    return (
      <Panel>
        <p className={css.quiet}>{t(runs ? "tasks.usageSoon" : "tasks.usageNone")}</p>
      </Panel>
    );
  const cores = coresOf(data);
  const memory = data.map(sample => sample.memory_bytes);
  const number = (value: number) => value.toLocaleString(i18n.language, { maximumFractionDigits: 2 });
  return (
    <div className={css.columns}>
      <Panel title={t("tasks.usageCpu")}>
        <p className={css.big}>{t("tasks.usageCores", { used: number(cores.at(-1) ?? 0), of: task.cpu })}</p>
        <Line values={cores} most={Math.max(task.cpu, ...cores)} label={t("tasks.usageCpu")} />
      </Panel>
      <Panel title={t("tasks.usageMemory")}>
        <p className={css.big}>
          {t("tasks.usageOf", {
            used: bytes(memory.at(-1) ?? 0, i18n.language),
            of: bytes(task.memory_mib * 1024 * 1024, i18n.language),
          })}
        </p>
        <Line values={memory} most={Math.max(task.memory_mib * 1024 * 1024, ...memory)} label={t("tasks.usageMemory")} />
      </Panel>
    </div>
  );
}

const [WIDTH, HEIGHT] = [300, 90];

function Line({ values, most, label }: { values: readonly number[]; most: number; label: string }) {
  const points = values.map(
    (value, place) =>
      `${((place / Math.max(1, values.length - 1)) * WIDTH).toFixed(1)},${(HEIGHT - (value / most) * (HEIGHT - 4) - 2).toFixed(1)}`,
  );
  return (
    <svg className={css.graph} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      <polyline points={points.join(" ")} fill="none" stroke="currentColor" strokeWidth="2" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
