import type { ReactNode } from "react";
import css from "./market.module.css";

/** What may be wider or longer than its place: whoever has no mouse scrolls it with the arrows. */
export function Scrolls({
  label,
  className = css.scrolls,
  children,
}: {
  label: string;
  className?: string | undefined;
  children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll it
    <section className={className} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
