import { expect, test } from 'vitest'
import { rankEntries } from './palette.ts'

const entries = ['Open history', 'Reboot', 'web-1', 'old-web', 'cobweb', 'Force off…'].map((title) => ({ title, detail: '', keywords: title === 'Force off…' ? 'kill destroy' : '' }))
const found = (query: string) => rankEntries(query, entries, 3).map((entry) => entry.title)

test('beginnings first, then words, then parts; keywords count', () => {
  expect(found('web')).toEqual(['web-1', 'old-web', 'cobweb'])
  expect(found('hist open')).toEqual(['Open history'])
  expect(found('kill')).toEqual(['Force off…'])
  expect(found('nothing')).toEqual([])
})

test('what may not run stands below its equals', () => {
  const pair = [{ title: 'Start a', detail: '', reason: 'It runs.' }, { title: 'Start b', detail: '' }]
  expect(rankEntries('start', pair, 5)[0]?.title).toBe('Start b')
})
