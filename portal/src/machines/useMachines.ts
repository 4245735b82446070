import { useQueryClient } from "@tanstack/react-query";
import { useLive } from "../api/live.ts";
import { useVerb, type VerbOptions } from "../parts/useVerb.ts";

const EVENTS = "/api/v1/virtualmachines/events/";

/** Asks anew for machines whenever something happens to one. */
export function useMachineNews(ready: boolean): void {
  const client = useQueryClient();
  useLive(ready ? EVENTS : undefined, () => {
    void client.invalidateQueries({ queryKey: ["machines"] });
    void client.invalidateQueries({ queryKey: ["machine"] });
  });
}

/** Something done to a machine. */
export const useMachineVerb = <V, R>(act: (variables: V) => Promise<R>, options?: VerbOptions<R>) =>
  useVerb(["machines", "machine"], act, options);
