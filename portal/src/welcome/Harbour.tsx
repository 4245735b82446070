import css from "./welcome.module.css";

/** A harbour at rest: two piers, a light, a boat that is home. */
export function Harbour() {
  return (
    <svg className={css.harbour} viewBox="0 0 480 360" aria-hidden="true" focusable="false">
      <circle cx="330" cy="112" r="62" className={css.sun} />
      <path d="M0 214c80-34 140-34 220-8s170 22 260-14v168H0z" className={css.hill} />
      <g className={css.tower}>
        <path d="M112 86h28l10 152h-48z" />
        <path d="M106 130h40l3 36h-46zM101 202h50l3 36h-56z" className={css.band} />
        <path d="M104 70h44v16h-44zM114 48h24v22h-24zM110 48l16-16 16 16z" className={css.lamp} />
      </g>
      <path d="M0 236h212q10 0 10 10v18H0zM480 248H330q-10 0-10 10v12h160z" className={css.pier} />
      <path d="M0 262h480v98H0z" className={css.water} />
      <g className={css.ship}>
        <path d="M272 178v72M272 182l44 58h-44z" className={css.sail} />
        <path d="M266 196l-30 46h30z" className={css.sail} />
        <path d="M226 252h102l-17 26h-68z" className={css.hull} />
      </g>
      <g className={css.ripples}>
        <path d="M40 300c16 0 16-8 32-8s16 8 32 8 16-8 32-8 16 8 32 8" />
        <path d="M210 316c16 0 16-8 32-8s16 8 32 8 16-8 32-8 16 8 32 8" />
        <path d="M340 296c14 0 14-7 28-7s14 7 28 7 14-7 28-7" />
        <path d="M110 340c14 0 14-7 28-7s14 7 28 7 14-7 28-7" />
      </g>
    </svg>
  );
}
