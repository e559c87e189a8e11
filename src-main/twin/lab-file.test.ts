import { describe, expect, it } from 'vitest'
import { readLab } from './lab-file.ts'

const host = { id: 'one', cpus: 4, memoryMiB: 8192, link: { mbps: 1000 } }
const vm = { name: 'a', host: 'one', memoryMiB: 512, vcpus: 1, process: { kind: 'idle' } }
const lab = { name: 'mine', title: 'Mine', hosts: [host], vms: [vm] }

describe('a file of a lab', () => {
  it('is read', () => {
    expect(readLab(lab)).toMatchObject({ name: 'mine', hosts: [{ id: 'one' }], vms: [{ name: 'a', host: 'one' }] })
  })

  it('may write many as one, and deals VMs out in turn', () => {
    const many = readLab({ ...lab, hosts: [{ ...host, id: 'n{n}', count: 3 }], vms: [{ ...vm, name: 'web-{n}', count: 4, host: 'n{n}' }] })
    expect(many.hosts.map(({ id }) => id)).toEqual(['n1', 'n2', 'n3'])
    expect(many.vms.map(({ name, host: home }) => `${name} ${home}`)).toEqual(['web-1 n1', 'web-2 n2', 'web-3 n3', 'web-4 n1'])
  })

  it.each([
    ['no object', [], /the file: /],
    ['a link without a speed', { ...lab, hosts: [{ ...host, link: {} }] }, /hosts\[0\]\.link\.mbps: /],
    ['what is missing', { ...lab, vms: undefined }, /vms: is missing: a list/],
    ['a number in quotes', { ...lab, hosts: [{ ...host, cpus: '4' }] }, /hosts\[0\]\.cpus: must be a number/],
    ['a word that is not known', { ...lab, hosts: [{ ...host, memory: 5 }] }, /hosts\[0\]: there is no "memory" here/],
    ['a process that is not known', { ...lab, vms: [{ ...vm, process: { kind: 'wild' } }] }, /vms\[0\]\.process\.kind: .*"compile"/],
    ['memory below zero', { ...lab, vms: [{ ...vm, memoryMiB: -1 }] }, /vms\[0\]\.memoryMiB: must be more than 0/],
    ['a host that no hostname can be', { ...lab, hosts: [{ ...host, id: 'a b' }] }, /hosts\[0\]\.id: letters/],
    ['no hosts at all', { ...lab, hosts: [] }, /hosts: a lab needs a host/],
    ['a count whose names would all be the same', { ...lab, vms: [{ ...vm, count: 2 }] }, /vms\[0\]\.name: \{n\}/],
    ['hosts by a pattern that none fits', { ...lab, vms: [{ ...vm, host: 'x{n}' }] }, /vms\[0\]\.host: no host is called x\{n\}/],
  ])('is refused with the place: %s', (_, content, evidence) => {
    expect(() => readLab(content)).toThrow(expect.objectContaining({ code: 'twin-lab-invalid', evidence: expect.stringMatching(evidence) }))
  })
})
