import { expect, test } from 'vitest'
import { readAddress } from './use-connect.ts'

test('addresses may be typed the way ssh takes them', () => {
  expect(readAddress(' root@kvm1 ')).toBe('ssh://root@kvm1')
  expect(readAddress('kvm1:2222')).toBe('ssh://kvm1:2222')
  expect(readAddress('ssh://root@[fd00::1]:22')).toBe('ssh://root@[fd00::1]:22')
  expect(readAddress('/run/libvirt/libvirt-sock')).toBe('unix:///run/libvirt/libvirt-sock')
  expect(readAddress('  ')).toBeNull()
})
