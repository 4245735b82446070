#!/bin/sh
# Installs the Debian packages that the checks use: real browsers, servers and tools to test against. As root on Debian or Ubuntu
# it installs what is missing; elsewhere it says what is missing, and the tests that need it are skipped with that reason.
set -eu

# program or file : package : what is tested with it
WANTED='
chromium:chromium:the portal in a browser
apache2:apache2-bin:WebDAV against Apache
htpasswd:apache2-utils:WebDAV against Apache
rclone:rclone:WebDAV and SFTP against rclone, and as a client
age:age:encrypted files opened by age itself
nginx:nginx-light:behind nginx, and benchmarks against it
/usr/lib/nginx/modules/ngx_http_js_module.so:libnginx-mod-http-js:behind nginx with its script
litmus:litmus:our WebDAV folder, judged by litmus
cadaver:cadaver:our WebDAV folder, used by cadaver
mount.davfs:davfs2:our WebDAV folder, mounted
php-cgi:php-cgi:WebDAV against SabreDAV
/usr/share/php/Sabre/autoload.php:php-sabre-dav:WebDAV against SabreDAV
curl:curl:API and uploads by curl
git:git:repositories behind the emulated Gitea and GitHub
/usr/lib/python3/dist-packages/irods/__init__.py:python3-irodsclient:the emulated iRODS, judged by python-irodsclient
/usr/lib/python3/dist-packages/github/__init__.py:python3-github:the emulated GitHub, judged by PyGithub
/usr/lib/python3/dist-packages/requests/__init__.py:python3-requests:the hook scripts of an external upload daemon
openssl:openssl:what a hook script encrypted
bwrap:bubblewrap:work in its sandbox
pasta:passt:work that reaches other machines
perl:perl-base:escapes from the sandbox
/usr/lib/python3/dist-packages/swift/proxy/server.py:python3-swift:S3 against OpenStack Swift
memcached:memcached:S3 against OpenStack Swift
/usr/sbin/sshd:openssh-server:SFTP against OpenSSH
busybox:busybox-static:images of work
runc:runc:work in Podman
podman:podman:images, and work in Podman
dockerd:docker.io:work in Docker and in a Swarm
slurmctld:slurmctld:work in Slurm
slurmd:slurmd:work in Slurm
sbatch:slurm-client:work in Slurm
slurmrestd:slurmrestd:work in Slurm, by its REST API
slurmdbd:slurmdbd:work in Slurm, with accounts
/usr/lib/x86_64-linux-gnu/slurm-wlm/auth_jwt.so:slurm-wlm-jwt-plugin:work in Slurm, by its REST API
/usr/lib/x86_64-linux-gnu/slurm-wlm/accounting_storage_mysql.so:slurm-wlm-mysql-plugin:work in Slurm, with accounts
munged:munge:work in Slurm
mariadbd:mariadb-server:work in Slurm, with accounts
/usr/sbin/sshd:openssh-server:work in Slurm over SSH
ssh:openssh-client:work in Slurm over SSH
'

# Where no udev runs, the kernel leaves this closed to all but root; distributions open it to every account.
if [ "$(id -u)" = 0 ] && [ -c /dev/net/tun ]; then chmod 0666 /dev/net/tun || true; fi

is_there() { case $1 in /*) test -e "$1" ;; *) PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null ;; esac; }

missing=
why=
old_ifs=$IFS
IFS='
'
for line in $WANTED; do
  program=${line%%:*}
  rest=${line#*:}
  is_there "$program" && continue
  missing="$missing ${rest%%:*}"
  why="$why  ${rest%%:*}: ${rest#*:}
"
done
IFS=$old_ifs
[ -n "$missing" ] || exit 0

give_up() {
  printf '%s, so these are not tested:\n%s' "$1" "$why" >&2
  exit 0
}

[ "$(id -u)" = 0 ] || give_up "Not root"
command -v apt-get >/dev/null || give_up "No apt-get here"

# Packages must not start their servers: the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >/dev/null 2>&1; }
echo "Installing what the checks need:$missing ..."
apt update || true
# One that a release does not have must not keep back the others.
apt install -y --no-install-recommends $missing ||
  for package in $missing; do apt install -y --no-install-recommends "$package" || echo "  $package could not be installed" >&2; done
