/** The harbour: two arms of a basin round a light, and the quiet water inside. */
export function Mark({ size = 34 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 48 48" aria-hidden="true" focusable="false">
      <rect width="48" height="48" rx="13" fill="#0f6378" />
      <g fill="none" strokeLinecap="round">
        <path d="M10.5 25c0-8.5 5.5-15 13.5-15s13.5 6.5 13.5 15" stroke="#fff" strokeWidth="3.3" />
        <path
          d="M7.5 32.5c2.75 0 2.75 2.4 5.5 2.4s2.75-2.4 5.5-2.4 2.75 2.4 5.5 2.4 2.75-2.4 5.5-2.4 2.75 2.4 5.5 2.4 2.75-2.4 5.5-2.4"
          stroke="#9fdbe6"
          strokeWidth="2.7"
        />
        <path
          d="M13 39.8c1.83 0 1.83 1.7 3.67 1.7s1.83-1.7 3.67-1.7 1.83 1.7 3.66 1.7 1.83-1.7 3.67-1.7 1.83 1.7 3.67 1.7 1.83-1.7 3.66-1.7"
          stroke="#9fdbe6"
          strokeOpacity=".6"
          strokeWidth="2.4"
        />
      </g>
      <circle cx="24" cy="22" r="4" fill="#ffb17a" />
    </svg>
  );
}
