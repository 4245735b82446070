import { bill } from "../../core/tasks/index.ts";
import type { Route } from "../../http/route.ts";
import { gigabytes, listOf, param, row, wrong } from "./wire.ts";

interface Day {
  readonly day: string;
  readonly cpu: number;
  readonly memoryMib: number;
  readonly gpus: number;
  readonly seconds: number;
}

/** Days without zeros in front: "2026_3_7". */
export const usageShape = ({ day, cpu, memoryMib, gpus, seconds }: Day) => ({
  date: day.split("-").map(Number).join("_"),
  cpu,
  ram: gigabytes(memoryMib),
  gpu: gpus,
  time: seconds,
});

const billing = (type: "user" | "project"): Route =>
  row({
    method: "GET",
    path: `/api/1.0/${type}/:id/billing/:year/:month`,
    auth: "user",
    tag: "usage",
    summary: type === "user" ? "Use of a user in a month, by project" : "Use of a project in a month, by user",
    query: { force: { type: "string" } },
    reply: listOf("Sums."),
    in: wire => {
      const { year = "", month = "" } = wire.params;
      if (!/^\d{4}$/.test(year) || Number(year) < 1970 || Number(year) > 9998) throw wrong("year", "a year");
      if (!/^(0?[1-9]|1[0-2])$/.test(month)) throw wrong("month", "from 1 to 12");
      return { type, id: param("id")(wire), year: Number(year), month: Number(month) };
    },
    do: bill,
    out: rows =>
      rows.map(({ username, project, cpu, memoryMib, gpus, seconds }) => ({
        _id: { user: username, project: project || "default" },
        cpu,
        ram: gigabytes(memoryMib),
        gpus,
        totaltime: seconds,
      })),
  });

export const billingRoutes: readonly Route[] = [billing("user"), billing("project")];
