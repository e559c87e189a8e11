import { basename } from 'node:path'
import { quoted } from './command.ts'
import type { LabParts } from './guest-image.ts'
import type { HostRecord } from './host-spec.ts'
import { userName } from './host-spec.ts'
import { imagesFolder, type LabPlaces, partsFolderOnHost, sharedFolder } from './places.ts'

/**
 * Runs in the lab's own namespaces, as a child of its init: gives the host a network namespace and a cable into the lab's switch, then makes
 * the other namespaces and stays until the host ends.
 */
export function hostScript(places: LabPlaces, host: HostRecord): string {
  const port = `h${host.number}`
  const base = places.host(host.number)
  return `#!/bin/sh
exec >>${quoted(`${base}/host.log`)} 2>&1
set -e
ip netns del ${port} 2>/dev/null || :
ip netns add ${port}
ip link add ${port} type veth peer name eth0 netns ${port} address ${macOf(host)}
ip link set ${port} master br0 up
nsenter --net=/run/netns/${port} unshare --mount --uts --pid --ipc --fork --kill-child=KILL /bin/sh ${quoted(`${base}/setup.sh`)} || :
ip netns del ${port}
`
}

/**
 * Runs as PID 1 of the new host: a root of its own (an overlay over the generation's root that forgets what is written; what a real host
 * keeps on disk is bound over it), then becomes the host's init.
 */
export function setupScript(places: LabPlaces, host: HostRecord, parts: LabParts): string {
  const base = places.host(host.number)
  const initName = basename(parts.init)
  return `#!/bin/sh
set -e
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
B=${quoted(base)}
L=${quoted(places.root)}
mount --make-rprivate /
hostname ${host.name}
mount -t tmpfs -o mode=755 drover-lab "$B/mnt"
mkdir "$B/mnt/upper" "$B/mnt/work" "$B/mnt/root"
mount -t overlay -o "lowerdir=${host.root},upperdir=$B/mnt/upper,workdir=$B/mnt/work" drover-lab "$B/mnt/root"
R="$B/mnt/root"

mkdir -p "$R/proc" "$R/sys" "$R/dev" "$R/run" "$R/tmp" "$R/root" "$R/home" "$R/etc/libvirt" "$R/etc/ssh" "$R/var/lib/libvirt" "$R/var/log/libvirt" "$R/var/cache/libvirt" "$R${partsFolderOnHost}"
mount -t proc proc "$R/proc"
mount -t sysfs sysfs "$R/sys"
mount -t tmpfs -o mode=755 dev "$R/dev"
for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
  set -- $node
  mknod -m 666 "$R/dev/$1" c "$2" "$3"
done
mkdir "$R/dev/net" "$R/dev/pts" "$R/dev/shm"
mknod -m 666 "$R/dev/net/tun" c 10 200
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$R/dev/pts"
ln -s pts/ptmx "$R/dev/ptmx"
ln -s /proc/self/fd "$R/dev/fd"
ln -s /proc/self/fd/0 "$R/dev/stdin"
ln -s /proc/self/fd/1 "$R/dev/stdout"
ln -s /proc/self/fd/2 "$R/dev/stderr"
mount -t tmpfs -o mode=1777 shm "$R/dev/shm"
mount -t tmpfs -o mode=755 run "$R/run"
mkdir -p "$R/run/sshd" "$R/run/drover-lab" "$R/run/lock"
mount -t tmpfs -o mode=1777 tmp "$R/tmp"
mount --bind "$B/userhome" "$R/home"
mount --bind "$B/home" "$R/root"
mount --bind "$B/ssh" "$R/etc/ssh"
mount --bind "$B/run" "$R/run/drover-lab"
mount --bind "$B/etc-libvirt" "$R/etc/libvirt"
mount --bind "$B/lib" "$R/var/lib/libvirt"
mount --bind "$B/log" "$R/var/log/libvirt"
mount --bind "$B/cache" "$R/var/cache/libvirt"
mkdir -p "$R${imagesFolder}"
mount --bind "$B/images" "$R${imagesFolder}"
mkdir -p "$R${sharedFolder}"
mount --bind "$L/shared" "$R${sharedFolder}"
mount --bind ${quoted(parts.folder)} "$R${partsFolderOnHost}"
mount -o remount,bind,ro "$R${partsFolderOnHost}"

mkdir -p "$R/usr/local/bin"
cat >"$R/usr/local/bin/systemctl" <<'END'
${systemctl}END
chmod 755 "$R/usr/local/bin/systemctl"

: >"$R/usr/bin/qemu-system-x86_64-real"
mount --bind "$R/usr/bin/qemu-system-x86_64" "$R/usr/bin/qemu-system-x86_64-real"
mount --bind ${quoted(parts.qemu)} "$R/usr/bin/qemu-system-x86_64"
echo ${partsFolderOnHost}/${basename(parts.preloaded)} >"$R/etc/ld.so.preload"

rm -f "$R/etc/hosts" "$R/etc/hostname" "$R/etc/machine-id"
: >"$R/etc/hosts"
mount --bind "$L/hosts" "$R/etc/hosts"
echo ${host.name} >"$R/etc/hostname"
echo ${host.uuid.replaceAll('-', '')} >"$R/etc/machine-id"
cp "$L/known_hosts" "$B/ssh/ssh_known_hosts"
grep -q ^libvirt: "$R/etc/group" || echo libvirt:x:990: >>"$R/etc/group"
grep -q ^kvm: "$R/etc/group" || echo kvm:x:991: >>"$R/etc/group"
grep -q ^libvirt-qemu: "$R/etc/group" || echo libvirt-qemu:x:64055: >>"$R/etc/group"
grep -q ^libvirt-qemu: "$R/etc/passwd" || echo libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin >>"$R/etc/passwd"
grep -q ^sshd: "$R/etc/passwd" || echo sshd:x:989:65534::/run/sshd:/usr/sbin/nologin >>"$R/etc/passwd"
${host.hasNode ? '' : 'for folder in usr/local/sbin usr/local/bin usr/sbin usr/bin sbin bin; do rm -f "$R/$folder/node" "$R/$folder/nodejs"; done'}

ip link set lo up
ip link add br0 type bridge forward_delay 0 mcast_snooping 0
ip link set br0 address ${macOf(host)}
ip link set eth0 master br0 up
ip addr add ${host.address}/24 dev br0
ip link set br0 up

cd "$R"
pivot_root . .
umount -l .
cd /
${host.hasUser ? userLines : ''}rm -f /run/drover-lab/ready
exec ${partsFolderOnHost}/${initName} /bin/sh /run/drover-lab/start.sh ${host.name} </dev/null
`
}

// The host's init is no systemd, but it powers off on the signal that systemd(1) gives: SIGRTMIN+4, 38 with the C library of these hosts.
const systemctl = `#!/bin/sh
for word; do
  [ "$word" != poweroff ] || exec /bin/sh -c 'kill -38 1'
done
exec /usr/bin/systemctl "$@"
`

const userLines = `useradd --create-home --shell /bin/bash --groups libvirt ${userName}
chpasswd --crypt-method SHA512 </run/drover-lab/user
`

/** Locally administered, and the same after a power cut. */
function macOf(host: HostRecord): string {
  const [, , third = '0', fourth = '0'] = host.address.split('.')
  return ['02', 'd0', '4a', ...[third, fourth].map((part) => Number(part).toString(16).padStart(2, '0')), '01'].join(':')
}
