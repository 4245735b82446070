"""What both hook scripts share: settings, the body from the upload daemon, signed calls to the webhook.

An independent client: it signs with the standard library, from the specification of Hawk, and imports nothing of Havre.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
from urllib.parse import urlsplit

import requests


class HawkAuth(requests.auth.AuthBase):
    def __init__(self, key_id, key):
        self.key_id, self.key = key_id, key

    def __call__(self, request):
        url = urlsplit(request.url)
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        stamp, nonce = str(int(time.time())), secrets.token_urlsafe(5)[:6]
        media_type = request.headers.get("Content-Type", "").split(";")[0].strip().lower()
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        payload = base64.b64encode(hashlib.sha256(b"hawk.1.payload\n%s\n%s\n" % (media_type.encode(), body)).digest()).decode()
        resource = url.path + ("?" + url.query if url.query else "")
        lines = ["hawk.1.header", stamp, nonce, request.method, resource, url.hostname.lower(), str(port), payload, "", ""]
        mac = base64.b64encode(hmac.new(self.key.encode(), "\n".join(lines).encode(), hashlib.sha256).digest()).decode()
        request.headers["Authorization"] = (
            f'Hawk mac="{mac}", hash="{payload}", id="{self.key_id}", ts="{stamp}", nonce="{nonce}"'
        )
        return request


def body_from_daemon():
    try:
        return json.loads(sys.stdin.read())
    except json.JSONDecodeError as error:
        stop(f"The daemon sent no JSON: {error}")


def post(hook, body):
    # The type must be sent, for it is part of what is signed.
    headers = {"HOOK-NAME": hook, "Content-Type": "application/json", "cache-control": "no-cache"}
    auth = HawkAuth(os.environ["DROPOFF_API_HAWK_KEY"], os.environ["DROPOFF_API_HAWK_SECRET"])
    return requests.post(os.environ["WEBHOOK_URL"], headers=headers, auth=auth, json=body)


def stop(why):
    print(why, file=sys.stderr)
    sys.exit(1)
