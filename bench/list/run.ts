import { isInstalled } from "../../test/engines/ports.ts";
import { play } from "../shared/match.ts";
import { peerMissing } from "./peer.ts";
import { ROWS, STUDIES, STUDY, STUDY_ABOUT_PEOPLE, TOKEN } from "./rows.ts";

/**
 * Lists and details among 100,000 studies: Havre (two processes) against Django REST framework and djoser under gunicorn (two
 * workers), on the same PostgreSQL and rows, with the same JSON.
 *   node bench/list/run.ts [--rounds 3] [--seconds 4] [--connections 16] [--only studies]
 */
const ROUTES: Readonly<Record<string, string>> = {
  "100 studies": "/api/v1/studies/?page_size=100",
  "10 studies": "/api/v1/studies/",
  "a study": `/api/v1/studies/${STUDY}/`,
  "a study about people": `/api/v1/studies/${STUDY_ABOUT_PEOPLE}/`,
  "people of a study": `/api/v1/studies/${STUDY}/contributors/`,
  researchers: "/api/v1/researchers/",
  universities: "/api/v1/universities/",
  "faculties of one": "/api/v1/universities/2/faculties/",
  "fields of a faculty": "/api/v1/universities/2/faculties/42/study_fields/",
  "one's own fields": "/api/v1/studies/fields/",
  "one's account (djoser)": "/api/auth/users/me/",
  "accounts (djoser)": "/api/auth/users/",
};

const missing = [isInstalled("wrk") ? undefined : "apt-get install wrk", peerMissing()].filter(Boolean);
if (missing.length > 0) console.log(`The lists are not measured; this needs: ${missing.join("; ")}.`);
else
  await play({
    title: `Lists and details among ${STUDIES.toLocaleString("en")} studies`,
    routes: ROUTES,
    token: TOKEN,
    settings: { SERVE_PROCESSES: "2" },
    rows: ROWS,
  });
