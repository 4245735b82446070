"""OpenStack Swift with its S3 face, as one child of a test: python3 swift-server.py HOME PROXY OBJECT CONTAINER ACCOUNT MEMCACHE (ports)."""
import ctypes
import os
import pwd
import signal
import sys

HOME = sys.argv[1]
PORTS = dict(zip(("proxy", "object", "container", "account", "memcache"), map(int, sys.argv[2:7])))
USER = pwd.getpwuid(os.getuid()).pw_name
PIPELINE = "catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth slo dlo proxy-server"


def write(name, text):
    with open(os.path.join(HOME, name), "w") as file:
        file.write(text)


def configure():
    write("swift.conf", "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
          "[storage-policy:0]\nname = gold\ndefault = yes\n")
    common = "[DEFAULT]\nbind_ip = 127.0.0.1\nuser = %s\nworkers = 0\nswift_dir = %s\nlog_level = ERROR\n" % (USER, HOME)
    for name in ("account", "container", "object"):
        write(name + ".conf", common + "bind_port = %d\ndevices = %s\nmount_check = false\nfallocate_reserve = 0\n"
              "[pipeline:main]\npipeline = healthcheck %s-server\n[app:%s-server]\nuse = egg:swift#%s\n"
              "[filter:healthcheck]\nuse = egg:swift#healthcheck\n"
              % (PORTS[name], os.path.join(HOME, "node"), name, name, name))
    write("proxy.conf", common + "bind_port = %d\n[pipeline:main]\npipeline = %s\n"
          "[app:proxy-server]\nuse = egg:swift#proxy\nallow_account_management = true\naccount_autocreate = true\n"
          "[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:%d\n"
          "[filter:s3api]\nuse = egg:swift#s3api\nlocation = us-east-1\nmin_segment_size = 1048576\n"
          "max_upload_part_num = 10000\n[filter:slo]\nuse = egg:swift#slo\nmin_segment_size = 1\nmax_manifest_segments = 10000\n"
          "max_manifest_size = 33554432\n"
          "[filter:tempauth]\nuse = egg:swift#tempauth\nuser_test_tester = testing .admin\nuser_test_reader = reading\n"
          % (PORTS["proxy"], PIPELINE, PORTS["memcache"])
          + "".join("[filter:%s]\nuse = egg:swift#%s\n" % (name, name)
                    for name in ("catch_errors", "gatekeeper", "healthcheck", "listing_formats", "bulk", "dlo")))


def make_rings():
    from swift.common.ring import RingBuilder
    for name in ("account", "container", "object"):
        builder = RingBuilder(4, 1, 0)
        builder.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": PORTS[name], "device": "d1", "weight": 1.0,
                         "replication_ip": "127.0.0.1", "replication_port": PORTS[name], "meta": ""})
        builder.rebalance()
        builder.get_ring().save(os.path.join(HOME, name + ".ring.gz"))


def end_with_parent():
    """However that ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def serve(name):
    end_with_parent()
    os.setpgid(0, 0)  # Swift stops its whole process group
    from swift.common.wsgi import run_wsgi
    sys.exit(run_wsgi(os.path.join(HOME, name + ".conf"), name + "-server", default_port=PORTS[name]))


end_with_parent()
os.makedirs(os.path.join(HOME, "node", "d1"), exist_ok=True)
configure()
from swift.common.utils import set_swift_dir  # noqa: E402  (it reads what was just written)
from swift.common.storage_policy import reload_storage_policies  # noqa: E402
set_swift_dir(HOME)
reload_storage_policies()
make_rings()
children = []
for server in ("account", "container", "object", "proxy"):
    child = os.fork()
    if child == 0:
        serve(server)
    children.append(child)
child = os.fork()
if child == 0:
    end_with_parent()
    os.execvp("memcached", ["memcached", "-u", USER, "-l", "127.0.0.1", "-p", str(PORTS["memcache"]), "-U", "0"])
children.append(child)


def stop(*_):
    for each in children:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass
    os._exit(0)


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
while True:
    os.wait()
