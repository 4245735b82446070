#!/bin/sh
# `make test-cgroup2`: the tests of the sandbox of this machine on a kernel that has control groups version 2 alone, which an emulator runs.
# It sees this machine's files and changes none of them. Debian 12, root. A word as argument runs those tests only that have it in their name.
set -eu
cd "$(dirname "$0")/.."
ROOT=$PWD
: "${NODE:?says which Node runs the tests: make test-cgroup2 knows}"
# An emulated processor takes some twenty times as long.
SLOWNESS=${HAVRE_TEST_SLOWNESS:-20}
ONLY=${1:-}

missing=
for package in qemu-system-x86 cpio; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
if [ -n "$missing" ]; then
  echo "Installing$missing ..."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

mkdir -p .cache/kernel
package=$(apt-cache depends linux-image-amd64 | awk '/Depends: linux-image/ { print $2; exit }')
if [ ! -d ".cache/kernel/$package" ]; then
  echo "Fetching $package ..."
  fetched=$(mktemp -d)
  (cd "$fetched" && apt-get download -qq "$package" 2>/dev/null && dpkg-deb -x ./*.deb unpacked)
  mv "$fetched/unpacked" ".cache/kernel/$package"
  rm -r "$fetched"
fi
kernel=.cache/kernel/$package
modules=$kernel/lib/modules/${package#linux-image-}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/init/bin" "$work/init/modules"
cp /bin/busybox "$work/init/bin/busybox"
# In the order in which one needs another.
NEEDED="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci 9pnet 9pnet_virtio netfs fscache 9p overlay tun"
for module in $NEEDED; do
  find "$modules" -name "$module.ko" -exec cp {} "$work/init/modules/" \;
done

cat >"$work/init/tests" <<END
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TZ=UTC HAVRE_TEST_SLOWNESS=$SLOWNESS
ip link set lo up
cd "$ROOT"
"$NODE" --test --test-reporter=spec --test-concurrency=1 --test-name-pattern="${ONLY:-.}" \
  src/drivers/cluster/local/local.test.ts src/drivers/cluster/local/sandbox.test.ts
echo "ended: \$?"
echo o >/proc/sysrq-trigger
END
cat >"$work/init/init" <<END
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /lower /own /new
/bin/busybox --install -s /bin
mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev
for module in $NEEDED; do insmod /modules/\$module.ko; done
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /lower || exec poweroff -f
mount -t tmpfs own /own && mkdir /own/upper /own/work
mount -t overlay -o lowerdir=/lower,upperdir=/own/upper,workdir=/own/work root /new
mount -t proc proc /new/proc && mount -t sysfs sys /new/sys && mount -t devtmpfs dev /new/dev
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts pts /new/dev/pts && mount -t tmpfs shm /new/dev/shm && mount -t tmpfs run /new/run && mount -t tmpfs tmp /new/tmp
mount -t cgroup2 groups /new/sys/fs/cgroup
cp /tests /new/tmp/tests
echo "::sysinit:/bin/sh /tmp/tests" >/new/etc/inittab
umount /proc /sys /dev
exec switch_root /new /bin/busybox init
END
chmod +x "$work/init/init"
(cd "$work/init" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initramfs"

qemu-system-x86_64 -nographic -no-reboot -m 6G -smp 2 -accel "${ACCEL:-tcg,thread=multi}" -cpu max,-arch-capabilities \
  -kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initramfs" -append "console=ttyS0 quiet panic=-1 cgroup_no_v1=all" \
  -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap </dev/null 2>&1 | tee "$work/said"
grep -q "^ended: 0" "$work/said"
# All of them together end more than one run for its memory: here the kernel does that, by control groups.
[ -n "$ONLY" ] || grep -q "Memory cgroup out of memory" "$work/said"
