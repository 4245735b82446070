import { Button, Checkbox, Group, NativeSelect, NumberInput, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, fieldsOf, get } from "../api/client.ts";
import { Failure } from "../parts/Failure.tsx";
import { PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { useAnnounce } from "../shell/Announcer.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { imageOn, imagesOn } from "./images.ts";
import { computeQuery } from "./taskQueries.ts";
import css from "./tasks.module.css";
import type { Compute, Recipe, TaskWrite } from "./types.ts";

const SCRIPT = "#!/bin/bash\n";

export function NewTaskPage() {
  const { t } = useTranslation();
  usePageTitle(t("tasks.new"));
  const { recipe = "" } = useSearch({ from: "/signed-in/tasks/new" });
  const compute = useQuery(computeQuery);
  const recipes = useQuery({ queryKey: ["recipes"], queryFn: () => get<Recipe[]>("/v1/recipes/") });
  const failed = compute.error ?? recipes.error;
  return (
    <>
      <PageHead title={t("tasks.new")} above={<Link to="/tasks">{t("tasks.title")}</Link>} lead={<p>{t("tasks.newLead")}</p>} />
      {failed && <Failure error={failed} />}
      {!failed && !(compute.data && recipes.data) && <Waiting rows={5} />}
      {compute.data && recipes.data && <Form key={recipe} compute={compute.data} recipes={recipes.data} recipe={recipe} />}
    </>
  );
}

/** Longest times that people choose, in seconds. */
const LIFESPANS = [3600, 6 * 3600, 86_400, 3 * 86_400, 7 * 86_400, 30 * 86_400] as const;

function Form({ compute, recipes, recipe }: { compute: Compute; recipes: readonly Recipe[]; recipe: string }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const client = useQueryClient();
  const announce = useAnnounce();
  const chosen = recipes.find(({ name }) => name === recipe);
  const { defaults } = compute;
  const first = compute.clusters[0]?.name ?? "";
  const [written, setWritten] = useState<TaskWrite>({
    name: chosen?.name ?? "",
    image: imageOn(compute, first, chosen?.image ?? imagesOn(compute, first).images[0] ?? ""),
    script: chosen?.script ?? SCRIPT,
    project: "default",
    cluster: first,
    cpu: chosen?.cpu ?? defaults.cpu,
    memory_mib: chosen?.memory_mib ?? defaults.memory_mib,
    lifespan_seconds: chosen?.lifespan_seconds ?? defaults.lifespan_seconds,
    array: "",
    after: [],
    volumes: [],
    notify: false,
  });
  const { images, takes_other_images: takesOthers } = imagesOn(compute, written.cluster);
  const [after, setAfter] = useState("");
  const change = (part: Partial<TaskWrite>) => setWritten(before => ({ ...before, ...part }));
  const save = useMutation({
    mutationFn: () =>
      api<{ id: number }>("POST", "/v1/tasks/", {
        ...written,
        after: after
          .split(/[\s,]+/)
          .filter(Boolean)
          .map(Number),
      }),
    onSuccess: async ({ id }) => {
      announce(t("tasks.made", { id }));
      await client.invalidateQueries({ queryKey: ["tasks"] });
      await navigate({ to: "/tasks/$id", params: { id: String(id) } });
    },
  });
  const fields = fieldsOf(save.error);
  const shown = ["name", "image", "script", "command", "cpu", "memory_mib", "ram", "array", "after", "tasks"];
  const elsewhere = save.error && !Object.keys(fields).some(name => shown.includes(name));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const lifespans = [...new Set([...LIFESPANS, written.lifespan_seconds])].sort((a, b) => a - b);
  return (
    <form onSubmit={submit} className={css.columns}>
      <Panel>
        <Stack>
          {recipes.length > 0 && (
            <NativeSelect
              label={t("tasks.recipe")}
              value={recipe}
              data={[{ value: "", label: t("tasks.noRecipe") }, ...recipes.map(({ name }) => ({ value: name, label: name }))]}
              onChange={event =>
                void navigate({
                  to: "/tasks/new",
                  search: event.currentTarget.value ? { recipe: event.currentTarget.value } : {},
                })
              }
            />
          )}
          <TextInput
            label={t("tasks.name")}
            value={written.name}
            onChange={event => change({ name: event.currentTarget.value })}
            error={fields.name}
            required
            maxLength={300}
          />
          {compute.clusters.length > 1 && (
            <NativeSelect
              label={t("tasks.where")}
              value={written.cluster}
              data={compute.clusters.map(({ name }) => name)}
              onChange={event => {
                const cluster = event.currentTarget.value;
                change({ cluster, image: imageOn(compute, cluster, written.image) });
              }}
            />
          )}
          {takesOthers ? (
            <>
              <TextInput
                label={t("tasks.image")}
                description={t(images.includes("host") ? "tasks.imageHelp" : "tasks.imageHelpFetched")}
                value={written.image}
                onChange={event => change({ image: event.currentTarget.value })}
                error={fields.image}
                list="images"
                required
              />
              <datalist id="images">
                {images.map(image => (
                  <option key={image} value={image} />
                ))}
              </datalist>
            </>
          ) : (
            <NativeSelect
              label={t("tasks.image")}
              description={t("tasks.imageHelp")}
              value={written.image}
              data={images}
              onChange={event => change({ image: event.currentTarget.value })}
              error={fields.image}
              required
            />
          )}
          <Textarea
            label={t("tasks.script")}
            description={t("tasks.scriptHelp")}
            classNames={{ input: css.code ?? "" }}
            value={written.script}
            onChange={event => change({ script: event.currentTarget.value })}
            error={fields.script ?? fields.command}
            rows={12}
            spellCheck={false}
            required
          />
        </Stack>
      </Panel>
      <Panel>
        <Stack>
          <NativeSelect
            label={t("tasks.project")}
            value={written.project}
            data={compute.projects.map(({ id, name }) => ({ value: id, label: id === "default" ? t("tasks.noProject") : name }))}
            onChange={event => change({ project: event.currentTarget.value })}
          />
          <NumberInput
            label={t("tasks.cpu")}
            min={1}
            value={written.cpu}
            onChange={value => change({ cpu: Number(value) })}
            error={fields.cpu}
            required
          />
          <NumberInput
            label={t("tasks.memory")}
            min={1}
            value={written.memory_mib}
            onChange={value => change({ memory_mib: Number(value) })}
            error={fields.memory_mib ?? fields.ram}
            required
          />
          <NativeSelect
            label={t("tasks.lifespan")}
            description={t("tasks.lifespanHelp")}
            value={String(written.lifespan_seconds)}
            data={lifespans.map(seconds => ({
              value: String(seconds),
              label: t("tasks.hours", { count: Math.round(seconds / 3600) }),
            }))}
            onChange={event => change({ lifespan_seconds: Number(event.currentTarget.value) })}
          />
          <TextInput
            label={t("tasks.array")}
            description={t("tasks.arrayHelp")}
            value={written.array}
            onChange={event => change({ array: event.currentTarget.value })}
            error={fields.array}
          />
          <TextInput
            label={t("tasks.after")}
            description={t("tasks.afterHelp")}
            value={after}
            onChange={event => setAfter(event.currentTarget.value)}
            error={fields.after ?? fields.tasks}
          />
          <Checkbox.Group label={t("tasks.volumes")} value={written.volumes} onChange={volumes => change({ volumes })}>
            <Group mt="xs">
              {compute.volumes.map(name => (
                <Checkbox key={name} value={name} label={name} />
              ))}
            </Group>
          </Checkbox.Group>
          <Checkbox
            label={t("tasks.notify")}
            checked={written.notify}
            onChange={event => change({ notify: event.currentTarget.checked })}
          />
          {elsewhere && <Failure error={save.error} />}
          <Button type="submit" loading={save.isPending}>
            {t("tasks.submit")}
          </Button>
        </Stack>
      </Panel>
    </form>
  );
}
