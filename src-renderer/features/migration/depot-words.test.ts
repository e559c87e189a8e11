import { expect, test } from 'vitest'
import { copiesConsequence, linkWord, spareWord } from './depot-words.ts'

test('what the number of copies costs is said in plain words', () => {
  expect(copiesConsequence(1, ['kvm3'], 'web')).toBe('With one copy, losing kvm3 before the end loses web.')
  expect(copiesConsequence(1, ['kvm3', 'kvm4'], 4)).toBe('With one copy, losing any one depot before the end loses the VMs whose pages it held.')
  expect(copiesConsequence(2, ['kvm3', 'kvm4'], 'web')).toBe('With two copies, any one depot may be lost; a second one may lose web.')
  expect(copiesConsequence(2, ['kvm3'], 'web')).toMatch(/take 2 depots/)
  expect(copiesConsequence(3, ['a', 'b', 'c'], 2)).toMatch(/any two depots may be lost/)
  expect(copiesConsequence(1, [], 2)).toBe('No host is chosen to hold the pages.')
})

test('what is not known of a host is not made up', () => {
  expect([linkWord(null), linkWord(400), linkWord(10_000)]).toEqual(['link not known', '400 Mbit/s', '10 Gbit/s'])
  expect([spareWord({ spareMiB: null }), spareWord({ spareMiB: 2048 })]).toEqual(['', '2\u00a0GiB'])
})
