import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { type Compute, isActive, type Task } from "./types.ts";

/** What is not over is looked at again so often. */
export const LOOK_MS = 2_000;

export const computeQuery = queryOptions({
  queryKey: ["compute"],
  queryFn: () => get<Compute>("/v1/compute/"),
  refetchInterval: 10_000,
});

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ["task", id],
    queryFn: () => get<Task>(`/v1/tasks/${id}/`),
    refetchInterval: query => (query.state.data && !isActive(query.state.data) ? false : LOOK_MS),
  });

/** Something done to tasks: told when it is done, told when not, and what is shown is fetched again. */
export function useTaskVerb<T>(act: () => Promise<T>, said: string, then: (result: T) => unknown = () => {}) {
  const client = useQueryClient();
  const announce = useAnnounce();
  const { t } = useTranslation();
  return useMutation({
    mutationFn: act,
    onSuccess: async result => {
      announce(said);
      for (const key of ["task", "tasks", "compute", "recipes"]) await client.invalidateQueries({ queryKey: [key] });
      await then(result);
    },
    onError: error => announce(wordsFor(error, t), "bad"),
  });
}
