import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLive } from "../api/live.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";

const EVENTS = "/api/v1/virtualmachines/events/";

/** Asks anew for machines whenever something happens to one. */
export function useMachineNews(ready: boolean): void {
  const client = useQueryClient();
  useLive(ready ? EVENTS : undefined, () => {
    void client.invalidateQueries({ queryKey: ["machines"] });
    void client.invalidateQueries({ queryKey: ["machine"] });
  });
}

/** Something done to a machine: asks anew for what changed, and says how it went. */
export function useMachineVerb<V, R>(
  act: (variables: V) => Promise<R>,
  { said, onDone, quiet = false }: { said?: string; onDone?: (result: R) => void; quiet?: boolean } = {},
) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const announce = useAnnounce();
  return useMutation({
    mutationFn: act,
    onSuccess: async result => {
      await Promise.all(["machines", "machine"].map(key => client.invalidateQueries({ queryKey: [key] })));
      if (said) announce(said);
      onDone?.(result);
    },
    onError: error => {
      if (!quiet) announce(wordsFor(error, t), "bad");
    },
  });
}
