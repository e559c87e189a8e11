import type { Finding } from '../../../contract/migration.ts'
import { describeHostDevice } from '../../../libvirt/xml/domain/host-device.ts'
import type { Check, PreflightContext } from './check.ts'
import { about } from './finding.ts'

/** Devices that tie a running VM to its host (libvirt: qemuMigrationSrcIsAllowed). */
export const devices: Check = {
  subject: 'devices',
  async run(context) {
    if (!context.domain.isActive) return []
    return [...hostDevices(context), ...filesystems(context), ...sharedMemory(context), ...(await tpm(context)), ...other(context)]
  },
}

function hostDevices({ domain, source }: PreflightContext): Finding[] {
  return domain.live.devices.hostDevices
    .filter((device) => !device.teaming)
    .map((device) =>
      about('host device').error('host-device', `${domain.name} has a device of ${source.name} passed through.`, {
        evidence: describeHostDevice(device.source),
        next: 'Detach it before the move (virsh detach-device), or move the VM while it is off.',
      }),
    )
}

function filesystems({ domain }: PreflightContext): Finding[] {
  return domain.live.devices.filesystems.map((each) =>
    about('filesystem').error('filesystem', `${domain.name} has a folder of its host mounted (${each.driver === 'virtiofs' ? 'virtiofs' : '9p'}), which libvirt does not move.`, {
      evidence: each.target,
      next: 'Unmount it in the guest and detach it, or move the VM while it is off.',
    }),
  )
}

function sharedMemory({ domain }: PreflightContext): Finding[] {
  return domain.live.devices.sharedMemories
    .filter(({ role }) => role !== 'master')
    .map(({ name }) => about('shared memory').error('shared-memory', `${domain.name} shares memory with other VMs of its host.`, { evidence: name, next: 'Detach the shmem device first.' }))
}

async function tpm({ domain, destination }: PreflightContext): Promise<Finding[]> {
  const { error, warning } = about('tpm')
  const findings: Finding[] = []
  for (const each of domain.live.devices.tpms) {
    if (each.backend === 'passthrough') findings.push(error('tpm-passthrough', `${domain.name} uses the TPM chip of its host.`, { next: 'Use an emulated TPM.' }))
    if (each.backend !== 'emulator') continue
    const support = (await destination.domainCapabilities())?.devices['tpm']
    if (support && !support.values['backendModel']?.includes('emulator')) findings.push(error('tpm-missing', `${destination.name} cannot emulate a TPM.`, { next: `Install swtpm on ${destination.name} and restart libvirtd.` }))
    if (each.hasEncryption) findings.push(warning('tpm-secret', `The TPM state of ${domain.name} is encrypted: ${destination.name} needs the same secret.`, { evidence: each.secretUuid }))
  }
  return findings
}

function other({ domain, source }: PreflightContext): Finding[] {
  const { live } = domain
  const findings: Finding[] = []
  if (live.launchSecurity) findings.push(about('launch security').error('launch-security', `The memory of ${domain.name} is encrypted by the CPU (${live.launchSecurity.type}); libvirt does not move it.`))
  for (const serial of [...live.devices.serials, ...live.devices.parallels]) {
    if (serial.type === 'dev') findings.push(about('serial').warning('serial-device', `A serial port of ${domain.name} is a device of ${source.name}.`, { evidence: serial.path }))
  }
  if (live.devices.leases.length > 0) findings.push(about('locks').warning('lock-lease', `${domain.name} holds lock leases; the lock manager must run at the destination too.`))
  if (live.commandLine?.args.length) {
    findings.push(about('qemu').warning('qemu-arguments', `${domain.name} has arguments for QEMU of its own, which Drover cannot judge.`, { next: 'See them in its XML.' }))
  }
  for (const name of live.devices.others) findings.push(about('devices').note('device-unknown', `${domain.name} has a device that Drover does not know: ${name}.`))
  return findings
}
