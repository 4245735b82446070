import { NativeSelect } from "@mantine/core";
import { IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client.ts";
import { Failure, wordsFor } from "../parts/Failure.tsx";
import { Empty, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import css from "./admin.module.css";
import { kindsQuery } from "./adminQueries.ts";
import type { Kind, Section } from "./model.ts";
import { useAdminWords } from "./words.ts";

const SECTIONS: readonly Section[] = ["people", "research", "storage", "machines", "operations"];
/** Read beside what they belong to. */
const WITHIN: ReadonlySet<string> = new Set(["bulk-items"]);

/** The frame of the administration: what there is to look after, beside whatever is looked at. */
export function AdminPage() {
  const { t } = useTranslation();
  usePageTitle(t("admin.title"));
  const kinds = useQuery(kindsQuery);
  if (kinds.error instanceof ApiError && kinds.error.status === 403) return <Closed error={kinds.error} />;
  if (kinds.error) return <Failure error={kinds.error} retry={kinds.refetch} />;
  if (!kinds.data) return <Waiting rows={4} />;
  const shown = kinds.data.filter(({ name }) => !WITHIN.has(name));
  return (
    <div className={css.frame}>
      <Menu kinds={shown} />
      <Jump kinds={shown} />
      <div className={css.content}>
        <Outlet />
      </div>
    </div>
  );
}

function Closed({ error }: { error: ApiError }) {
  const { t } = useTranslation();
  const general = wordsFor(error, t) === t("failure.forbidden");
  return (
    <Panel>
      <Empty icon={<IconLock size={40} stroke={1.4} />} title={t("admin.closed")}>
        {general ? t("admin.closedText") : error.message}
      </Empty>
    </Panel>
  );
}

function Menu({ kinds }: { kinds: readonly Kind[] }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  return (
    <nav aria-label={t("admin.menu")} className={css.menu}>
      <Link to="/api/admin/" activeOptions={{ exact: true }}>
        {t("admin.overview")}
      </Link>
      {SECTIONS.map(section => (
        <div key={section}>
          <h2>{words.section(section)}</h2>
          <ul>
            {kinds
              .filter(kind => kind.section === section)
              .map(kind => (
                <li key={kind.name}>
                  <Link
                    to="/api/admin/$kind/"
                    params={{ kind: kind.name }}
                    search={kind.usual}
                    activeOptions={{ includeSearch: false }}
                  >
                    {words.many(kind.name)}
                  </Link>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

/** The same for narrow screens. */
function Jump({ kinds }: { kinds: readonly Kind[] }) {
  const { t } = useTranslation();
  const words = useAdminWords();
  const navigate = useNavigate();
  const { kind: here = "" } = useParams({ strict: false });
  const go = (name: string): void => {
    const kind = kinds.find(one => one.name === name);
    if (kind) void navigate({ to: "/api/admin/$kind/", params: { kind: name }, search: kind.usual });
    else void navigate({ to: "/api/admin/" });
  };
  return (
    <NativeSelect
      className={css.jump ?? ""}
      label={t("admin.menuShort")}
      value={here}
      onChange={event => go(event.currentTarget.value)}
      data={[
        { value: "", label: t("admin.overview") },
        ...SECTIONS.map(section => ({
          group: words.section(section),
          items: kinds.filter(kind => kind.section === section).map(kind => ({ value: kind.name, label: words.many(kind.name) })),
        })),
      ]}
    />
  );
}
