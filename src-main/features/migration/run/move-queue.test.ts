import { expect, test } from 'vitest'
import { MoveQueue } from './move-queue.ts'

const never = new AbortController().signal

test('no more moves than allowed touch a host, the rest follow in their order, and others are not held up', async () => {
  const queue = new MoveQueue(1)
  const begun: string[] = []
  const enter = async (name: string, hosts: string[], signal = never) => {
    const leave = await queue.enter(hosts, signal, (host) => begun.push(`${name} waits for ${host}`))
    begun.push(name)
    return leave
  }
  const leaveOne = await enter('one', ['a', 'b'])
  const two = enter('two', ['b', 'c'])
  const three = enter('three', ['b', 'd'])
  await enter('elsewhere', ['e', 'f'])
  leaveOne()
  leaveOne()
  const leaveTwo = await two
  expect(begun).toEqual(['one', 'two waits for b', 'three waits for b', 'elsewhere', 'two'])
  leaveTwo()
  await three
  expect(begun.at(-1)).toBe('three')
})

test('whoever is cancelled while waiting takes no place', async () => {
  const queue = new MoveQueue(1)
  const leave = await queue.enter(['a'], never, () => {})
  const abort = new AbortController()
  const waiting = queue.enter(['a'], abort.signal, () => {})
  abort.abort(new Error('cancelled'))
  await expect(waiting).rejects.toThrow('cancelled')
  leave()
  await queue.enter(['a'], never, () => expect.unreachable())
})
