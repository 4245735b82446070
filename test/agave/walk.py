"""Walks through the science API as its documentation tells programs to: by HTTP alone, with what comes with Python.

Usage: walk.py BASE_URL USERNAME PASSWORD SYSTEM_JSON
SYSTEM_JSON is the description of a storage system that is registered, used and removed. Prints a line per step; ends with an
error at the first answer that is not as documented.
"""

import base64
import json
import sys
import time
import uuid
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

BASE, USERNAME, PASSWORD = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
SYSTEM = json.loads(sys.argv[4])
CLIENT = "walk-" + uuid.uuid4().hex[:8]


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def call(method, path, headers=None, form=None, body=None, parts=None):
    """Returns status, headers, bytes."""
    headers = dict(headers or {})
    data = None
    if form is not None:
        data = urlencode(form).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    if parts is not None:
        boundary = uuid.uuid4().hex
        data = b""
        for name, filename, content in parts:
            disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
            kind = "Content-Type: text/plain\r\n" if filename else ""
            data += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n{kind}\r\n".encode() + content + b"\r\n"
        data += f"--{boundary}--\r\n".encode()
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
    try:
        with urlopen(Request(BASE + path, data=data, headers=headers, method=method), timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except HTTPError as error:
        return error.code, error.headers, error.read()


def good(method, path, headers=None, status=None, **what):
    got, _, text = call(method, path, headers, **what)
    assert 200 <= got < 300 and (status is None or got == status), f"{method} {path}: {got} {text[:500]}"
    answer = json.loads(text)
    assert set(answer) == {"status", "message", "version", "result"} and answer["status"] == "success", answer
    assert isinstance(answer["version"], str) and answer["version"] <= "2.2.22-r7deb380", answer
    return answer["result"]


steps = 0


def step(words):
    global steps
    steps += 1
    print(f"{steps:2} {words}", flush=True)


# The tenant: found by an address that is part of its own.
tenants = good("GET", "/tenants")
tenant = [one for one in tenants if BASE in one["baseUrl"]][-1]
assert tenant["baseUrl"].endswith("/") and tenant["code"] and tenant["name"]
step(f"tenant {tenant['code']} is at {tenant['baseUrl']}")

# A client of one's own.
me = basic(USERNAME, PASSWORD)
form = {"clientName": CLIENT, "description": "a walk", "tier": "Unlimited", "callbackUrl": ""}
keys = good("POST", "/clients/v2", me, 201, form=form)
assert keys["consumerKey"] and keys["consumerSecret"]
assert CLIENT in [one["name"] for one in good("GET", "/clients/v2/", me)]
assert call("POST", "/clients/v2", me, form=form)[0] == 400
assert len(good("GET", f"/clients/v2/{CLIENT}", me)) == 1
subscriptions = good("GET", f"/clients/v2/{CLIENT}/subscriptions", me)
assert {"apiName", "apiVersion", "apiProvider"} <= set(subscriptions[0])
good("POST", f"/clients/v2/{CLIENT}/subscriptions", me, form={"apiName": "Files", "apiVersion": "v2", "apiProvider": "admin"})
step("a client with its subscriptions")

# Tokens, and their renewal.
program = basic(keys["consumerKey"], keys["consumerSecret"])


def token(**grant):
    status, _, text = call("POST", "/token?pretty=true", program, form={"scope": "PRODUCTION", **grant})
    assert status == 200, f"{status} {text}"
    return json.loads(text)


pair = token(grant_type="password", username=USERNAME, password=PASSWORD)
assert int(pair["expires_in"]) > 60 and pair["refresh_token"]
old, pair = pair, token(grant_type="refresh_token", refresh_token=pair["refresh_token"])
bearer = {"Authorization": "Bearer " + pair["access_token"]}
status, _, text = call("GET", "/profiles/v2/me", {"Authorization": "Bearer " + old["access_token"]})
assert status == 401 and json.loads(text)["fault"]["message"] == "Invalid Credentials", text
status, _, text = call("POST", "/token", program, form={"grant_type": "password", "username": USERNAME, "password": "no"})
assert status == 400 and json.loads(text)["error"] == "invalid_grant", text
step("tokens for a password, renewed; the old one is refused in words that make clients renew")

profile = good("GET", "/profiles/v2/me", bearer)
assert profile["username"] == USERNAME and {"firstName", "first_name", "email"} <= set(profile)
assert good("GET", "/profiles/v2?username=" + quote(USERNAME), bearer)[0]["username"] == USERNAME
step("one's own profile")

# A system.
ID = SYSTEM["id"]
made = good("POST", "/systems/v2/", bearer, 201, body=SYSTEM)
assert made["id"] == ID and made["owner"] == USERNAME and "password" not in json.dumps(made)
assert good("POST", "/systems/v2/", bearer, 200, parts=[("fileToUpload", "system.json", json.dumps(SYSTEM).encode())])["revision"] == 2
assert good("PUT", f"/systems/v2/{ID}", bearer, form={"action": "setDefault"})["default"] is True
assert [one["id"] for one in good("GET", f"/systems/v2/?id.like={ID}&type=STORAGE&default=True", bearer)] == [ID]
assert good("GET", f"/systems/v2/{ID}/roles", bearer)[0]["role"] == "OWNER"
assert {"type", "credentials"} <= set(good("GET", f"/systems/v2/{ID}/credentials", bearer))
step("a storage system, registered, described anew, and one's default")


# Files, as the helpers of the old client do it.
def at(what, path=""):
    return f"/files/v2/{what}/system/{ID}{'/' + quote(path) if path else ''}"


def names(path):
    return [one["name"] for one in good("GET", at("listings", path) + "?pretty=true", bearer)]


good("PUT", at("media"), bearer, 201, form={"action": "mkdir", "path": "walk"})
content = bytes(range(256)) * 4096
task = good("POST", at("media", "walk/data.bin"), bearer, 202, parts=[("fileToUpload", "walk/data.bin", content)])
assert task["path"].endswith("/walk/data.bin") and task["uuid"].endswith("-002")
history = good("GET", task["_links"]["history"]["href"].removeprefix(BASE), bearer)
assert any("COMPLETE" in one["status"] for one in history), history
assert names("walk") == [".", "data.bin"]
step("a folder, and an upload with its history")

status, headers, got = call("GET", at("media", "walk/data.bin"), bearer)
assert status == 200 and got == content and headers["Content-Length"] == str(len(content))
status, headers, got = call("GET", at("media", "walk/data.bin"), {**bearer, "Range": "bytes=10-19"})
assert status == 206 and got == content[10:20], headers
status, _, got = call("GET", "/files/v2/media/walk/data.bin", bearer)
assert status == 200 and got == content
step("a download, whole and in part, also from the default system")

good("PUT", at("media", "walk/data.bin"), bearer, 200, form={"action": "copy", "path": "walk/copy.bin"})
good("PUT", at("media", "walk/copy.bin"), bearer, 200, form={"action": "rename", "path": "renamed.bin"})
good("PUT", at("media"), bearer, 201, form={"action": "mkdir", "path": "walk/below"})
good("PUT", at("media", "walk/renamed.bin"), bearer, 200, form={"action": "move", "path": "walk/below/moved.bin"})
assert names("walk") == [".", "below", "data.bin"] and names("walk/below") == [".", "moved.bin"]
assert call("GET", at("media", "walk/below/moved.bin"), bearer)[2] == content
step("copied, renamed, moved")

form = {"username": "public", "permission": "READ", "recursive": "True"}
good("POST", at("pems", "walk"), bearer, 201, form=form)
assert [one["username"] for one in good("GET", at("pems", "walk"), bearer)] == [USERNAME, "public"]
good("DELETE", at("pems", "walk"), bearer, 200)
assert [one["username"] for one in good("GET", at("pems", "walk"), bearer)] == [USERNAME]
step("rights given and taken")

form = {"urlToIngest": f"agave://{ID}/walk/data.bin", "notifications": "", "fileType": "", "fileName": ""}
task = good("POST", at("media", "walk/fetched.bin"), bearer, 202, form=form)
for _ in range(300):
    history = [one["status"] for one in good("GET", task["_links"]["history"]["href"].removeprefix(BASE), bearer)]
    assert not any("FAILED" in one for one in history), history
    if any("COMPLETE" in one for one in history):
        break
    time.sleep(0.1)
assert call("GET", at("media", "walk/fetched.bin"), bearer)[2] == content, history
step("an import, waited for by its history")

good("DELETE", at("media", "walk"), bearer, 200)
status, _, text = call("GET", at("listings", "walk"), bearer)
assert status == 404 and json.loads(text)["status"] == "error", text
step("all of it removed again")

good("DELETE", f"/systems/v2/{ID}", bearer, 200)
assert call("GET", f"/systems/v2/{ID}", bearer)[0] == 404
status, _, text = call("POST", "/revoke", program, form={"token": pair["access_token"]})
assert status == 200 and json.loads(text) == {}
status, _, text = call("GET", "/profiles/v2/me", bearer)
assert status == 401 and json.loads(text)["fault"]["code"] == 900904, text
good("DELETE", f"/clients/v2/{CLIENT}", me, 200)
assert call("POST", "/token", program, form={"grant_type": "client_credentials"})[0] == 401
step("system, token and client are gone")
