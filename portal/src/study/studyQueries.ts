import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api } from "../api/client.ts";
import type { Study, StudyWrite } from "../api/types.ts";
import { wordsFor } from "../parts/Failure.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";

type Verb<V, R> = {
  do: (variables: V) => Promise<R>;
  /** The query keys, without the study's id, that hold something else now. */
  changes: readonly string[];
  said?: (result: R) => string;
  onDone?: (result: R) => void;
  /** Off where the form itself shows what went wrong. */
  announceFailure?: boolean;
};

/** Something done to a study: asks anew for what it changed, and says how it went. */
export function useStudyVerb<V, R>(study: Pick<Study, "id">, verb: Verb<V, R>) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const announce = useAnnounce();
  return useMutation({
    mutationFn: verb.do,
    onSuccess: async result => {
      await Promise.all(verb.changes.map(name => client.invalidateQueries({ queryKey: [name, String(study.id)] })));
      const words = verb.said?.(result);
      if (words) announce(words);
      verb.onDone?.(result);
    },
    onError: error => {
      if (verb.announceFailure !== false) announce(wordsFor(error, t), "bad");
    },
  });
}

/** The study as it is, with some of it changed: the server takes the whole or nothing. */
export function saveStudy(study: Study, change: Partial<StudyWrite>): Promise<Study> {
  const { code, name, description, human_subject } = study;
  return api<Study>("PUT", `/v1/studies/${study.id}/`, {
    code,
    name,
    description,
    human_subject,
    field: study.field.id,
    ...change,
  });
}

export const mayManage = (study: Study): boolean => study.role === "ADMINISTRATOR";
