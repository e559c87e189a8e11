import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { run } from './command.ts'
import type { HostRecord } from './host-spec.ts'
import { userName } from './host-spec.ts'
import { imagesFolder, type LabPlaces, sharedFolder } from './places.ts'

const networkXml = `<network>
  <name>lab</name>
  <forward mode='bridge'/>
  <bridge name='br0'/>
</network>
`

const poolXml = (name: string, path: string) => `<pool type='dir'>
  <name>${name}</name>
  <target><path>${path}</path></target>
</pool>
`

/** Debian's defaults for the socket (group libvirt may manage, no further authentication), and a UUID of its own. */
const libvirtdConf = (host: HostRecord) => `host_uuid = "${host.uuid}"
unix_sock_group = "libvirt"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0770"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "2:file:/var/log/libvirt/libvirtd.log"
`

const qemuConf = (host: HostRecord) => `user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
migration_host = "${host.address}"
`

const sshdConf = `HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /etc/ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 200
PidFile /run/sshd.pid
Subsystem sftp internal-sftp
`

// Hosts of a lab trust each other as root, for virsh between them.
const sshConf = `Host *
  IdentityFile /etc/ssh/lab_key
  IdentitiesOnly yes
  GlobalKnownHostsFile /etc/ssh/ssh_known_hosts
  StrictHostKeyChecking yes
`

/** Runs inside the host as its first script: the daemons, in the order that they need; virtlogd first in line, since guests are timed by its logs. `run/ready` appears when libvirtd answers. */
const startScript = `#!/bin/sh
exec >>/var/log/libvirt/start.log 2>&1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root
nice -n -10 virtlogd -d
/usr/sbin/sshd -f /etc/ssh/sshd_config
libvirtd -d
until virsh -q -c qemu:///system version >/dev/null 2>&1; do sleep 0.1; done
touch /run/drover-lab/ready
`

/** Writes a host's persistent folders: configuration, keys, the scripts that make it. The host need not run. */
export async function writeHostFiles(places: LabPlaces, host: HostRecord, password: string): Promise<void> {
  const base = places.host(host.number)
  const put = (path: string, content: string, mode = 0o644) => {
    writeFileSync(join(base, path), content, { mode })
    chmodSync(join(base, path), mode)
  }
  for (const folder of ['etc-libvirt/qemu/networks/autostart', 'etc-libvirt/storage/autostart', 'lib', 'log/qemu', 'cache', 'images', 'home', 'ssh', 'run', 'mnt', 'userhome']) {
    mkdirSync(join(base, folder), { recursive: true })
  }
  chmodSync(join(base, 'home'), 0o700)
  put('etc-libvirt/libvirtd.conf', libvirtdConf(host))
  put('etc-libvirt/qemu.conf', qemuConf(host))
  // The default of 2 MiB would rotate a guest's serial log away from under its reader.
  put('etc-libvirt/virtlogd.conf', `max_size = ${1 << 30}\n`)
  const defined: [string, string][] = [
    ['qemu/networks/lab.xml', networkXml],
    ['storage/images.xml', poolXml('images', imagesFolder)],
    ['storage/shared.xml', poolXml('shared', sharedFolder)],
  ]
  for (const [path, xml] of defined) {
    put(`etc-libvirt/${path}`, xml)
    // libvirt takes only a link for "starts by itself".
    symlinkSync(`/etc/libvirt/${path}`, join(base, 'etc-libvirt', dirname(path), 'autostart', basename(path)))
  }
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', host.name, '-f', join(base, 'ssh/ssh_host_ed25519_key')])
  put('ssh/sshd_config', sshdConf)
  put('ssh/ssh_config', sshConf)
  put('ssh/authorized_keys', readFileSync(`${places.identity}.pub`, 'utf8'))
  put('ssh/lab_key', readFileSync(places.identity, 'utf8'), 0o600)
  put('run/start.sh', startScript, 0o755)
  put('run/user', host.hasUser ? `${userName}:${password}\n` : '', 0o600)
}

/** The line of known_hosts for a host whose files are written. */
export function knownHostsLine(places: LabPlaces, host: HostRecord): string {
  const key = readFileSync(join(places.host(host.number), 'ssh/ssh_host_ed25519_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  return `${host.address},${host.name} ${key}\n`
}
