import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/Failure.tsx";
import { Panel } from "../parts/Panel.tsx";
import { bytes } from "../units.ts";
import css from "./market.module.css";
import { addressOfFile, offeringFilesQuery } from "./queries.ts";

/** Pictures and files of an offering; nothing where it carries none. */
export function Carried({ uuid }: { uuid: string }) {
  const { t, i18n } = useTranslation();
  const { data = [], error, refetch } = useQuery(offeringFilesQuery(uuid));
  if (error) return <Failure error={error} retry={refetch} />;
  const pictures = data.filter(({ kind }) => kind === "picture");
  const files = data.filter(({ kind }) => kind === "file");
  return (
    <>
      {pictures.length > 0 && (
        <Panel title={t("market.pictures")}>
          <ul className={css.pictures}>
            {pictures.map(({ uuid: one, name }) => (
              <li key={one}>
                <a href={addressOfFile(one)} target="_blank" rel="noreferrer">
                  <img src={addressOfFile(one)} alt={name} loading="lazy" />
                </a>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {files.length > 0 && (
        <Panel title={t("market.files")}>
          <ul className={css.rows}>
            {files.map(({ uuid: one, name, size }) => (
              <li key={one}>
                <a className={css.line} href={addressOfFile(one)} download={name}>
                  {name}
                </a>
                <span className={css.quiet}>{bytes(size, i18n.language)}</span>
              </li>
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}
