"""The storages of the hook, as far as the tests need them: WebDAV, and encryption of the source in its place."""

import os
import subprocess
from urllib.parse import quote

import requests


class SourceIsGone(Exception):
    pass


class BadCredentials(Exception):
    pass


class Storage:
    def __init__(self, engine, location, username, password, source, destination, passphrase, sender_name, sender_address):
        assert engine == "WEBDAV", engine
        self.location = location.rstrip("/") + "/"
        self.session = requests.Session()
        self.session.auth = (username.encode(), password.encode())
        self.source, self.destination, self.passphrase = source, destination, passphrase

    def encrypt_source(self):
        """The plain file is replaced, so a storage later in the list gets ciphertext, too."""
        sealed = f"{self.source}.sealed"
        command = ["openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "env:PASSPHRASE", "-in", self.source, "-out", sealed]
        subprocess.run(command, check=True, env={**os.environ, "PASSPHRASE": self.passphrase})
        os.replace(sealed, self.source)

    def upload_file(self):
        if not os.path.exists(self.source):
            raise SourceIsGone(self.source)
        *folders, name = self.destination.split("/")
        at = self.location
        for folder in filter(None, folders):
            at += quote(folder) + "/"
            self.accepted(self.session.request("MKCOL", at))
        with open(self.source, "rb") as file:
            return self.accepted(self.session.put(at + quote(name), data=file)).ok

    def accepted(self, answer):
        if answer.status_code == requests.codes.unauthorized:
            raise BadCredentials(answer.reason)
        return answer
