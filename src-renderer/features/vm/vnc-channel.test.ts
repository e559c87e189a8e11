import { expect, test, vi } from 'vitest'
import { VncChannel } from './vnc-channel.ts'

function channel() {
  const line = { send: vi.fn(), close: vi.fn() }
  const made = new VncChannel(line)
  const heard: (number[] | string)[] = []
  made.onopen = () => void heard.push('open')
  made.onmessage = ({ data }) => void heard.push([...new Uint8Array(data)])
  made.onclose = ({ code }) => void heard.push(`close ${code}`)
  return { line, made, heard }
}

test('it has all that noVNC looks for on a raw channel', () => {
  const { made } = channel()
  const names = [...Object.keys(made), ...Object.getOwnPropertyNames(Object.getPrototypeOf(made))]
  expect(names).toEqual(expect.arrayContaining(['send', 'close', 'binaryType', 'onerror', 'onmessage', 'onopen', 'protocol', 'readyState']))
})

test('bytes pass both ways once it is open, and only the bytes of the view', () => {
  const { made, line, heard } = channel()
  made.send(new Uint8Array([1]))
  expect(line.send).not.toHaveBeenCalled()
  made.opened()
  made.send(new Uint8Array([1, 2, 3]).subarray(1))
  expect([...(line.send.mock.calls[0]?.[0] as Uint8Array)]).toEqual([2, 3])
  made.received(new Uint8Array([9, 8, 7, 6]).subarray(1, 3))
  expect(heard).toEqual(['open', [8, 7]])
})

test('it closes once, from either side, and tells it later as a WebSocket would', async () => {
  const mine = channel()
  mine.made.opened()
  mine.made.close()
  expect(mine.heard).toEqual(['open'])
  await Promise.resolve()
  mine.made.ended('gone')
  expect(mine.line.close).toHaveBeenCalledOnce()
  expect(mine.heard).toEqual(['open', 'close 1000'])

  const theirs = channel()
  theirs.made.ended('gone')
  theirs.made.close()
  expect(theirs.heard).toEqual(['close 1006'])
  expect(theirs.line.close).not.toHaveBeenCalled()
})
