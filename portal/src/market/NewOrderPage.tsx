import { Button, Checkbox, NativeSelect, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError, api, fieldsOf } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { Empty, PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { NotFound } from "../shell/Lost.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { LimitFields } from "./LimitFields.tsx";
import { firstLimits, isLimitable } from "./limits.ts";
import css from "./market.module.css";
import { Paragraphs } from "./OfferingPage.tsx";
import { OptionFields } from "./OptionFields.tsx";
import { type Answer, answersOut, questionsOf } from "./options.ts";
import { PriceBox } from "./PriceBox.tsx";
import { offeringQuery, projectsQuery, quoteQuery, useMarketVerb } from "./queries.ts";
import { Scrolls } from "./Scrolls.tsx";
import type { Offering, Order, Project } from "./types.ts";

export function NewOrderPage() {
  const { t } = useTranslation();
  const { uuid } = useParams({ from: "/signed-in/market/offerings/$uuid/order" });
  const offering = useQuery(offeringQuery(uuid));
  const projects = useQuery(projectsQuery);
  usePageTitle(t("market.order"));
  if (offering.error instanceof ApiError && offering.error.status === 404) return <NotFound text={t("market.offeringGone")} />;
  const failed = offering.error ?? projects.error;
  if (failed) return <Failure error={failed} />;
  if (!offering.data || !projects.data) return <Waiting rows={6} />;
  return (
    <>
      <PageHead
        above={
          <>
            <Link to="/market/">{t("market.catalogue")}</Link> /{" "}
            <Link to="/market/offerings/$uuid" params={{ uuid }}>
              {offering.data.name}
            </Link>
          </>
        }
        title={t("market.orderTitle", { offering: offering.data.name })}
        lead={<p>{t("market.orderLead", { provider: offering.data.customer_name })}</p>}
      />
      {projects.data.length === 0 ? (
        <Panel>
          <Empty icon={undefined} title={t("market.noStudy")}>
            {t("market.noStudyText")} <Link to="/studies">{t("studies.title")}</Link>
          </Empty>
        </Panel>
      ) : (
        <OrderForm offering={offering.data} projects={projects.data} />
      )}
    </>
  );
}

const ASK_AFTER_MS = 250;

function OrderForm({ offering, projects }: { offering: Offering; projects: readonly Project[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch({ from: "/signed-in/market/offerings/$uuid/order" });
  const plans = offering.plans.filter(plan => plan.is_active);
  const questions = questionsOf(offering.options);
  const [project, setProject] = useState(projects.length === 1 ? (projects[0] as Project).uuid : "");
  const [plan, setPlan] = useState(plans.find(({ uuid }) => uuid === search.plan)?.uuid ?? plans[0]?.uuid ?? "");
  const [name, setName] = useState("");
  const [limits, setLimits] = useState(() => firstLimits(offering.components));
  const [answers, setAnswers] = useState<Readonly<Record<string, Answer>>>({});
  const [endDate, setEndDate] = useState("");
  const [sshKey, setSshKey] = useState("");
  const [comment, setComment] = useState("");
  const [agrees, setAgrees] = useState(false);
  const [settled] = useDebouncedValue(limits, ASK_AFTER_MS);
  const quote = useQuery({ ...quoteQuery({ offering: offering.uuid }, settled), enabled: plans.length > 0 });
  const order = useMarketVerb(
    () =>
      api<Order>("POST", "/marketplace-orders/", {
        project: projects.find(one => one.uuid === project)?.url ?? "",
        offering: offering.url,
        ...(plan ? { plan: offering.plans.find(one => one.uuid === plan)?.url } : {}),
        attributes: {
          ...answersOut(questions, answers),
          name: name.trim(),
          ...(endDate ? { end_date: endDate } : {}),
          ...(sshKey.trim() ? { ssh_public_key: sshKey.trim() } : {}),
        },
        limits,
        accepting_terms_of_service: agrees,
        ...(comment.trim() ? { request_comment: comment.trim() } : {}),
      }),
    {
      said: t("market.ordered"),
      quiet: true,
      onDone: made => navigate({ to: "/market/orders/$uuid", params: { uuid: made.uuid } }),
    },
  );
  const errors = fieldsOf(order.error);
  const beside = ["project", "plan", "end_date", "ssh_public_key", ...questions.map(({ key }) => key)];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    order.mutate(undefined);
  };
  return (
    <form onSubmit={submit} className={css.columns}>
      <div>
        <Panel title={t("market.forWhat")}>
          <div className={css.form}>
            <div className={css.pair}>
              <NativeSelect
                label={t("market.study")}
                value={project}
                onChange={event => setProject(event.currentTarget.value)}
                error={errors.project}
                required
                data={[
                  { value: "", label: t("common.choose") },
                  ...projects.map(one => ({ value: one.uuid, label: `${one.name} (${one.customer_name})` })),
                ]}
              />
              <TextInput
                label={t("market.resourceName")}
                description={t("market.resourceNameHelp")}
                value={name}
                onChange={event => setName(event.currentTarget.value)}
                maxLength={150}
                autoComplete="off"
                required
              />
            </div>
            {plans.length > 0 && (
              <NativeSelect
                className={css.short}
                label={t("market.plan")}
                value={plan}
                onChange={event => setPlan(event.currentTarget.value)}
                error={errors.plan}
                data={plans.map(one => ({
                  value: one.uuid,
                  label: one.description ? `${one.name}: ${one.description}` : one.name,
                }))}
              />
            )}
          </div>
        </Panel>
        {offering.components.some(isLimitable) && (
          <Panel title={t("market.howMuch")}>
            <LimitFields components={offering.components} limits={limits} onChange={setLimits} />
          </Panel>
        )}
        <Panel title={t("market.more")}>
          <div className={css.form}>
            <OptionFields questions={questions} answers={answers} onChange={setAnswers} errors={errors} />
            {offering.type === "Havre.Machine" && (
              <Textarea
                label={t("market.sshKey")}
                description={t("market.sshKeyHelp")}
                placeholder="ssh-ed25519 AAAA… name@computer"
                value={sshKey}
                onChange={event => setSshKey(event.currentTarget.value)}
                error={errors.ssh_public_key}
                rows={3}
                spellCheck={false}
                autoComplete="off"
              />
            )}
            <TextInput
              className={css.short}
              type="date"
              label={t("market.endDate")}
              description={t("market.endDateHelp")}
              value={endDate}
              onChange={event => setEndDate(event.currentTarget.value)}
              error={errors.end_date}
              required={offering.plugin_options.is_resource_termination_date_required === true}
            />
            <Textarea
              label={t("market.comment")}
              description={t("market.commentHelp")}
              value={comment}
              onChange={event => setComment(event.currentTarget.value)}
              maxLength={2000}
              autosize
              minRows={2}
            />
          </div>
        </Panel>
        {offering.terms_of_service && (
          <Panel title={t("market.terms")}>
            <Scrolls label={t("market.terms")} className={css.terms}>
              <Paragraphs html={offering.terms_of_service} />
            </Scrolls>
            <Checkbox
              mt="md"
              label={t("market.agree")}
              checked={agrees}
              onChange={event => setAgrees(event.currentTarget.checked)}
              required={offering.shared}
            />
          </Panel>
        )}
      </div>
      <PriceBox quote={quote} plan={plan} billable={offering.billable}>
        {order.error && !beside.some(field => field in errors) && <Failure error={order.error} />}
        {beside.some(field => field in errors) && (
          <p role="alert" className={css.trouble}>
            {t("market.lookBeside")}
          </p>
        )}
        <Button type="submit" size="md" fullWidth loading={order.isPending}>
          {t("market.placeOrder")}
        </Button>
        <p className={css.quiet}>{t("market.afterwards")}</p>
      </PriceBox>
    </form>
  );
}
