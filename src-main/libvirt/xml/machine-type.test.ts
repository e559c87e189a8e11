import { describe, expect, it } from 'vitest'
import { compareMachineTypes, isMachineAlias, parseMachineType } from './machine-type.ts'

describe('machine types', () => {
  it.each([
    ['pc-q35-7.2', 'pc-q35', undefined, [7, 2]],
    ['pc-i440fx-10.0', 'pc-i440fx', undefined, [10, 0]],
    ['pc-1.3', 'pc-i440fx', undefined, [1, 3]],
    ['virt-8.1', 'virt', undefined, [8, 1]],
    ['s390-ccw-virtio-9.2', 's390-ccw-virtio', undefined, [9, 2]],
    ['pseries-rhel8.2.0', 'pseries', 'rhel', [8, 2, 0]],
    ['pc-q35-rhel9.4.0', 'pc-q35', 'rhel', [9, 4, 0]],
    ['pc-i440fx-rhel7.6.0', 'pc-i440fx', 'rhel', [7, 6, 0]],
    ['pc-q35-6.2-hpb', 'pc-q35', 'hpb', [6, 2]],
    ['pc-q35-noble', 'pc-q35', 'noble', []],
    ['pc-i440fx-jammy-hpb', 'pc-i440fx', 'jammy-hpb', []],
    ['q35', 'pc-q35', undefined, []],
    ['pc', 'pc-i440fx', undefined, []],
    ['virt', 'virt', undefined, []],
    ['microvm', 'microvm', undefined, []],
    ['', '', undefined, []],
  ])('%s', (name, family, vendor, version) => {
    expect(parseMachineType(name)).toEqual({ name, family, vendor, version })
  })

  it('are aliases without version and release', () => {
    expect(['q35', 'pc', 'virt'].map(parseMachineType).every(isMachineAlias)).toBe(true)
    expect(['pc-q35-7.2', 'pc-q35-noble'].map(parseMachineType).some(isMachineAlias)).toBe(false)
  })

  it.each([
    ['pc-q35-7.2', 'pc-q35-10.0', -1],
    ['pc-q35-9.1', 'pc-q35-9.0', 1],
    ['pc-i440fx-2.12', 'pc-i440fx-2.9', 1],
    ['pc-q35-rhel9.4.0', 'pc-q35-rhel9.2.0', 1],
    ['pc-q35-noble', 'pc-q35-noble', 0],
    ['pc-q35-noble', 'pc-q35-jammy', undefined],
    ['pc-q35-9.2', 'pc-q35-rhel9.2.0', undefined],
    ['pc-q35-7.2', 'pc-i440fx-7.2', undefined],
    ['q35', 'pc-q35-7.2', undefined],
    ['q35', 'q35', 0],
  ])('%s against %s', (a, b, sign) => {
    const result = compareMachineTypes(parseMachineType(a), parseMachineType(b))
    expect(result === undefined ? undefined : Math.sign(result)).toBe(sign)
  })
})
