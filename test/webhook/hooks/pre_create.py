"""Before an upload: may it begin? The daemon goes on when this ends with 0. As the broker's hook does, only a plain 200 is yes."""

import requests

from broker import body_from_daemon, post, stop

upload = body_from_daemon()
try:
    answer = post("pre-create", upload)
except requests.RequestException as error:
    stop(f"The webhook is not reached: {error}")
if answer.status_code != requests.codes.ok:
    stop(f"The webhook says {answer.status_code}: {answer.text}")
