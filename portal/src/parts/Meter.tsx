import { percent } from "../units.ts";
import css from "./parts.module.css";

type Props = { done: number; total: number; label: string; tone?: "busy" | "good" | "bad" | "quiet" };

export function Meter({ done, total, label, tone = "busy" }: Props) {
  const value = percent(done, total);
  return (
    <div
      className={css.meter}
      data-tone={tone}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value}
    >
      <span style={{ width: `${value}%` }} />
    </div>
  );
}
