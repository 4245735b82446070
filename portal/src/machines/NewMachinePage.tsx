import { Button, Checkbox, Group, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf } from "../api/client.ts";
import type { Study } from "../api/types.ts";
import { money } from "../market/money.ts";
import { Choice, useList } from "../parts/Choice.tsx";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { bytes } from "../units.ts";
import { ExtraParts, useExtraParts } from "./ExtraParts.tsx";
import css from "./machines.module.css";
import {
  extrasOut,
  type Machine,
  NO_EXTRAS,
  offerQuery,
  type Part,
  type Profile,
  priceQuery,
  providersQuery,
  totals,
} from "./model.ts";

export function NewMachinePage() {
  const { t } = useTranslation();
  usePageTitle(t("machine.new"));
  const providers = useQuery(providersQuery);
  const connected = (providers.data ?? []).filter(one => one.connected);
  const [chosen, choose] = useState("");
  // A cloud builds by itself and at once: where there is one, it is what most want.
  const provider = chosen || (connected.find(({ id }) => id === "openstack") ?? connected[0])?.id || "";
  const profiles = useQuery(offerQuery<Profile>(provider, "profiles"));
  const failed = providers.error ?? profiles.error;
  return (
    <>
      <PageHead
        above={<Link to="/machines">{t("machine.title")}</Link>}
        title={t("machine.new")}
        lead={<p>{t("machine.newLead")}</p>}
      />
      {failed && <Failure error={failed} />}
      {!failed && !profiles.data && <Waiting rows={6} />}
      {profiles.data && (
        <Panel>
          {connected.length > 1 && (
            <NativeSelect
              className={css.short}
              mb="md"
              label={t("machine.provider")}
              description={t("machine.providerHelp")}
              value={provider}
              onChange={event => choose(event.currentTarget.value)}
              data={connected.map(({ id, name }) => ({ value: id, label: name }))}
            />
          )}
          {profiles.data.length === 0 ? (
            <Empty icon={undefined} title={t("machine.noOffer")}>
              {t("machine.noOfferText")}
            </Empty>
          ) : (
            <MachineForm key={provider} provider={provider} profiles={profiles.data} />
          )}
        </Panel>
      )}
    </>
  );
}

function MachineForm({ provider, profiles }: { provider: string; profiles: readonly Profile[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const navigate = useNavigate();
  const announce = useAnnounce();
  const studies = useList<Study>("/v1/studies/?page_size=100", true);
  const systems = useQuery(offerQuery<Part>(provider, "os"));
  const networks = useQuery(offerQuery<Part>(provider, "network"));
  const [name, setName] = useState("");
  const [study, setStudy] = useState(0);
  const [profile, setProfile] = useState(profiles[0] as Profile);
  const [system, setSystem] = useState(0);
  const [joined, setJoined] = useState<readonly number[]>();
  const [extras, setExtras] = useState(NO_EXTRAS);
  const [key, setKey] = useState("");
  const inNetworks = joined ?? profile.networks.map(({ id }) => id);
  const make = useMutation({
    mutationFn: () =>
      api<Machine>("POST", "/v1/virtualmachines/", {
        name: name.trim(),
        provider,
        study: study || null,
        profile: profile.id,
        operating_system: system || profile.os.id,
        base_memory_type: profile.memory_type.id,
        base_memory_amount: profile.memory_amount,
        base_storage_type: profile.storage_type.id,
        base_storage_amount: profile.storage_amount,
        ...extrasOut(extras),
        networks: inNetworks,
        ssh_public_key: key.trim(),
      }),
    onSuccess: async machine => {
      await client.invalidateQueries({ queryKey: ["machines"] });
      announce(t("machine.asked", { name: machine.name }));
      await navigate({ to: "/machines/$id", params: { id: String(machine.id) } });
    },
  });
  const errors = fieldsOf(make.error);
  const elsewhere = make.error && !SHOWN.some(field => field in errors);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <div className={css.pair}>
        <TextInput
          label={t("machine.name")}
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={errors.name}
          maxLength={200}
          autoComplete="off"
          required
        />
        <Choice label={t("machine.study")} value={study} rows={studies.data} onChoose={setStudy} error={errors.study} />
      </div>
      <Profiles
        profiles={profiles}
        chosen={profile}
        onChoose={next => {
          setProfile(next);
          setSystem(0);
          setJoined(undefined);
        }}
      />
      <NativeSelect
        className={css.short}
        label={t("machine.system")}
        value={system || profile.os.id}
        onChange={event => setSystem(Number(event.currentTarget.value))}
        error={errors.operating_system}
        data={(systems.data ?? [profile.os]).map(({ id, name }) => ({ value: String(id), label: name }))}
      />
      <ExtraParts provider={provider} extras={extras} errors={errors} onChange={setExtras} />
      <fieldset className={css.group}>
        <legend>{t("machine.networks")}</legend>
        {(networks.data ?? []).map(({ id, name, network_type }) => (
          <Checkbox
            key={id}
            label={name}
            description={t(network_type === "public" ? "machine.public" : "machine.private")}
            checked={inNetworks.includes(id)}
            onChange={event =>
              setJoined(event.currentTarget.checked ? [...inNetworks, id] : inNetworks.filter(other => other !== id))
            }
          />
        ))}
        {errors.networks && <p className={css.trouble}>{errors.networks}</p>}
      </fieldset>
      <Textarea
        label={t("machine.key")}
        description={t("machine.keyHelp")}
        placeholder="ssh-ed25519 AAAA… name@computer"
        value={key}
        onChange={event => setKey(event.currentTarget.value)}
        error={errors.ssh_public_key}
        rows={3}
        spellCheck={false}
        autoComplete="off"
      />
      {elsewhere && <Failure error={make.error} />}
      <Group justify="space-between" className={css.foot}>
        <div>
          <Sum provider={provider} profile={profile} extras={extras} />
          <MarketPrice provider={provider} profile={profile.name} />
        </div>
        <Button type="submit" loading={make.isPending}>
          {t("machine.ask")}
        </Button>
      </Group>
    </form>
  );
}

/** Fields whose refusal stands beside them. */
const SHOWN = [
  "name",
  "study",
  "operating_system",
  "networks",
  "ssh_public_key",
  ...["memory", "storage", "gpu"].flatMap(kind => [`additional_${kind}_type`, `additional_${kind}_amount`]),
];

type ProfilesProps = { profiles: readonly Profile[]; chosen: Profile; onChoose: (profile: Profile) => void };

function Profiles({ profiles, chosen, onChoose }: ProfilesProps) {
  const { t, i18n } = useTranslation();
  return (
    <fieldset className={css.group}>
      <legend>{t("machine.profile")}</legend>
      <div className={css.profiles}>
        {profiles.map(profile => {
          const { memory, storage } = totals(profile, NO_EXTRAS, {});
          return (
            <label key={profile.id} className={css.profile}>
              <input
                type="radio"
                name="profile"
                value={profile.id}
                checked={profile.id === chosen.id}
                onChange={() => onChoose(profile)}
              />
              <strong>{profile.name}</strong>
              <span>{t("machine.sizes", { memory: bytes(memory, i18n.language), storage: bytes(storage, i18n.language) })}</span>
              <span>
                {profile.os.name}
                {profile.gpu_type && `, ${t("machine.gpus", { count: profile.gpu_amount })}`}
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}

/** What it comes to, said again to those who listen whenever it changes. */
export function Sum({ provider, profile, extras }: { provider: string; profile: Profile; extras: typeof NO_EXTRAS }) {
  const { t, i18n } = useTranslation();
  const { memory, storage, gpus } = totals(profile, extras, useExtraParts(provider));
  return (
    <output className={css.sum}>
      {t("machine.sum")} {t("machine.sizes", { memory: bytes(memory, i18n.language), storage: bytes(storage, i18n.language) })}
      {gpus > 0 && `, ${t("machine.gpus", { count: gpus })}`}
    </output>
  );
}

/** What such a machine costs on the market, where somebody sells it. */
function MarketPrice({ provider, profile }: { provider: string; profile: string }) {
  const { t, i18n } = useTranslation();
  const price = useQuery(priceQuery(provider, profile)).data;
  if (!price || price.cents === null) return null;
  const said = money(price.cents / 100, price.currency, i18n.language);
  return (
    <p className={css.price}>
      <Link to="/market/" search={{ search: profile }}>
        {t("machine.onMarket", { price: said, per: price.per === "once" ? "" : t(`market.per.${price.per}`) })}
      </Link>
    </p>
  );
}
