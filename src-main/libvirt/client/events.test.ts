import { describe, expect, it } from 'vitest'
import { Connection } from './connection.ts'
import { FarSide, Refusal } from './far-side.fixture.ts'

const dom = { name: 'vm', uuid: '00000000-0000-4000-8000-000000000001', id: 3 }

async function listening(): Promise<{ far: FarSide; connection: Connection }> {
  const far = new FarSide()
  let callbackId = 0
  far.on('connectDomainEventCallbackRegisterAny', () => ({ callbackId: ++callbackId }))
  far.on('connectDomainEventCallbackDeregisterAny', () => {})
  far.on('qemuConnectDomainMonitorEventRegister', () => ({ callbackId: ++callbackId }))
  far.on('qemuConnectDomainMonitorEventDeregister', () => {})
  return { far, connection: await Connection.open(far.near) }
}

describe('events', () => {
  it('register with the first listener and deregister with the last', async () => {
    const { far, connection } = await listening()
    const first = connection.events.onDidChangeLifecycle(() => {})
    const second = connection.events.onDidChangeLifecycle(() => {})
    await connection.events.settled()
    expect(far.argsOf('connectDomainEventCallbackRegisterAny')).toEqual([{ eventId: 0, dom: null }])
    first.dispose()
    first.dispose()
    await connection.events.settled()
    expect(far.count('connectDomainEventCallbackDeregisterAny')).toBe(0)
    second.dispose()
    await connection.events.settled()
    expect(far.argsOf('connectDomainEventCallbackDeregisterAny')).toEqual([{ callbackId: 1 }])
    connection.events.onDidChangeLifecycle(() => {})
    await connection.events.settled()
    expect(far.count('connectDomainEventCallbackRegisterAny')).toBe(2)
    connection.close()
  })

  it('end up as the last wish, however often it changed meanwhile', async () => {
    const { far, connection } = await listening()
    for (let i = 0; i < 10; i++) connection.events.onDidReboot(() => {}).dispose()
    const kept = connection.events.onDidReboot(() => {})
    await connection.events.settled()
    expect(far.count('connectDomainEventCallbackRegisterAny') - far.count('connectDomainEventCallbackDeregisterAny')).toBe(1)
    kept.dispose()
    await connection.events.settled()
    expect(far.count('connectDomainEventCallbackRegisterAny') - far.count('connectDomainEventCallbackDeregisterAny')).toBe(0)
    connection.close()
  })

  it('tell in names what the daemon tells in numbers', async () => {
    const { far, connection } = await listening()
    const told: unknown[] = []
    connection.events.onDidChangeLifecycle((event) => told.push(event.lifecycle))
    connection.events.onDidCompleteJob(({ job }) => told.push([job.operation, job.hasSucceeded, job.downtimeMs, job.memory.totalBytes]))
    connection.events.onDidIterateMigration((event) => told.push(event))
    const last = new Promise((resolve) => connection.events.onMonitorEvent('MIGRATION')(resolve))
    await connection.events.settled()
    far.event('lifecycle', { callbackId: 1, dom, event: 4, detail: 3 })
    far.event('lifecycle', { callbackId: 1, dom, event: 99, detail: 3 })
    far.event('jobCompleted', {
      callbackId: 2,
      dom,
      params: [
        { field: 'operation', type: 'int', value: 5 },
        { field: 'success', type: 'boolean', value: true },
        { field: 'downtime', type: 'ullong', value: 12 },
        { field: 'memory_total', type: 'ullong', value: 1024 },
      ],
    })
    far.event('migrationIteration', { callbackId: 3, dom, iteration: 2 })
    far.event('balloonChange', { callbackId: 9, dom, actual: 1 })
    far.monitorEvent({ callbackId: 4, dom, event: 'STOP', seconds: 0, micros: 0, details: null })
    far.monitorEvent({ callbackId: 4, dom, event: 'MIGRATION', seconds: 1, micros: 2, details: '{"status":"completed"}' })
    expect(await last).toMatchObject({ event: 'MIGRATION', details: '{"status":"completed"}' })
    expect(told).toEqual([
      { event: 'resumed', detail: 'postcopy' },
      { event: 'unknown', detail: 'unknown' },
      ['migration-out', true, 12, 1024],
      { dom, iteration: 2 },
    ])
    connection.close()
  })

  it('say when the daemon does not give them, and ask again for the next listener', async () => {
    const { far, connection } = await listening()
    far.on('qemuConnectDomainMonitorEventRegister', () => {
      throw new Refusal('VIR_ERR_OPERATION_DENIED', 'read only access prevents this')
    })
    const migration = connection.events.onMonitorEvent('MIGRATION')
    const first = migration(() => {})
    await expect(connection.events.settled()).rejects.toMatchObject({ errorName: 'VIR_ERR_OPERATION_DENIED' })
    first.dispose()
    await connection.events.settled()
    far.on('qemuConnectDomainMonitorEventRegister', () => ({ callbackId: 5 }))
    migration(() => {})
    await connection.events.settled()
    expect(far.count('qemuConnectDomainMonitorEventDeregister')).toBe(0)
    connection.close()
    await connection.events.settled()
  })
})
