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

test('a host that was shut down from here has gone as it was asked to, and is never told as failed', () => {
  const off: HostConnection = { state: 'offline', since: 0, problem: { code: 'host-shut-down', message: 'x' }, seenAt: 5, retryAt: 1 }
  expect(judgeConnection(online, off)).toBe('shut-down')
  expect(judgeConnection(connecting, off)).toBe('shut-down')
  expect(judgeConnection(off, off)).toBeNull()
  expect(judgeConnection(connecting, { ...off, seenAt: null })).toBeNull()
  expect(judgeConnection(connecting, { ...off, seenAt: null, retryAt: null })).toBeNull()
})

test('what was so when the window opened is no news', () => {
  expect(judgeConnection(undefined, offline(5))).toBeNull()
  expect(judgeConnection(undefined, online)).toBeNull()
})
