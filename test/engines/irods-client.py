"""iRODS as python-irodsclient uses it: told by its argument where and how to sign in, it works in the user's home and prints what it saw."""

import hashlib
import json
import os
import ssl
import sys
import tempfile

import irods.connection
from irods.exception import iRODSException
from irods.message import FileOpenRequest, Message, STR_PI, StringStringMap, iRODSMessage
from irods.message.property import IntegerProperty, StringProperty
from irods.session import iRODSSession

how = json.loads(sys.argv[1])


class PamRequest(Message):
    _name = "pamAuthRequestInp_PI"
    pamUser = StringProperty()
    pamPassword = StringProperty()
    timeToLive = IntegerProperty()


class PamAnswer(Message):
    _name = "pamAuthRequestOut_PI"
    irodsPamPassword = StringProperty()


def pam_first(native):
    """This version of the library signs in by the server's own passwords only; PAM gives one, by the library's own messages."""

    def login(self):
        request = PamRequest(pamUser=how["user"], pamPassword=how["password"], timeToLive=1)
        self.send(iRODSMessage("RODS_API_REQ", msg=request, int_info=725))
        self.account.password = self.recv().get_main_message(PamAnswer).irodsPamPassword
        native(self)

    return login


if how["by"] == "pamPassword":
    irods.connection.Connection._login_native = pam_first(irods.connection.Connection._login_native)

options = {}
if how["cert"]:
    options = {
        "irods_client_server_negotiation": "request_server_negotiation",
        "irods_client_server_policy": "CS_NEG_REQUIRE",
        "irods_encryption_algorithm": "AES-256-CBC",
        "irods_encryption_key_size": 32,
        "irods_encryption_num_hash_rounds": 16,
        "irods_encryption_salt_size": 8,
        "ssl_context": ssl.create_default_context(cadata=how["cert"]),
    }

seen = {}
with iRODSSession(host="localhost", port=how["port"], user=how["user"], zone=how["zone"], password=how["password"], **options) as session:
    home = "/%s/home/%s" % (how["zone"], how["user"])
    session.collections.create(home + "/py/deep/er")
    seen["made"] = sorted(one.path for one, _, _ in session.collections.get(home + "/py").walk())
    try:
        session.collections.create(home + "/py", recurse=False)
    except iRODSException as refused:
        seen["taken"] = type(refused).__name__

    with tempfile.TemporaryDirectory() as folder:
        local, back = os.path.join(folder, "local"), os.path.join(folder, "back")
        content = os.urandom(3 * 1024 * 1024 + 1)
        with open(local, "wb") as file:
            file.write(content)
        session.data_objects.put(local, home + "/py/three.bin")
        found = session.data_objects.get(home + "/py/three.bin", file=back)
        seen["size"] = found.size
        seen["status"] = found.replicas[0].status
        with open(back, "rb") as file:
            seen["same"] = file.read() == content

    with session.data_objects.open(home + "/py/one & <two>.txt", "w") as file:
        file.write(b"hello world")
    with session.data_objects.open(home + "/py/one & <two>.txt", "r+") as file:
        file.seek(11)
        file.write(b"ly")
        file.seek(6)
        seen["sought"] = file.read().decode()

    request = FileOpenRequest(
        objPath=home + "/py/three.bin",
        createMode=0,
        openFlags=0,
        offset=0,
        dataSize=-1,
        numThreads=0,
        oprType=0,
        KeyValPair_PI=StringStringMap({"forceChksum": ""}),
    )
    with session.pool.get_connection() as connection:
        connection.send(iRODSMessage("RODS_API_REQ", msg=request, int_info=629))
        seen["checksum"] = connection.recv().get_main_message(STR_PI).myStr
    import base64

    seen["expected"] = "sha2:" + base64.b64encode(hashlib.sha256(content).digest()).decode()
    seen["listed"] = sorted((one.name for one in session.collections.get(home + "/py").data_objects))

    session.data_objects.move(home + "/py/three.bin", home + "/py/moved.bin")
    seen["renamed"] = session.data_objects.get(home + "/py/moved.bin").name
    session.data_objects.unlink(home + "/py/one & <two>.txt", force=True)
    seen["gone"] = not session.data_objects.exists(home + "/py/one & <two>.txt")
    session.collections.move(home + "/py", home + "/other")
    session.collections.remove(home + "/other/deep", recurse=True, force=True)
    seen["folders"] = sorted(one.name for one in session.collections.get(home).subcollections)

    seen["ours"] = None
    if session.data_objects.exists(home + "/ours é.bin"):
        with session.data_objects.open(home + "/ours é.bin", "r") as file:
            seen["ours"] = hashlib.sha256(file.read()).hexdigest()

print(json.dumps(seen))
