import { expect, test } from 'vitest'
import { Sessions } from './sessions.ts'

test('a token opens one session, once, and for a minute', () => {
  let now = 1_000_000
  const sessions = new Sessions(() => now)
  const token = sessions.createToken()
  const session = sessions.swap(token)
  expect(session).toMatch(/^[\w-]{43}$/)
  expect(sessions.swap(token)).toBeNull()
  expect(sessions.isSession(session ?? '')).toBe(true)
  expect(sessions.isSession(token)).toBe(false)
  expect(sessions.isSession('')).toBe(false)

  const late = sessions.createToken()
  now += 60_001
  expect(sessions.swap(late)).toBeNull()
  const inTime = sessions.createToken()
  now += 60_000
  expect(sessions.swap(inTime)).not.toBeNull()
})
