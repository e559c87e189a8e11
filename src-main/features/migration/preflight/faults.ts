import { switchesEarly } from '../plan/relayed.ts'
import type { Check } from './check.ts'
import { about } from './finding.ts'

const { error } = about('post-copy')

/** Post-copy needs userfaultfd at the destination, which the kernel may keep for root (vm.unprivileged_userfaultfd). */
export const faults: Check = {
  subject: 'post-copy',
  async run({ domain, destination, plan }) {
    const { technique } = plan.options
    if (!domain.isActive || !switchesEarly(technique)) return []
    const setting = (await destination.facts.readFile('/proc/sys/vm/unprivileged_userfaultfd'))?.trim()
    if (setting !== '0' || isRoot(await destination.facts.readFile('/etc/libvirt/qemu.conf'))) return []
    // Since Linux 6.1 access to this device is enough, and QEMU takes it from 8.1 on.
    const device = await destination.facts.exec(['sh', '-c', 'stat -c %A /dev/userfaultfd'])
    const [major = 0, minor = 0] = destination.facts.session.facts.hypervisorVersion.split('.').map(Number)
    if ((major > 8 || (major === 8 && minor >= 1)) && device?.stdout.startsWith('crw-rw-rw')) return []
    return [
      error('userfaultfd', `The kernel of ${destination.name} keeps post-copy from QEMU.`, {
        evidence: 'vm.unprivileged_userfaultfd = 0, and QEMU does not run as root there',
        next: `On ${destination.name}: sysctl -w vm.unprivileged_userfaultfd=1, and write it to /etc/sysctl.d.`,
        fix: { kind: 'option', label: 'Use pre-copy', options: { technique: 'precopy' } },
      }),
    ]
  },
}

function isRoot(conf: string | null): boolean {
  return /^\s*user\s*=\s*"(root|\+?0)"/m.test(conf ?? '')
}
