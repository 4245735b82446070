import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get, getAll } from "../api/client.ts";
import type { Page } from "../api/types.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { addressOf, isOpen, type Listing, type Permission, type Place, type Transfer } from "./types.ts";

/** Rows that are fetched at a time. */
const PAGE_SIZE = 200;
/** What is on its way is looked at again so often. */
const LOOK_MS = 1_000;

export const placesQuery = queryOptions({ queryKey: ["places"], queryFn: () => getAll<Place>("/v1/files/?page_size=200") });

export const listingQuery = (storage: string, path: string) =>
  infiniteQueryOptions({
    queryKey: ["files", storage, path],
    queryFn: ({ pageParam }) => get<Listing>(`${addressOf(storage, "", path)}&limit=${PAGE_SIZE}&offset=${pageParam}`),
    initialPageParam: 0,
    getNextPageParam: (last: Listing) => last.next,
  });

export const permissionsQuery = (storage: string, path: string) =>
  queryOptions({
    queryKey: ["permissions", storage, path],
    queryFn: () => get<Permission[]>(addressOf(storage, "permissions/", path)),
  });

export const transfersQuery = (storage: string) =>
  queryOptions({
    queryKey: ["transfers", storage],
    queryFn: async () => (await get<Page<Transfer>>(`/v1/transfers/?storage=${storage}&page_size=20`)).results,
    refetchInterval: query => (query.state.data?.some(isOpen) ? LOOK_MS : false),
  });

/** Something done to files: told when it is done, told when not (unless a form does that), and what is shown is fetched again. */
export function useFileVerb<V, R>(
  storage: string,
  act: (given: V) => Promise<R>,
  said: (result: R, given: V) => string,
  { announcesFailure = true } = {},
) {
  const client = useQueryClient();
  const announce = useAnnounce();
  const { t } = useTranslation();
  return useMutation({
    mutationFn: act,
    onSuccess: async (result, given) => {
      announce(said(result, given));
      for (const key of ["files", "transfers", "permissions"]) await client.invalidateQueries({ queryKey: [key, storage] });
    },
    onError: error => {
      if (announcesFailure) announce(wordsFor(error, t), "bad");
    },
  });
}
