import { Button } from "@mantine/core";
import { IconDownload, IconFolderPlus, IconShare, IconWorldDownload } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { PageHead, Panel } from "../parts/Panel.tsx";
import { Waiting } from "../parts/Waiting.tsx";
import { usePageTitle } from "../shell/usePageTitle.ts";
import { Crumbs } from "./Crumbs.tsx";
import { FileDialog, type Task } from "./FileDialog.tsx";
import { FileTable } from "./FileTable.tsx";
import { listingQuery, placesQuery } from "./fileQueries.ts";
import css from "./files.module.css";
import { Transfers } from "./Transfers.tsx";
import { addressOf } from "./types.ts";
import { Uploader } from "./Uploader.tsx";

/** One folder of a storage: what is in it, and all that can be done with it. */
export function FolderPage() {
  const { t } = useTranslation();
  const { id: storage } = useParams({ from: "/signed-in/storages/$id" });
  const { path = "" } = useSearch({ from: "/signed-in/storages/$id" });
  const navigate = useNavigate({ from: "/storages/$id" });
  const place = useQuery(placesQuery).data?.find(one => String(one.id) === storage);
  const listing = useInfiniteQuery(listingQuery(storage, path));
  const [task, setTask] = useState<Task>();
  const name = path.split("/").at(-1) || (place?.name ?? t("files.title"));
  usePageTitle(name);
  const open = (folder: string) => void navigate({ search: folder === "" ? {} : { path: folder } });
  const self = listing.data?.pages[0]?.self;
  const entries = listing.data?.pages.flatMap(page => page.entries) ?? [];
  const mayWrite = self?.rights.write === true;
  return (
    <>
      <PageHead
        title={name}
        above={<Crumbs storage={storage} place={place?.name ?? t("files.title")} path={path} />}
        actions={
          self?.rights.read && (
            <>
              {mayWrite && (
                <>
                  <Button
                    variant="default"
                    leftSection={<IconFolderPlus size={18} />}
                    onClick={() => setTask({ kind: "folder" })}
                  >
                    {t("files.newFolder")}
                  </Button>
                  <Button
                    variant="default"
                    leftSection={<IconWorldDownload size={18} />}
                    onClick={() => setTask({ kind: "import" })}
                  >
                    {t("files.import")}
                  </Button>
                </>
              )}
              <Button
                variant="default"
                leftSection={<IconShare size={18} />}
                onClick={() => setTask({ kind: "share", entry: self })}
              >
                {t("files.share")}
              </Button>
              <Button
                variant="default"
                leftSection={<IconDownload size={18} />}
                renderRoot={props => <a href={`/api${addressOf(storage, "zip/", path)}`} download {...props} />}
              >
                {t("files.zip")}
              </Button>
            </>
          )
        }
      />
      {listing.error && <Failure error={listing.error} retry={listing.refetch} />}
      {listing.isPending && <Waiting rows={5} />}
      {self && (
        <div className={css.stack}>
          <Transfers storage={storage} />
          {mayWrite && <Uploader storage={storage} folder={path} />}
          <Panel>
            <FileTable storage={storage} caption={name} entries={entries} onOpen={open} onTask={setTask} />
            {listing.hasNextPage && (
              <Button mt="md" variant="default" loading={listing.isFetchingNextPage} onClick={() => void listing.fetchNextPage()}>
                {t("files.more", { count: entries.length })}
              </Button>
            )}
          </Panel>
        </div>
      )}
      {task && <FileDialog storage={storage} folder={path} task={task} onClose={() => setTask(undefined)} />}
    </>
  );
}
