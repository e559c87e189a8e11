import { describe, expect, it } from 'vitest'
import { domainFixtures, fixture, openSchema, withoutSchemas } from '../testing.ts'
import { readDomain } from './domain.ts'
import { HIDDEN } from './secret-arguments.ts'
import { withoutSecrets } from './without-secrets.ts'

// Every secret of the fixtures.
const SECRETS = [
  'tr0ub4do',
  's3cr3t',
  'hunter2',
  'c00kie-of-the-mirror',
  'letmein',
  'tok-4711',
  'AAACAAEAAAA',
  'BBBCAAEAAAA',
  'kept by hand',
]

const command = (...args: readonly string[]) =>
  [
    "<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:commandline>",
    ...args.map((arg) => `<qemu:arg value='${arg}'/>`),
    '</qemu:commandline></domain>',
  ].join('')

describe('XML that may be shown', () => {
  it.each(domainFixtures)('of $name holds no secret, and is otherwise the same domain', ({ xml }) => {
    const shown = withoutSecrets(xml)
    for (const secret of SECRETS) expect(shown).not.toContain(secret)
    expect(withoutSecrets(shown)).toBe(shown)
    const before = readDomain(xml)
    const after = readDomain(shown)
    const { devices } = before
    expect(after).toEqual({
      ...before,
      devices: { ...devices, graphics: devices.graphics.map((each) => ({ ...each, hasPassword: false })) },
    })
    for (const secret of SECRETS) expect(JSON.stringify(before)).not.toContain(secret)
  })

  it('keeps references to libvirt’s secret store, which are none', () => {
    expect(withoutSecrets(fixture('network-disks'))).toContain('2ec115d7-3a88-3ceb-bc12-0ac909a6fd87')
    expect(withoutSecrets(fixture('snapshot-chain'))).toContain('c1f11a6d-8c5d-4a3e-ac7a-4e171c5e0d4a')
  })

  it('hides what other tools keep in metadata under a telling name', () => {
    const shown = withoutSecrets(
      `<domain><metadata><c:data xmlns:c='urn:c' c:api_key='k3y'>
        <c:root_password>pw1</c:root_password><c:user><c:passphrase><c:x>pw2</c:x></c:passphrase></c:user><c:owner>me</c:owner>
      </c:data></metadata></domain>`,
    )
    for (const secret of ['k3y', 'pw1', 'pw2']) expect(shown).not.toContain(secret)
    expect(shown).toContain('<c:owner>me</c:owner>')
    expect(shown).toContain('xmlns:c="urn:c"')
  })

  it.each([
    [command('-object', 'secret,id=sec0,data=p%w0rd,format=raw'), 'p%w0rd', 'id=sec0'],
    [command('-object', '{"qom-type":"secret","id":"sec0","data":"p\\"w"}'), 'p\\"w', 'sec0'],
    [command('-spice', 'port=5900,password=p%w0rd'), 'p%w0rd', 'port=5900'],
    [command('-fw_cfg', 'name=opt/ignition,string=p%w0rd'), 'p%w0rd', 'name=opt/ignition'],
    [command('--smbios', 'type=11,value=io.systemd.credential:a=p%w0rd,,more'), 'p%w0rd', 'type=11'],
    [command('-append', 'root=/dev/vda token=p%w0rd'), 'p%w0rd', 'root=/dev/vda'],
    [command('-drive', 'file=https://me:p%w0rd@mirror.example/x,if=virtio'), 'p%w0rd', 'mirror.example/x'],
    [
      "<domain><devices><disk type='network'><source protocol='http' name='http://me:p%w0rd@mirror.example/x'/></disk></devices></domain>",
      'p%w0rd',
      'mirror.example/x',
    ],
    [
      "<domain><devices><disk type='network'><source protocol='https' name='x.iso' query='sig=p%w0rd'/></disk></devices></domain>",
      'p%w0rd',
      'x.iso',
    ],
    ["<domain><sysinfo type='fwcfg'><entry name='opt/ignition'>p%w0rd</entry></sysinfo></domain>", 'p%w0rd', 'opt/ignition'],
    ['<!-- p%w0rd --><domain><!-- p%w0rd --></domain><!-- p%w0rd -->', 'p%w0rd', '<domain/>'],
  ])('hides it in %s', (xml, secret, kept) => {
    const shown = withoutSecrets(xml)
    expect(shown.replaceAll('&quot;', '"')).not.toContain(secret)
    expect(shown).toContain(kept)
  })

  it('keeps what only looks like one', () => {
    const xml = command('-drive', 'file=/srv/a.img,password-secret=sec0', '-device', 'virtio-blk-pci,drive=data0')
    expect(withoutSecrets(xml)).not.toContain(HIDDEN)
  })
})

describe.skipIf(withoutSchemas)(`and libvirt’s schema${withoutSchemas ? ` (skipped: ${withoutSchemas})` : ''}`, () => {
  it.each(domainFixtures)('$name is still a domain', ({ xml }) => {
    expect(openSchema('domain')(withoutSecrets(xml))).toBeUndefined()
  })
})
