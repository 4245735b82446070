import { queryOptions, useQueryClient } from "@tanstack/react-query";
import { get, rememberCsrfToken } from "../api/client.ts";
import { sessionQuery } from "../api/session.ts";
import type { AppPassword, OpenBrowser, Profile, Token } from "../api/types.ts";

export const profileQuery = queryOptions({ queryKey: ["profile"], queryFn: () => get<Profile>("/v1/researchers/me/") });
export const tokensQuery = queryOptions({ queryKey: ["tokens"], queryFn: () => get<Token[]>("/auth/tokens/") });
export const appPasswordsQuery = queryOptions({
  queryKey: ["app-passwords"],
  queryFn: () => get<AppPassword[]>("/auth/app-passwords/"),
});
export const browsersQuery = queryOptions({ queryKey: ["browsers"], queryFn: () => get<OpenBrowser[]>("/auth/sessions/") });

/** Asks anew for all that shows oneself. */
export function useSelfChanged() {
  const client = useQueryClient();
  return async (): Promise<void> => {
    const shows = [sessionQuery.queryKey, profileQuery.queryKey, ["list", "/v1/researchers/"], ["contributors"], ["study"]];
    await Promise.all(shows.map(queryKey => client.invalidateQueries({ queryKey })));
  };
}

/** Nobody is signed in any more, and nothing that was shown stays. */
export function useSignedOut() {
  const client = useQueryClient();
  return (): void => {
    rememberCsrfToken("");
    client.clear();
    client.setQueryData(sessionQuery.queryKey, null);
  };
}
