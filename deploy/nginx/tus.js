// njs: what a front must say of an upload that begins. The client's own `study` and `ip` are dropped, the true ones are added.
// Old njs: no spread, no optional chaining.
function metadata(r) {
  var given = r.headersIn["Upload-Metadata"] || "";
  var kept = given
    .split(",")
    .map(function (pair) {
      return pair.trim();
    })
    .filter(function (pair) {
      var key = pair.split(" ")[0];
      return key !== "" && key !== "undefined" && key !== "study" && key !== "ip";
    });
  kept.push("study " + Buffer.from(r.variables.havre_study).toString("base64"));
  kept.push("ip " + Buffer.from(r.variables.remote_addr).toString("base64"));
  return kept.join(",");
}

export default { metadata: metadata };
