"""After an upload: takes the file to each storage that the webhook names, and reports each.

Behaves as the broker's hook does, weaknesses included: one body is used for all posts, so that an early failure stays in it; a
storage that merely fails is not reported; trouble with the network ends all; the file goes when all of the list succeeded.
"""

import json
import os

import requests

from broker import body_from_daemon, post, stop
from storage import BadCredentials, SourceIsGone, Storage

# None: the file goes when every storage has it. True: always. False: never.
AUTO_CLEAN = None
HOOK = "post-finish"

upload = body_from_daemon()
upload["error"] = 0
source = upload["Upload"]["Storage"].get("Path")
if not os.path.exists(source):
    stop(f"{source} has vanished")


def deliver(action, answer):
    name = upload["Upload"]["MetaData"].get("filename", "We_Do_Not_Know_The_Original_Name.unknown")
    passphrase = action.get("encryption_password") or None
    try:
        storage = Storage(
            action["engine"],
            action["location"],
            action["username"],
            action["password"],
            source,
            os.path.join(action["path"], name),
            passphrase,
            answer.get("uploader_name"),
            answer.get("uploader_email"),
        )
        if passphrase is not None:
            storage.encrypt_source()
        return storage.upload_file()
    except SourceIsGone as error:
        report_failure(f"Error uploading source file: {name} with error: {error}")
    except BadCredentials as error:
        report_failure(f"Authentication error for user: {action['username']} with error: {error}")
    return False


def report_failure(message):
    upload["error"] = 1
    upload["error_message"] = message
    post(HOOK, upload)


try:
    announced = post(HOOK, upload)
    if announced.status_code != requests.codes.ok:
        stop(f"The webhook says {announced.status_code}: {announced.text}")
    answer = announced.json()
    results = []
    for action in answer["storages"]:
        done = deliver(action, answer)
        results.append(done)
        if done:
            upload["done"] = 1
            post(HOOK, upload)
except json.JSONDecodeError as error:
    stop(f"The webhook sent no JSON: {error}")
except requests.RequestException as error:
    stop(f"Trouble with the network: {error}")

if AUTO_CLEAN or (AUTO_CLEAN is None and all(results)):
    for path in (source, f"{source}.info"):
        if os.path.exists(path):
            os.remove(path)
