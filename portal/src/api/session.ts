import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, api, get, rememberCsrfToken } from "./client.ts";
import type { PortalInfo, Session } from "./types.ts";

const noteSession = (session: Session): Session => {
  rememberCsrfToken(session.csrf_token);
  return session;
};

/** Who is signed in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async (): Promise<Session | null> => {
    try {
      return noteSession(await get<Session>("/auth/session/"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export const portalQuery = queryOptions({
  queryKey: ["portal"],
  queryFn: () => get<PortalInfo>("/v1/portal/"),
  staleTime: Number.POSITIVE_INFINITY,
});

export const signIn = async (username: string, password: string): Promise<Session> =>
  noteSession(await api<Session>("POST", "/auth/session/", { username, password }));

export async function signOut(): Promise<void> {
  await api("DELETE", "/auth/session/");
  rememberCsrfToken("");
}

export const useSession = () => useQuery(sessionQuery).data ?? null;
export const usePortal = () => useQuery(portalQuery).data;
