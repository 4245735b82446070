import { ActionIcon, Button, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconLogout, IconMoon, IconSun, IconUserCircle } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { portalQuery, sessionQuery, signOut, useSession } from "../api/session.ts";
import { LANGUAGES, speak } from "../words/index.ts";
import { useAnnounce } from "./Announcer.tsx";
import { Mark } from "./Mark.tsx";
import { Notices } from "./Notices.tsx";
import css from "./shell.module.css";

export function Shell() {
  const { t } = useTranslation();
  const main = useFocusOnNewPage();
  return (
    <div className={css.page}>
      <a className={css.skip} href="#main">
        {t("shell.skip")}
      </a>
      <Header />
      <Notices />
      <main id="main" ref={main} tabIndex={-1} className={css.main}>
        <Outlet />
      </main>
      <Footer />
    </div>
  );
}

/** A new page is read from its start, as after a real page load; the first page is left to the browser. */
function useFocusOnNewPage() {
  const main = useRef<HTMLElement>(null);
  const path = useLocation({ select: location => location.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}

function Header() {
  const { t } = useTranslation();
  return (
    <header className={css.header}>
      <div className={css.bar}>
        <Link to="/" className={css.brand}>
          <Mark />
          <span>Havre</span>
        </Link>
        <Navigation />
        <div className={css.tools}>
          <LanguageSwitch label={t("shell.language")} />
          <SchemeSwitch />
          <Account />
        </div>
      </div>
    </header>
  );
}

function Navigation() {
  const { t } = useTranslation();
  const session = useSession();
  const outbox = useQuery({ ...portalQuery, enabled: session?.user.is_staff === true }).data?.mail_outbox;
  if (!session) return null;
  return (
    <nav aria-label={t("shell.menu")} className={css.nav}>
      <Link to="/studies">{t("studies.title")}</Link>
      <Link to="/storages">{t("files.title")}</Link>
      <Link to="/machines">{t("machine.title")}</Link>
      <Link to="/tasks">{t("tasks.title")}</Link>
      <Link to="/market/">{t("market.title")}</Link>
      {outbox && session.user.is_staff && <Link to="/outbox">{t("outbox.title")}</Link>}
      {(session.user.is_staff || session.user.is_superuser) && <Link to="/api/admin/">{t("admin.title")}</Link>}
    </nav>
  );
}

function LanguageSwitch({ label }: { label: string }) {
  const { i18n, t } = useTranslation();
  return (
    <fieldset className={css.languages} aria-label={label}>
      {LANGUAGES.map(language => (
        <button
          key={language}
          type="button"
          lang={language}
          aria-pressed={i18n.language === language}
          aria-label={`${language.toUpperCase()}, ${t(`shell.${language}`)}`}
          onClick={() => void speak(language, true)}
        >
          {language.toUpperCase()}
        </button>
      ))}
    </fieldset>
  );
}

function SchemeSwitch() {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = t(dark ? "shell.light" : "shell.dark");
  return (
    <ActionIcon
      variant="subtle"
      size={36}
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(dark ? "light" : "dark")}
    >
      {dark ? <IconSun size={19} /> : <IconMoon size={19} />}
    </ActionIcon>
  );
}

function Account() {
  const { t } = useTranslation();
  const session = useSession();
  const path = useLocation({ select: location => location.pathname });
  if (session) return <SignOut name={session.user.first_name || session.user.username} />;
  // A data provider needs no account: nothing there should ask for one.
  if (/^\/(sign-in|dropoffs|receipts|verify)\b/.test(path)) return null;
  return (
    <Button size="compact-md" variant="light" renderRoot={props => <Link to="/sign-in" {...props} />}>
      {t("signIn.action")}
    </Button>
  );
}

function SignOut({ name }: { name: string }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const announce = useAnnounce();
  const leave = async () => {
    try {
      await signOut();
    } catch {
      return announce(t("failure.offline"), "bad");
    }
    client.clear();
    client.setQueryData(sessionQuery.queryKey, null);
    await navigate({ to: "/" });
  };
  return (
    <>
      <Link to="/account" className={css.who} aria-label={`${t("account.title")}: ${name}`} title={t("account.title")}>
        <IconUserCircle size={20} aria-hidden="true" />
        <span>{name}</span>
      </Link>
      <ActionIcon
        variant="subtle"
        size={36}
        aria-label={t("signIn.leave")}
        title={t("signIn.leave")}
        onClick={() => void leave()}
      >
        <IconLogout size={19} />
      </ActionIcon>
    </>
  );
}

function Footer() {
  const { t } = useTranslation();
  return (
    <footer className={css.footer}>
      <svg className={css.wave} viewBox="0 0 1440 60" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <path
          d="M0 34c120 0 120-22 240-22s120 22 240 22 120-22 240-22 120 22 240 22 120-22 240-22 120 22 240 22v26H0z"
          opacity=".5"
        />
        <path d="M0 44c90 0 90-16 180-16s90 16 180 16 90-16 180-16 90 16 180 16 90-16 180-16 90 16 180 16 90-16 180-16 90 16 180 16v16H0z" />
      </svg>
      <div className={css.footerText}>
        <span>{t("shell.motto")}</span>
        <Link to="/verify">{t("verify.title")}</Link>
      </div>
    </footer>
  );
}
