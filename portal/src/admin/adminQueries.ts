import { keepPreviousData, queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { get } from "../api/client.ts";
import type { Health, Id, Kind, ListSearch, Row, RowPage } from "./model.ts";

const PATH = "/v1/admin";
const HEALTH_EVERY_MS = 10_000;
const ACT_EVERY_MS = 1_000;

export const kindsQuery = queryOptions({
  queryKey: ["admin", "kinds"],
  queryFn: () => get<Kind[]>(`${PATH}/`),
  staleTime: 300_000,
});

export const healthQuery = queryOptions({
  queryKey: ["admin", "health"],
  queryFn: () => get<Health>(`${PATH}/health/`),
  refetchInterval: HEALTH_EVERY_MS,
});

export const pathOf = (kind: string, id?: Id): string =>
  id === undefined ? `${PATH}/${kind}/` : `${PATH}/${kind}/${encodeURIComponent(id)}/`;

export const listQuery = (kind: string, search: ListSearch) =>
  queryOptions({
    queryKey: ["admin", "list", kind, search],
    queryFn: () => get<RowPage>(`${pathOf(kind)}?${new URLSearchParams(search)}`),
    placeholderData: keepPreviousData,
  });

export const rowQuery = (kind: string, id: Id) =>
  queryOptions({
    queryKey: ["admin", "row", kind, String(id)],
    queryFn: () => get<Row>(pathOf(kind, id)),
    // An act that runs is looked at until it ends.
    refetchInterval: query => (kind === "bulks" && query.state.data?.state === "running" ? ACT_EVERY_MS : false),
  });

export const useKinds = (): readonly Kind[] => useQuery(kindsQuery).data ?? [];

/** After an act nothing that was read of the administration is sure any more, but for what there is to look after. */
export function useForgetRows(): () => Promise<void> {
  const client = useQueryClient();
  return () => client.invalidateQueries({ predicate: ({ queryKey: [area, what] }) => area === "admin" && what !== "kinds" });
}
