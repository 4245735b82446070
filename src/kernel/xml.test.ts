import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { elementsOf, parseXml, textOf, writeXml } from "./xml.ts";

describe("XML", () => {
  it("is read with its namespaces, and written so that it means the same", () => {
    const text = `<?xml version="1.0"?><!-- x --><D:a xmlns:D="DAV:" xmlns="urn:x"><b D:k="1" l='&lt;2'>t &#xe9;<![CDATA[<&]]></b><c xmlns=""/></D:a>\n`;
    const root = parseXml(text);
    assert.deepEqual([root.namespace, root.name], ["DAV:", "a"]);
    const [b, c] = elementsOf(root);
    assert.ok(b && c);
    assert.deepEqual([b.namespace, textOf(b), c.namespace], ["urn:x", "t é<&", ""]);
    assert.deepEqual(
      b.attributes.map(({ namespace, name, value }) => [namespace, name, value]),
      [
        ["DAV:", "k", "1"],
        ["", "l", "<2"],
      ],
    );
    const joined = (node: ReturnType<typeof parseXml>): string => JSON.stringify(node);
    assert.equal(joined(parseXml(writeXml(root))).replaceAll("é<&", "é<&"), joined(parseXml(writeXml(parseXml(writeXml(root))))));
  });

  it("that is broken, or wants more than it should, is refused", () => {
    for (const text of [
      "",
      "<a>",
      "<a></b>",
      "<a/><b/>",
      "<x:a/>",
      '<a xmlns:p=""/>',
      "<a b='1' b='2'/>",
      "<a>&nbsp;</a>",
      "<a>&</a>",
      "<a>&#0;</a>",
      "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
      "<a:b:c xmlns:a='x'/>",
      "<1/>",
      `${"<a>".repeat(100)}${"</a>".repeat(100)}`,
    ])
      assert.throws(() => parseXml(text), { kind: "invalid" }, text.slice(0, 40));
  });
});
