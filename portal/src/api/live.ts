import { useEffect, useRef } from "react";

const REOPEN_AFTER_MS = 4000;

/**
 * Listens to the server's `change` events while the page is shown.
 * @param url an event stream; undefined listens to nothing
 * @param onChange called with the event's data, and once without after every gap in which news may have been missed
 */
export function useLive(url: string | undefined, onChange: (data?: string) => void): void {
  const latest = useRef(onChange);
  latest.current = onChange;
  useEffect(() => {
    if (!url) return;
    let source: EventSource | undefined;
    let timer: number | undefined;
    let gap = false;
    const open = () => {
      source = new EventSource(url);
      source.addEventListener("change", event => latest.current(event.data));
      source.addEventListener("open", () => {
        if (gap) latest.current();
        gap = false;
      });
      source.addEventListener("error", () => {
        gap = true;
        // A browser reopens a broken stream by itself, but gives up for ever after an answer like 503.
        if (source?.readyState === EventSource.CLOSED) timer = window.setTimeout(open, REOPEN_AFTER_MS);
      });
    };
    open();
    return () => {
      window.clearTimeout(timer);
      source?.close();
    };
  }, [url]);
}
