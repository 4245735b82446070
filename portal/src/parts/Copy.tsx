import { ActionIcon } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useAnnounce } from "../shell/Announcer.tsx";
import css from "./parts.module.css";

const CHECKED_MS = 2000;

/** @param what names the thing for those who cannot see what stands beside the button: "SHA-256 of scan.dcm" */
export function CopyButton({ value, what }: { value: string; what: string }) {
  const { t } = useTranslation();
  const announce = useAnnounce();
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), CHECKED_MS);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = async () => {
    const copied = await toClipboard(value);
    setDone(copied);
    announce(t(copied ? "common.copied" : "common.notCopied", { what }), copied ? "good" : "bad");
  };
  const label = t("common.copy", { what });
  return (
    <ActionIcon variant="subtle" size={28} aria-label={label} title={label} onClick={() => void copy()}>
      {done ? <IconCheck size={16} /> : <IconCopy size={16} />}
    </ActionIcon>
  );
}

/** An id, hash, code or link in full, with its copy button. */
export function Copyable({ value, what, short = false }: { value: string; what: string; short?: boolean }) {
  return (
    <span className={css.copyable}>
      <code title={value}>{short && value.length > 20 ? `${value.slice(0, 10)}…${value.slice(-6)}` : value}</code>
      <CopyButton value={value} what={what} />
    </span>
  );
}

async function toClipboard(text: string): Promise<boolean> {
  if (navigator.clipboard)
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  // Over plain HTTP on a real host there is no clipboard interface; the old way still works there.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
