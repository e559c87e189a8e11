import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { decodeValue, encodeValue, type Codec } from './codec.ts'
import { connectionClosedEvent, domainEvents, monitorEvent } from './events.ts'
import { remoteError } from './objects.ts'
import { procedureOf, procedures } from './procedures.ts'
import { programs } from './procedures/procedure.ts'
import { valuesOf } from './shape.fixture.ts'

const codecs: [string, Codec<unknown>][] = [
  ...Object.entries(procedures).flatMap(([name, { args, result }]): [string, Codec<unknown>][] => [
    [`${name} args`, args as Codec<unknown>],
    [`${name} result`, result as Codec<unknown>],
  ]),
  ...Object.entries(domainEvents).map(([name, { payload }]): [string, Codec<unknown>] => [`event ${name}`, payload as Codec<unknown>]),
  ['monitor event', monitorEvent.payload],
  ['connection closed event', connectionClosedEvent.payload],
  ['error', remoteError],
]

describe('the table of procedures', () => {
  it.each(codecs)('%s comes back as it went', (_, codec) => {
    fc.assert(
      fc.property(valuesOf(codec.shape), (value) => {
        const bytes = encodeValue(codec, value)
        expect(bytes.length % 4).toBe(0)
        expect(decodeValue(codec, bytes)).toEqual(value)
      }),
      { numRuns: 25 },
    )
  })

  it.each(codecs)('%s refuses what is cut short or garbled, and nothing but with a failure', (_, codec) => {
    const failsOrDecodes = (bytes: Buffer): void => {
      try {
        decodeValue(codec, bytes)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Failure)
        expect((thrown as Failure).code).toBe('protocol')
      }
    }
    fc.assert(
      fc.property(valuesOf(codec.shape), fc.uint8Array({ maxLength: 64 }), fc.nat(), (value, garbage, at) => {
        const bytes = Buffer.from(encodeValue(codec, value))
        if (bytes.length > 0) expect(() => decodeValue(codec, bytes.subarray(0, at % bytes.length))).toThrow(Failure)
        expect(() => decodeValue(codec, Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(Failure)
        failsOrDecodes(Buffer.from(garbage))
        const bent = Buffer.from(bytes)
        if (bent.length > 0) bent[at % bent.length] = (bent[at % bent.length] ?? 0) ^ 0xff
        failsOrDecodes(bent)
      }),
      { numRuns: 25 },
    )
  })

  it('gives every number to one procedure', () => {
    const numbers = Object.values(procedures).map(({ program, number }) => `${program} ${number}`)
    expect(new Set(numbers).size).toBe(numbers.length)
    for (const [name, { program, number }] of Object.entries(procedures)) expect(procedureOf(programs[program], number)).toBe(name)
    expect(procedureOf(programs.remote, 9999)).toBeUndefined()
  })
})
