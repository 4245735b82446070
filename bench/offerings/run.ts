import { join } from "node:path";
import { isInstalled } from "../../test/engines/ports.ts";
import { peerMissing } from "../list/peer.ts";
import { play } from "../shared/match.ts";
import { CATEGORY, OFFERING, OFFERINGS, ROWS, TOKEN } from "./rows.ts";

/**
 * The catalogue with its filters: Havre (two processes) against Django REST framework and django-filter under gunicorn (two workers), on
 * the same PostgreSQL and rows, with the same JSON.
 *   node bench/offerings/run.ts [--rounds 3] [--seconds 4] [--connections 16] [--only page]
 */
const LIST = "/api/marketplace-public-offerings/";
const ROUTES: Readonly<Record<string, string>> = {
  "a page of 10": LIST,
  "a page of 100": `${LIST}?page_size=100`,
  "by state, shared and type": `${LIST}?state=Active&shared=true&type=Havre.Allocation&page_size=25`,
  "by category and attributes": `${LIST}?category_uuid=${CATEGORY}&attributes=${encodeURIComponent('{"location":"Delft"}')}&page_size=25`,
  "by a part of the name": `${LIST}?name=cpu%20cluster%20a&page_size=25`,
  "by a word anywhere": `${LIST}?keyword=university%2017&page_size=25`,
  "newest first": `${LIST}?o=-created&page_size=25`,
  "three fields of 100": `${LIST}?field=uuid&field=name&field=state&page_size=100`,
  "one offering": `${LIST}${OFFERING}/`,
};

const missing = [isInstalled("wrk") ? undefined : "apt-get install wrk", peerMissing()].filter(Boolean);
if (missing.length > 0) console.log(`The catalogue is not measured; this needs: ${missing.join("; ")}.`);
else
  await play({
    title: `The catalogue of ${OFFERINGS.toLocaleString("en")} offerings`,
    routes: ROUTES,
    token: TOKEN,
    settings: { SERVE_PROCESSES: "2", MARKET_RATE: "9999999", MARKET_RATE_SECONDS: "1" },
    peer: { DJANGO_SETTINGS_MODULE: "offering_settings", PYTHONPATH: join(import.meta.dirname, "peer") },
    rows: ROWS,
  });
