import { CloseButton } from "@mantine/core";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import css from "./shell.module.css";

type Tone = "good" | "bad";
type Notice = { id: number; text: string; tone: Tone };
type Announce = (text: string, tone?: Tone) => void;

const SHOWN_MS = 7000;
const Announcing = createContext<Announce>(() => {});

/** Shows a short notice and reads it to those who listen. */
export const useAnnounce = (): Announce => useContext(Announcing);

let lastId = 0;

export function Announcer({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const [notices, setNotices] = useState<Notice[]>([]);
  const close = useCallback((id: number) => setNotices(shown => shown.filter(notice => notice.id !== id)), []);
  const announce = useCallback<Announce>((text, tone = "good") => {
    const id = ++lastId;
    setNotices(shown => [...shown.slice(-2), { id, text, tone }]);
  }, []);
  const list = useMemo(
    () => notices.map(notice => <NoticeRow key={notice.id} notice={notice} close={close} closeLabel={t("common.close")} />),
    [notices, close, t],
  );
  return (
    <Announcing.Provider value={announce}>
      {children}
      <div className={css.notices} role="status" aria-live="polite">
        {list}
      </div>
    </Announcing.Provider>
  );
}

function NoticeRow({ notice, close, closeLabel }: { notice: Notice; close: (id: number) => void; closeLabel: string }) {
  const { id, tone } = notice;
  useEffect(() => {
    // What went wrong stays until it is closed.
    if (tone === "bad") return;
    const timer = window.setTimeout(() => close(id), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [id, tone, close]);
  return (
    <div className={css.notice} data-tone={tone}>
      <span>{notice.text}</span>
      <CloseButton size="sm" aria-label={closeLabel} onClick={() => close(id)} />
    </div>
  );
}
