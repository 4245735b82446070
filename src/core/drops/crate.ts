import { strToU8, zipSync } from "fflate";
import { escapeHtml } from "../../kernel/html.ts";
import { formatBytes } from "../../kernel/units.ts";
import type { ReceiptDocument } from "./custody.ts";
import type { ReceiptView } from "./read.ts";

/**
 * A receipt as an RO-Crate 1.2: the receipt, a description of the file and of the acts that happened to it, and a page for
 * people. The file itself is described, not contained: it lies in the storages of the study.
 */
export function crateOf(view: ReceiptView, receipt: ReceiptDocument): Uint8Array {
  return zipSync(
    {
      "ro-crate-metadata.json": strToU8(`${JSON.stringify(metadata(view, receipt), undefined, 2)}\n`),
      "receipt.json": strToU8(`${JSON.stringify(receipt, undefined, 2)}\n`),
      "ro-crate-preview.html": strToU8(preview(view)),
    },
    { mtime: view.drop.createdAt },
  );
}

const ACTS: Record<string, string> = {
  received: "ReceiveAction",
  sealed: "UpdateAction",
  delivered: "TransferAction",
  verified: "AssessAction",
  disproved: "AssessAction",
  released: "DeleteAction",
};

function metadata({ drop, target, hops }: ReceiptView, receipt: ReceiptDocument): object {
  const file = `#drop-${drop.publicId}`;
  const acts = hops.map(hop => ({
    "@id": `#hop-${hop.seq}`,
    "@type": ACTS[hop.hop] ?? "Action",
    name: `${hop.hop}${typeof hop.facts.storage === "string" ? ` (${hop.facts.storage})` : ""}`,
    startTime: hop.at,
    endTime: hop.at,
    object: { "@id": file },
    agent: { "@id": hop.by === "system" ? "#havre" : "#provider" },
    identifier: `sha256:${hop.hash}`,
    actionStatus: {
      "@id": ["parked", "refused", "disproved"].includes(hop.hop)
        ? "http://schema.org/FailedActionStatus"
        : "http://schema.org/CompletedActionStatus",
    },
  }));
  return {
    "@context": "https://w3id.org/ro/crate/1.2/context",
    "@graph": [
      {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        about: { "@id": "./" },
        conformsTo: { "@id": "https://w3id.org/ro/crate/1.2" },
      },
      {
        "@id": "./",
        "@type": "Dataset",
        name: `Receipt of ${drop.filename}`,
        description: `What was handed in for the study “${target.name}”, when, and every step since.`,
        datePublished: drop.createdAt.toISOString(),
        license: "Not stated; the agreement between the provider and the study applies.",
        hasPart: [{ "@id": "receipt.json" }],
        mentions: [{ "@id": file }, ...acts.map(act => ({ "@id": act["@id"] }))],
        publisher: { "@id": "#havre" },
      },
      {
        "@id": "receipt.json",
        "@type": "File",
        name: "Signed receipt",
        encodingFormat: "application/json",
        description: "Hash-linked and signed (Ed25519); check it with: havre verify receipt.json",
      },
      {
        "@id": file,
        "@type": "CreativeWork",
        name: drop.filename,
        identifier: drop.publicId,
        ...(drop.mediaType ? { encodingFormat: drop.mediaType } : {}),
        contentSize: String(drop.sizeBytes),
        ...(drop.sha256 ? { sha256: drop.sha256 } : {}),
        dateCreated: drop.createdAt.toISOString(),
      },
      { "@id": "#havre", "@type": "SoftwareApplication", name: "Havre", url: receipt.issuer },
      { "@id": "#provider", "@type": "Person", name: "The data provider" },
      ...acts,
    ],
  };
}

function preview({ drop, target, hops }: ReceiptView): string {
  const rows = hops.map(
    hop =>
      `<tr><td>${escapeHtml(hop.at)}</td><td>${escapeHtml(hop.hop)}</td><td>${escapeHtml(String(hop.facts.storage ?? ""))}</td><td><code>${hop.hash}</code></td></tr>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(drop.filename)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}td,th{padding:.3rem .8rem .3rem 0;text-align:left;vertical-align:top}code{word-break:break-all}</style>
<h1>${escapeHtml(drop.filename)}</h1><p>Handed in for “${escapeHtml(target.name)}”. ${formatBytes(drop.sizeBytes)} (${drop.sizeBytes} bytes), SHA-256 <code>${drop.sha256 ?? "not yet known"}</code>.</p>
<table><thead><tr><th>When</th><th>What</th><th>Storage</th><th>Hash of this step</th></tr></thead><tbody>${rows.join("")}</tbody></table></html>\n`;
}
