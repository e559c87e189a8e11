import { describe, expect, it } from 'vitest'
import type { TypedParameter } from '../wire/typed-parameter.ts'
import { domainStatsOf } from './domain-stats.ts'
import { jobStatsOf } from './job-stats.ts'

const dom = { name: 'vm', uuid: '00000000-0000-4000-8000-000000000001', id: 3 }
const number = (field: string, value: number): TypedParameter => ({ field, type: 'ullong', value })
const string = (field: string, value: string): TypedParameter => ({ field, type: 'string', value })

describe('domain stats', () => {
  it('get their structure back', () => {
    const stats = domainStatsOf({
      dom,
      params: [
        number('state.state', 3),
        number('state.reason', 12),
        number('cpu.time', 5),
        number('balloon.current', 1024),
        number('vcpu.current', 2),
        number('vcpu.maximum', 4),
        number('vcpu.0.state', 1),
        number('vcpu.3.state', 1),
        number('vcpu.3.time', 9),
        number('net.count', 1),
        string('net.0.name', 'vnet0'),
        number('net.0.rx.bytes', 7),
        number('block.count', 1),
        string('block.0.name', 'vda'),
        number('block.0.wr.bytes', 8),
        number('dirtyrate.calc_status', 2),
        number('dirtyrate.megabytes_per_second', 40),
      ],
    })
    expect(stats.state).toEqual({ state: 'paused', reason: 'postcopy' })
    expect([stats.cpu.timeNs, stats.cpu.userNs, stats.balloon.currentKib, stats.vcpuCount]).toEqual([5, null, 1024, 2])
    expect(stats.vcpus.map(({ number, state, timeNs }) => [number, state, timeNs])).toEqual([
      [0, 'running', null],
      [3, 'running', 9],
    ])
    expect(stats.interfaces.map(({ name, received }) => [name, received.bytes])).toEqual([['vnet0', 7]])
    expect(stats.disks.map(({ name, writtenBytes, path }) => [name, writtenBytes, path])).toEqual([['vda', 8, null]])
    expect(stats.dirtyRate).toMatchObject({ status: 'measured', mibPerSecond: 40 })
  })

  it('believe no count that could not have been told', () => {
    const stats = domainStatsOf({ dom, params: [number('net.count', 4e9), number('block.count', 4e9), number('vcpu.maximum', 4e9)] })
    expect(stats.interfaces.length + stats.disks.length).toBeLessThan(10)
    expect(stats.vcpus).toEqual([])
  })
})

describe('job stats', () => {
  it('carry their units in their names', () => {
    const job = jobStatsOf({
      type: 2,
      params: [number('operation', 5), number('memory_total', 1024), number('memory_dirty_rate', 3), number('auto_converge_throttle', 20)],
    })
    expect(job).toMatchObject({ type: 'unbounded', operation: 'migration-out', throttlePercent: 20, hasSucceeded: null })
    expect([job.memory.totalBytes, job.memory.dirtyPagesPerSecond, job.memory.iteration, job.disk.totalBytes]).toEqual([
      1024,
      3,
      null,
      null,
    ])
    expect(jobStatsOf({ type: 0, params: [] })).toMatchObject({ type: 'none', operation: 'unknown' })
  })
})
