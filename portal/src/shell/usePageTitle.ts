import { useEffect } from "react";

/** The title of the browser's tab; read first by screen readers after every change of page. */
export function usePageTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Havre` : "Havre";
  }, [title]);
}
