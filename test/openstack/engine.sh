#!/bin/sh
# A real OpenStack (Zed, Debian 12) on this machine, as root: Keystone, Placement, Glance, Neutron, Cinder and Nova, each the code of
# its package, with MariaDB and RabbitMQ below them. Only what would touch hardware is missing: Nova's hypervisor and Cinder's disks
# are the fakes that those projects ship for their own tests. Everything lies in one folder and listens on loopback.
#
#   engine.sh install       the Debian packages (some 90 s)
#   engine.sh start         up and ready (some 2 min); prints nothing but progress
#   engine.sh stop          ends what start began, by pid, and removes the folder
#
# HAVRE_OPENSTACK_DIR   the folder; /var/tmp/havre-openstack when not set
# HAVRE_OPENSTACK_PORT  the first of ten ports; 18700 when not set. Keystone answers there, user admin, password admin.
set -eu
D=${HAVRE_OPENSTACK_DIR:-/var/tmp/havre-openstack}
P=${HAVRE_OPENSTACK_PORT:-18700}
KEYSTONE=$P NOVA=$((P + 1)) PLACEMENT=$((P + 2)) GLANCE=$((P + 3)) NEUTRON=$((P + 4)) CINDER=$((P + 5))
RABBIT=$((P + 6)) DB=$((P + 7)) EPMD=$((P + 8)) DIST=$((P + 9))
AUTH=http://127.0.0.1:$KEYSTONE/v3
HOSTS="host1 host2" # two, so that a machine can be resized by moving
PYTHON=/usr/bin/python3
export LC_ALL=C.UTF-8 PYTHONWARNINGS=ignore PYTHONDONTWRITEBYTECODE=1 PATH=/usr/bin:/usr/sbin:/bin:/sbin
unset PYTHONPATH PYTHONHOME || true

install() {
  export DEBIAN_FRONTEND=noninteractive
  [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d; }
  apt-get -qq -o DPkg::Lock::Timeout=300 update
  # No nova-compute and cinder-volume: their packages bring hypervisors and disks; the code itself is in python3-nova and python3-cinder.
  apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends keystone placement-api glance-api neutron-server \
    neutron-api neutron-rpc-server cinder-api cinder-scheduler nova-api nova-conductor nova-scheduler mariadb-server rabbitmq-server \
    python3-pymysql uwsgi-core uwsgi-plugin-python3 cloud-init >/dev/null
}

# --- settings -------------------------------------------------------------------------------------------------------------------

db() { echo "mysql+pymysql://os:os@127.0.0.1:$DB/$1?charset=utf8"; }
queue=rabbit://os:os@127.0.0.1:$RABBIT/
identity() { # of the service user $1
  cat <<X
auth_url = $AUTH
www_authenticate_uri = $AUTH
auth_type = password
username = $1
password = $1
project_name = service
user_domain_name = Default
project_domain_name = Default
region_name = RegionOne
X
}
common() { # $1 service
  cat <<X
[DEFAULT]
transport_url = $queue
state_path = $D/$1
log_file = $D/$1.log
host = host1
[oslo_concurrency]
lock_path = $D/lock
[keystone_authtoken]
service_token_roles = service
service_token_roles_required = true
$(identity "$1")
[service_user]
send_service_user_token = true
$(identity "$1")
X
}

settings() {
  mkdir -p "$D/etc" "$D/lock" "$D/images" "$D/keys" "$D/credentials" "$D/placement" "$D/nova" "$D/neutron" "$D/cinder" "$D/glance"
  cat >"$D/etc/keystone.conf" <<X
[DEFAULT]
log_file = $D/keystone.log
[database]
connection = $(db keystone)
[fernet_tokens]
key_repository = $D/keys
[credential]
key_repository = $D/credentials
[cache]
enabled = false
X
  mkdir -p "$D/etc/placement"
  { common placement; printf '[api]\nauth_strategy = keystone\n[placement_database]\nconnection = %s\n' "$(db placement)"; } >"$D/etc/placement/placement.conf"
  { common glance; cat <<X
[database]
connection = $(db glance)
[paste_deploy]
flavor = keystone
config_file = /etc/glance/glance-api-paste.ini
[glance_store]
default_backend = files
[files]
filesystem_store_datadir = $D/images
X
  } | sed "s|^\[DEFAULT\]|&\nbind_host = 127.0.0.1\nbind_port = $GLANCE\nworkers = 0\nenabled_backends = files:file|" >"$D/etc/glance.conf"
  { common neutron; printf '[database]\nconnection = %s\n' "$(db neutron)"; } |
    sed "s|^\[DEFAULT\]|&\ncore_plugin = ml2\nservice_plugins = router\nbind_host = 127.0.0.1\nbind_port = $NEUTRON\napi_workers = 0\nrpc_workers = 0\nrpc_state_report_workers = 0\nnotify_nova_on_port_status_changes = false\nnotify_nova_on_port_data_changes = false\napi_paste_config = /etc/neutron/api-paste.ini|" >"$D/etc/neutron.conf"
  cat >"$D/etc/ml2.ini" <<X
[ml2]
type_drivers = local,flat
tenant_network_types = local
mechanism_drivers = openvswitch
extension_drivers = port_security
[ml2_type_flat]
flat_networks = outside
X
  { common cinder; cat <<X
[database]
connection = $(db cinder)
[nova]
interface = public
$(identity cinder)
[fake]
volume_driver = fake_disks.Driver
volume_backend_name = fake
X
  } | sed "s|^\[DEFAULT\]|&\nenabled_backends = fake\napi_paste_config = /etc/cinder/api-paste.ini\nglance_api_servers = http://127.0.0.1:$GLANCE\nresource_query_filters_file = /etc/cinder/resource_filters.json|" >"$D/etc/cinder.conf"
  # Cinder's fake can do all but let a volume grow.
  printf 'from cinder.tests.fake_driver import FakeLoggingVolumeDriver\n\n\nclass Driver(FakeLoggingVolumeDriver):\n    def extend_volume(self, volume, new_size):\n        pass\n' >"$D/etc/fake_disks.py"
  nova_settings >"$D/etc/nova-common"
  mkdir -p "$D/etc/nova"
  cp /etc/nova/api-paste.ini "$D/etc/nova/"
  { cat "$D/etc/nova-common"; printf '[database]\nconnection = %s\n[api_database]\nconnection = %s\n' "$(db nova)" "$(db nova_api)"; } >"$D/etc/nova/nova.conf"
  # A compute service must not know of any database.
  for host in $HOSTS; do sed "s|^host = .*|host = $host|; s|nova.log|nova-$host.log|" "$D/etc/nova-common" >"$D/etc/$host.conf"; done
}
nova_settings() {
  common nova | sed "s|^\[DEFAULT\]|&\nmy_ip = 127.0.0.1\ncompute_driver = fake.FakeDriver\nallow_resize_to_same_host = true\nreport_interval = 3\nservice_down_time = 15\nvif_plugging_is_fatal = false\nvif_plugging_timeout = 0|"
  cat <<X
[api]
auth_strategy = keystone
[conductor]
workers = 1
[scheduler]
workers = 1
discover_hosts_in_cells_interval = 5
[vnc]
enabled = false
[glance]
api_servers = http://127.0.0.1:$GLANCE
[quota]
instances = 12
cores = 100
[placement]
$(identity placement)
[neutron]
$(identity neutron)
[cinder]
catalog_info = volumev3:cinder:publicURL
$(identity cinder)
X
}

# --- processes ------------------------------------------------------------------------------------------------------------------

begin() { # $1 name, then the command
  name=$1
  shift
  "$@" </dev/null >"$D/$name.out" 2>&1 &
  echo $! >"$D/$name.pid"
}
web() { # $1 name, $2 port, $3 the package's WSGI script, then more for uwsgi
  name=$1 port=$2 script=$3
  shift 3
  begin "$name" uwsgi --plugin python3 --http-socket "127.0.0.1:$port" --wsgi-file "$script" --processes 2 --threads 1 --master --no-orphans \
    --enable-threads --lazy-apps --die-on-term --buffer-size 65535 --rem-header Content-Length "$@"
}
waited() { # $1 what, then a command that succeeds when it is so
  what=$1 n=0
  shift
  until "$@" >/dev/null 2>&1; do
    n=$((n + 1))
    [ $n -lt 480 ] || { echo "not within 2 minutes: $what" >&2; exit 1; }
    sleep 0.25
  done
}
answers() { curl -s -o /dev/null -m 5 "http://127.0.0.1:$1/"; }
say() { echo "[$(($(date +%s) - T0)) s] $*"; }
sql() { mariadb --no-defaults -S "$D/db/socket" -e "$1"; }

start() {
  T0=$(date +%s)
  [ ! -e "$D" ] || { echo "$D is there already: stop first" >&2; exit 1; }
  mkdir -p "$D/db" "$D/rabbit"
  chmod 755 "$D"
  chown mysql "$D/db"
  chown rabbitmq "$D/rabbit"
  settings
  cd "$D" # a folder that every account may be in
  database
  rabbit
  say "database and queue"
  identity_service
  say "keystone"
  prepare_databases
  web placement "$PLACEMENT" /usr/bin/placement-api --env "OS_PLACEMENT_CONFIG_DIR=$D/etc/placement"
  begin glance glance-api --config-file "$D/etc/glance.conf"
  web cinder "$CINDER" /usr/bin/cinder-wsgi --pyargv "--config-file $D/etc/cinder.conf"
  begin cinder-scheduler cinder-scheduler --config-file "$D/etc/cinder.conf"
  begin cinder-volume env PYTHONPATH="$D/etc" "$PYTHON" -c 'import sys; from cinder.cmd.volume import main; sys.argv[0] = "cinder-volume"; sys.exit(main())' --config-file "$D/etc/cinder.conf"
  # A port is bound by the agent of its host: a row that says one lives there is all that binding asks for.
  for host in $HOSTS; do
    sql "insert into neutron.agents (id, agent_type, \`binary\`, topic, host, admin_state_up, created_at, started_at, heartbeat_timestamp, configurations, \`load\`)
      values (uuid(), 'Open vSwitch agent', 'neutron-openvswitch-agent', 'N/A', '$host', 1, now(), now(), '2099-01-01',
      '{\"bridge_mappings\": {}, \"tunnel_types\": [], \"ovs_hybrid_plug\": false, \"datapath_type\": \"system\", \"vhostuser_socket_dir\": \"/tmp\"}', 0)"
  done
  begin neutron neutron-server --config-file "$D/etc/neutron.conf" --config-file "$D/etc/ml2.ini"
  web nova-api "$NOVA" /usr/bin/nova-api-wsgi --env "OS_NOVA_CONFIG_DIR=$D/etc/nova"
  begin nova-conductor nova-conductor --config-file "$D/etc/nova/nova.conf"
  begin nova-scheduler nova-scheduler --config-file "$D/etc/nova/nova.conf"
  for host in $HOSTS; do
    begin "nova-$host" "$PYTHON" -c 'import sys; from nova.cmd.compute import main; sys.argv[0] = "nova-compute"; sys.exit(main())' --config-file "$D/etc/$host.conf"
  done
  for port in $PLACEMENT $GLANCE $CINDER $NEUTRON $NOVA; do waited "port $port" answers "$port"; done
  say "all services answer"
  waited "the hosts" hosts_are_up
  nova-manage --config-file "$D/etc/nova/nova.conf" cell_v2 discover_hosts >"$D/discover.out" 2>&1
  waited "the volumes" volumes_are_up
  say "ready"
}

database() {
  mariadb-install-db --no-defaults --user=mysql --datadir="$D/db" --auth-root-authentication-method=socket --skip-test-db >"$D/db.out" 2>&1
  begin mariadb mariadbd --no-defaults --user=mysql --datadir="$D/db" --socket="$D/db/socket" --bind-address=127.0.0.1 --port="$DB" \
    --max-connections=500 --innodb-flush-log-at-trx-commit=0
  waited "MariaDB" mariadb-admin --no-defaults -S "$D/db/socket" ping
  sql "create user os@'127.0.0.1' identified by 'os'"
  for name in keystone placement glance neutron cinder nova nova_api nova_cell0; do
    sql "create database $name character set utf8mb3; grant all on $name.* to os@'127.0.0.1'"
  done
}
# A program and no function: in the background a shell would keep our output open.
write_as_rabbit() {
  cat >"$D/as-rabbit" <<X
#!/bin/sh
export HOME=$D/rabbit RABBITMQ_NODENAME=havre@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$RABBIT RABBITMQ_DIST_PORT=$DIST
export RABBITMQ_MNESIA_BASE=$D/rabbit RABBITMQ_LOG_BASE=$D/rabbit RABBITMQ_CONFIG_FILE=$D/rabbit/rabbitmq RABBITMQ_CONF_ENV_FILE=$D/rabbit/env
export RABBITMQ_ENABLED_PLUGINS_FILE=$D/rabbit/plugins ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$EPMD
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
cd "$D/rabbit" && exec setpriv --reuid rabbitmq --regid rabbitmq --clear-groups /usr/lib/rabbitmq/bin/"\$@"
X
  chmod 755 "$D/as-rabbit"
}
rabbit() {
  echo '[].' >"$D/rabbit/plugins"
  : >"$D/rabbit/env"
  printf 'vm_memory_high_watermark.absolute = 512MB\nlisteners.tcp.1 = 127.0.0.1:%s\n' "$RABBIT" >"$D/rabbit/rabbitmq.conf"
  chown -R rabbitmq "$D/rabbit"
  write_as_rabbit
  begin rabbit "$D/as-rabbit" rabbitmq-server
  waited "RabbitMQ" "$D/as-rabbit" rabbitmqctl -q await_startup --timeout 20
  "$D/as-rabbit" rabbitmqctl -q add_user os os
  "$D/as-rabbit" rabbitmqctl -q set_permissions os '.*' '.*' '.*'
}

identity_service() {
  manage="keystone-manage --config-file $D/etc/keystone.conf"
  { $manage db_sync && $manage fernet_setup --keystone-user root --keystone-group root &&
    $manage credential_setup --keystone-user root --keystone-group root &&
    $manage bootstrap --bootstrap-password admin --bootstrap-region-id RegionOne --bootstrap-admin-url "$AUTH" --bootstrap-internal-url "$AUTH" --bootstrap-public-url "$AUTH"
  } >"$D/keystone-db.out" 2>&1
  web keystone "$KEYSTONE" /usr/bin/keystone-wsgi-public --env "OS_KEYSTONE_CONFIG_FILES=$D/etc/keystone.conf"
  waited "Keystone" answers "$KEYSTONE"
  TOKEN=$(curl -si "$AUTH/auth/tokens" -H 'Content-Type: application/json' -d '{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": "admin"}}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}' |
    tr -d '\r' | sed -n 's/^[Xx]-[Ss]ubject-[Tt]oken: //p')
  project=$(keystone_post projects '{"project": {"name": "service", "domain_id": "default"}}' project)
  admin=$(keystone_get "roles?name=admin" roles)
  # By it Cinder knows that Nova itself lets go of a volume.
  service_role=$(keystone_post roles '{"role": {"name": "service"}}' role)
  while read -r name type url; do
    user=$(keystone_post users "{\"user\": {\"name\": \"$name\", \"password\": \"$name\", \"domain_id\": \"default\"}}" user)
    for role in $admin $service_role; do curl -sf -X PUT -H "X-Auth-Token: $TOKEN" "$AUTH/projects/$project/users/$user/roles/$role"; done
    service=$(keystone_post services "{\"service\": {\"name\": \"$name\", \"type\": \"$type\"}}" service)
    for interface in public internal; do
      keystone_post endpoints "{\"endpoint\": {\"service_id\": \"$service\", \"interface\": \"$interface\", \"region_id\": \"RegionOne\", \"url\": \"$url\"}}" endpoint >/dev/null
    done
  done <<X
nova compute http://127.0.0.1:$NOVA/v2.1
placement placement http://127.0.0.1:$PLACEMENT
glance image http://127.0.0.1:$GLANCE
neutron network http://127.0.0.1:$NEUTRON
cinder volumev3 http://127.0.0.1:$CINDER/v3/%(project_id)s
X
}
id_of() { "$PYTHON" -c 'import json, sys; it = json.load(sys.stdin)[sys.argv[1]]; print((it[0] if isinstance(it, list) else it)["id"])' "$1"; }
keystone_post() { curl -sf -H "X-Auth-Token: $TOKEN" -H 'Content-Type: application/json' "$AUTH/$1" -d "$2" | id_of "$3"; }
keystone_get() { curl -sf -H "X-Auth-Token: $TOKEN" "$AUTH/$1" | id_of "$2"; }

prepare_databases() {
  nova="nova-manage --config-file $D/etc/nova/nova.conf"
  { $nova api_db sync && $nova cell_v2 map_cell0 --database_connection "$(db nova_cell0)" && $nova cell_v2 create_cell --name=cell1 && $nova db sync; } >"$D/nova-db.out" 2>&1 &
  for_nova=$!
  { OS_PLACEMENT_CONFIG_DIR=$D/etc/placement placement-manage --config-file "$D/etc/placement/placement.conf" db sync &&
    glance-manage --config-file "$D/etc/glance.conf" db_sync && cinder-manage --config-file "$D/etc/cinder.conf" db sync &&
    neutron-db-manage --config-file "$D/etc/neutron.conf" --config-file "$D/etc/ml2.ini" upgrade head; } >"$D/others-db.out" 2>&1
  wait $for_nova
}

service_states() { curl -sf -H "X-Auth-Token: $TOKEN" "$1" | "$PYTHON" -c 'import json, sys; print(sum(s["state"] == "up" for s in json.load(sys.stdin)["services"]))'; }
hosts_are_up() { [ "$(service_states "http://127.0.0.1:$NOVA/v2.1/os-services?binary=nova-compute")" = "$(echo $HOSTS | wc -w)" ]; }
volumes_are_up() {
  project=$(keystone_get "projects?name=admin" projects)
  [ "$(service_states "http://127.0.0.1:$CINDER/v3/$project/os-services")" -ge 2 ]
}

stop() {
  [ -d "$D" ] || return 0
  cd /
  for name in nova-host1 nova-host2 nova-scheduler nova-conductor nova-api neutron cinder-volume cinder-scheduler cinder glance placement keystone; do
    end "$name"
  done
  "$D/as-rabbit" rabbitmqctl -q shutdown >/dev/null 2>&1 || true
  end rabbit
  env ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$EPMD epmd -kill >/dev/null 2>&1 || true
  end mariadb
  rm -rf "$D"
}
end() { # the process that begin started, with the children it has; gently, then not
  [ -f "$D/$1.pid" ] || return 0
  pid=$(cat "$D/$1.pid")
  children=$(pgrep -P "$pid" || true)
  kill "$pid" 2>/dev/null || return 0
  n=0
  while kill -0 "$pid" 2>/dev/null && [ $n -lt 40 ]; do n=$((n + 1)); sleep 0.25; done
  for one in $pid $children; do kill -9 "$one" 2>/dev/null || true; done
}

case ${1:-} in
install | start | stop) "$1" ;;
*) sed -n '2,13s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
