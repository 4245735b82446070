import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { bytes } from "../units.ts";
import css from "./tasks.module.css";
import { isActive, type LogPiece, type Task } from "./types.ts";

type Stream = "stdout" | "stderr";
const LOOK_MS = 1_000;
/** So much text stays on the page. */
const MOST = 400_000;

/** What a task prints, as it comes. */
export function Log({ task }: { task: Task }) {
  const { t } = useTranslation();
  const [stream, setStream] = useState<Stream>("stdout");
  return (
    <Panel
      title={t("tasks.tabs.log")}
      actions={
        <SegmentedControl
          aria-label={t("tasks.stream")}
          value={stream}
          onChange={value => setStream(value as Stream)}
          data={[
            { value: "stdout", label: t("tasks.stdout") },
            { value: "stderr", label: t("tasks.stderr") },
          ]}
        />
      }
    >
      <Text key={stream} task={task} stream={stream} />
    </Panel>
  );
}

function Text({ task, stream }: { task: Task; stream: Stream }) {
  const { t, i18n } = useTranslation();
  const [seen, setSeen] = useState<{ text: string; next: number; from: number; size: number }>();
  const frame = useRef<HTMLElement>(null);
  const following = useRef(true);
  const from = seen?.next ?? -1;
  const piece = useQuery({
    // Once more when it has ended: its last words may have come since.
    queryKey: ["task", String(task.id), "log", stream, from, isActive(task)],
    queryFn: () => get<LogPiece>(`/v1/tasks/${task.id}/log/?stream=${stream}&from=${from}`),
    refetchInterval: isActive(task) || (seen && seen.next < seen.size) ? LOOK_MS : false,
    gcTime: 0,
  });
  useEffect(() => {
    const got = piece.data;
    if (!got || (seen && (got.next === seen.next || got.from !== seen.next))) return;
    setSeen(before => ({ ...got, from: before?.from ?? got.from, text: ((before?.text ?? "") + got.text).slice(-MOST) }));
  }, [piece.data, seen]);
  useEffect(() => {
    const shown = frame.current;
    if (seen && shown && following.current) shown.scrollTop = shown.scrollHeight;
  }, [seen]);
  if (piece.error) return <Failure error={piece.error} retry={piece.refetch} />;
  const isEmpty = !seen || seen.text === "";
  return (
    <>
      {seen && seen.from > 0 && <p className={css.quiet}>{t("tasks.logCut", { size: bytes(seen.from, i18n.language) })}</p>}
      <section
        ref={frame}
        className={css.scroll}
        aria-label={t("tasks.tabs.log")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard
        tabIndex={0}
        onScroll={({ currentTarget: shown }) => {
          following.current = shown.scrollHeight - shown.scrollTop - shown.clientHeight < 30;
        }}
      >
        {isEmpty ? <p className={css.quiet}>{t("tasks.logEmpty")}</p> : <pre className={css.log}>{seen.text}</pre>}
      </section>
      {!isEmpty && (
        <Button
          mt="sm"
          size="compact-md"
          variant="default"
          component="a"
          href={`/api/v1/tasks/${task.id}/file/?path=${stream === "stdout" ? "god.log" : "god.err"}`}
        >
          {t("tasks.download")}
        </Button>
      )}
    </>
  );
}
