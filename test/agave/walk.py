"""Walks through the science API as its documentation tells programs to: by HTTP alone, with what comes with Python.

Usage: walk.py BASE_URL USERNAME PASSWORD SYSTEM_JSON
SYSTEM_JSON is the description of a storage system that is registered, used and removed; one that is there already is described by
its id alone, used and left. Prints a line per step; ends with an error at the first answer that is not as documented.
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
IS_OURS = "storage" in SYSTEM
if IS_OURS:
    made = good("POST", "/systems/v2/", bearer, 201, body=SYSTEM)
    assert made["id"] == ID and made["owner"] == USERNAME and "password" not in json.dumps(made)
    again = [("fileToUpload", "system.json", json.dumps(SYSTEM).encode())]
    assert good("POST", "/systems/v2/", bearer, 200, parts=again)["revision"] == 2
assert good("PUT", f"/systems/v2/{ID}", bearer, form={"action": "setDefault"})["default"] is True
assert [one["id"] for one in good("GET", f"/systems/v2/?id.like={ID}&type=STORAGE&default=True", bearer)] == [ID]
assert good("GET", f"/systems/v2/{ID}/roles", bearer)[0]["role"] == "OWNER"
assert {"type", "credentials"} <= set(good("GET", f"/systems/v2/{ID}/credentials", bearer))
step("a storage system, registered, described anew, and one's default")


# Files, each by the helper of the old client that is named so, as it asks: with "?pretty=true", folders made at the home.
def at(what, path=""):
    return f"/files/v2/{what}/system/{ID}{'/' + quote(path) if path else ''}?pretty=true"


def files_list(path):
    return [one["name"] for one in good("GET", at("listings", path), bearer)]


def files_download(path, more=None):
    return call("GET", at("media", path), {**bearer, **(more or {})})


def files_upload(content, path):
    return good("POST", at("media", path), bearer, 202, parts=[("fileToUpload", path, content)])


def files_copy(path, to):
    good("PUT", at("media", path), bearer, 200, form={"action": "copy", "path": to})


def files_move(path, to):
    good("PUT", at("media", path), bearer, 200, form={"action": "move", "path": to})


def files_delete(path):
    good("DELETE", at("media", path), bearer, 200)


def files_import(address, path):
    form = {"urlToIngest": address, "notifications": "", "fileType": "", "fileName": ""}
    return good("POST", at("media", path), bearer, 202, form=form)


def files_mkdir(path):
    good("PUT", at("media"), bearer, 201, form={"action": "mkdir", "path": path})


def files_pems_list(path):
    return [one["username"] for one in good("GET", at("pems", path), bearer)]


def files_pems_delete(path):
    good("DELETE", at("pems", path), bearer, 200)


def files_pems_update(path, user, permission, recursive):
    form = {"username": user, "permission": permission, "recursive": str(recursive)}
    good("POST", at("pems", path), bearer, 201, form=form)


def files_history(path):
    return [one["status"] for one in good("GET", at("history", path), bearer)]


files_mkdir("walk")
content = bytes(range(256)) * 4096
task = files_upload(content, "walk/data.bin")
assert task["path"].endswith("/walk/data.bin") and task["uuid"].endswith("-002")
assert good("GET", task["_links"]["history"]["href"].removeprefix(BASE), bearer)
assert any("COMPLETE" in one for one in files_history("walk/data.bin"))
assert files_list("walk") == [".", "data.bin"]
step("a folder, and an upload with its history")

status, headers, got = files_download("walk/data.bin")
assert status == 200 and got == content and headers["Content-Length"] == str(len(content))
status, headers, got = files_download("walk/data.bin", {"Range": "bytes=10-19"})
assert status == 206 and got == content[10:20], headers
status, _, got = call("GET", "/files/v2/media/walk/data.bin", bearer)
assert status == 200 and got == content
home = good("GET", f"/systems/v2/{ID}", bearer)["storage"]["homeDir"].strip("/")
status, _, got = call("GET", f"/files/v2/media/system/{ID}//{home + '/' if home else ''}walk/data.bin", bearer)
assert status == 200 and got == content, got[:200]
step("a download, whole and in part, also from the default system and from the top")

# Whoever climbs stays at the top: what lies below it is found from there, and what lies beside or above it is not.
for up in ("../", "..%2f", "%2e%2e/", "%2e%2e%2f"):
    for begin in ("", "walk/", "/"):
        climb = f"/files/v2/media/system/{ID}/{begin}{up * 12}"
        status, _, got = call("GET", f"{climb}{home + '/' if home else ''}walk/data.bin", bearer)
        assert status == 200 and got == content, f"{climb}: {status} {got[:200]}"
        status, _, got = call("GET", climb + "etc/passwd", bearer)
        assert status == 404 and json.loads(got)["status"] == "error", f"{climb}: {status} {got[:200]}"
step("no path leads out of the system")

files_copy("walk/data.bin", "walk/copy.bin")
good("PUT", at("media", "walk/copy.bin"), bearer, 200, form={"action": "rename", "path": "renamed.bin"})
files_mkdir("walk/below")
files_move("walk/renamed.bin", "walk/below/moved.bin")
assert files_list("walk") == [".", "below", "data.bin"] and files_list("walk/below") == [".", "moved.bin"]
windows = {"offset=0&limit=2": [".", "below"], "offset=1&limit=1": ["below"], "offset=2": ["data.bin"], "offset=3": []}
for window, there in windows.items():
    assert [one["name"] for one in good("GET", at("listings", "walk") + "&" + window, bearer)] == there, window
assert files_download("walk/below/moved.bin")[2] == content
step("copied, renamed, moved, and listed in windows")

files_pems_update("walk", "public", "READ", True)
assert files_pems_list("walk") == [USERNAME, "public"] and "public" in files_pems_list("walk/below/moved.bin")
files_pems_delete("walk")
assert files_pems_list("walk") == [USERNAME]
step("rights given to all that is below, and taken")

for address, wanted in ((f"agave://{ID}/walk/data.bin", content), (f"{BASE}/tenants", call("GET", "/tenants")[2])):
    task = files_import(address, "walk/fetched.bin")
    for _ in range(300):
        history = [one["status"] for one in good("GET", task["_links"]["history"]["href"].removeprefix(BASE), bearer)]
        assert not any("FAILED" in one for one in history), history
        if files_download("walk/fetched.bin")[2] == wanted:
            break
        time.sleep(0.1)
    assert files_download("walk/fetched.bin")[2] == wanted, history
step("imports from a system and from an address, waited for by their history")

files_delete("walk")
status, _, text = call("GET", at("listings", "walk"), bearer)
assert status == 404 and json.loads(text)["status"] == "error", text
step("all of it removed again")

if IS_OURS:
    good("DELETE", f"/systems/v2/{ID}", bearer, 200)
    assert call("GET", f"/systems/v2/{ID}", bearer)[0] == 404
status, _, text = call("POST", "/revoke", program, form={"token": pair["access_token"]})
assert status == 200 and json.loads(text) == {}
status, _, text = call("GET", "/profiles/v2/me", bearer)
assert status == 401 and json.loads(text)["fault"]["code"] == 900904, text
good("DELETE", f"/clients/v2/{CLIENT}", me, 200)
assert call("POST", "/token", program, form={"grant_type": "client_credentials"})[0] == 401
step("system, token and client are gone")
