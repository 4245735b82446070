import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useAnnounce } from "../shell/Announcer.tsx";
import { wordsFor } from "./Failure.tsx";

export interface VerbOptions<R> {
  /** Announced when it is done. */
  readonly said?: string;
  readonly onDone?: (result: R) => unknown;
  /** What goes wrong is shown where it was asked, and not announced. */
  readonly quiet?: boolean;
}

/** Something done: asks anew for all that is kept below these keys, and says how it went. */
export function useVerb<V, R>(
  keys: readonly string[],
  act: (variables: V) => Promise<R>,
  { said, onDone, quiet = false }: VerbOptions<R> = {},
) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const announce = useAnnounce();
  return useMutation({
    mutationFn: act,
    onSuccess: async result => {
      await Promise.all(keys.map(key => client.invalidateQueries({ queryKey: [key] })));
      if (said) announce(said);
      await onDone?.(result);
    },
    onError: error => {
      if (!quiet) announce(wordsFor(error, t), "bad");
    },
  });
}
