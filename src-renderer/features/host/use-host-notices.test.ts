import { expect, test } from 'vitest'
import type { HostConnection } from '../../../src-main/contract/host.ts'
import { judgeConnection } from './use-host-notices.ts'

const online: HostConnection = { state: 'online', since: 0, route: '', isWritable: true }
const connecting: HostConnection = { state: 'connecting', step: '', since: 0 }
const offline = (seenAt: number | null, retryAt: number | null = 1): HostConnection => ({ state: 'offline', since: 0, problem: { code: 'x', message: 'x' }, seenAt, retryAt })

test('a loss is told once, not with every try that fails after it', () => {
  expect(judgeConnection(online, offline(5))).toBe('lost')
  expect(judgeConnection(offline(5), connecting)).toBeNull()
  expect(judgeConnection(connecting, offline(5))).toBeNull()
  expect(judgeConnection(connecting, online)).toBe('back')
})

test('a host that was never reached, or that waits for a person, is told as failed', () => {
  expect(judgeConnection(connecting, offline(null))).toBe('failed')
  expect(judgeConnection(connecting, offline(5, null))).toBe('failed')
})

test('what was so when the window opened is no news', () => {
  expect(judgeConnection(undefined, offline(5))).toBeNull()
  expect(judgeConnection(undefined, online)).toBeNull()
})
