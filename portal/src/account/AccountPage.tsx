import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Profile } from "../api/types.ts";
import { Failure } from "../parts/Failure.tsx";
import { PageHead } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { ACCOUNT_TABS, type AccountTab } from "../router.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Browsers } from "./Browsers.tsx";
import { Keys } from "./Keys.tsx";
import { ProfileForm } from "./ProfileForm.tsx";
import { profileQuery } from "./queries.ts";
import { SigningIn } from "./SigningIn.tsx";

const TAB: Record<AccountTab, (props: { profile: Profile }) => ReactNode> = {
  profile: ProfileForm,
  "signing-in": SigningIn,
  keys: Keys,
  browsers: Browsers,
};

/** One's own account. */
export function AccountPage() {
  const { t } = useTranslation();
  const { tab = "profile" } = useSearch({ from: "/signed-in/account" });
  const navigate = useNavigate({ from: "/account" });
  const profile = useQuery(profileQuery);
  usePageTitle(`${t("account.title")}: ${t(`account.tabs.${tab}`)}`);
  if (profile.error && !profile.data) return <Failure error={profile.error} retry={profile.refetch} />;
  if (!profile.data) return <Waiting rows={6} />;
  return (
    <>
      <PageHead title={t("account.title")} lead={<p>{profile.data.username}</p>} />
      <Tabs
        value={tab}
        onChange={next => void navigate({ search: { tab: (next as AccountTab) ?? "profile" }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List aria-label={t("account.parts")}>
          {ACCOUNT_TABS.map(name => (
            <Tabs.Tab key={name} value={name}>
              {t(`account.tabs.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {ACCOUNT_TABS.map(name => {
          const Part = TAB[name];
          return (
            <Tabs.Panel key={name} value={name} pt="lg">
              <Part profile={profile.data} />
            </Tabs.Panel>
          );
        })}
      </Tabs>
    </>
  );
}
