import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { driverFeatures } from '../wire/constants/connect.ts'
import { encodeFrame, type Frame } from '../wire/frame.ts'
import { encodeKeepalive, keepaliveKind } from '../wire/keepalive.ts'
import { programs } from '../wire/procedures/procedure.ts'
import { Connection, type ConnectionOptions, type ConnectionState } from './connection.ts'
import { FarSide, Refusal } from './far-side.fixture.ts'
import { isLibvirtError, isUnsupported } from './libvirt-error.ts'

const open = (far: FarSide, options?: ConnectionOptions): Promise<Connection> => Connection.open(far.near, options)
const rejection = (promise: Promise<unknown>): Promise<Failure> =>
  promise.then(
    () => expect.fail('was to reject'),
    (thrown: Failure) => thrown,
  )

afterEach(() => vi.useRealTimers())

describe('opening', () => {
  it('asks for the URI and the access that were wanted', async () => {
    const far = new FarSide()
    const connection = await open(far, { uri: 'qemu:///session', readOnly: true })
    expect(far.argsOf('connectOpen')).toEqual([{ name: 'qemu:///session', flags: 1 }])
    expect(connection.state).toEqual({ kind: 'open' })
    connection.close()
  })

  it('does what polkit wants', async () => {
    const far = new FarSide({ authTypes: [2] }).on('authPolkit', () => ({ complete: 1 }))
    const connection = await open(far)
    expect(far.count('authPolkit')).toBe(1)
    connection.close()
  })

  it.each([
    ['auth-polkit', [2], /group "libvirt".*org\.libvirt\.unix\.manage/],
    ['auth-sasl-unsupported', [1], /auth_unix_rw/],
    ['auth-unsupported', [7], undefined],
  ])('explains %s', async (code, authTypes, next) => {
    const far = new FarSide({ authTypes }).on('authPolkit', () => {
      throw new Refusal('VIR_ERR_AUTH_UNAVAILABLE', 'no polkit agent', 'VIR_FROM_POLKIT')
    })
    const failure = await rejection(open(far))
    expect(failure.code).toBe(code)
    if (next) expect(failure.next).toMatch(next)
    expect(far.near.destroyed).toBe(true)
  })

  it('gives up on a daemon that says nothing, and closes what it was given', async () => {
    const far = new FarSide()
    void far.mute('connectOpen')
    expect((await rejection(open(far, { callDeadlineMs: 20 }))).code).toBe('deadline')
    expect(far.near.destroyed).toBe(true)
    const aborted = new FarSide()
    expect(await rejection(open(aborted, { signal: AbortSignal.abort(new Failure('stopped', 'Stopped.')) }))).toHaveProperty(
      'code',
      'stopped',
    )
    expect(aborted.near.destroyed).toBe(true)
  })
})

describe('calls', () => {
  it('match their answers, in whatever order those come', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), fc.integer({ min: 1, max: 60 }), async (order, chunk) => {
        const far = new FarSide()
        const frames: Frame[] = []
        far.on('domainLookupByName', (_, frame) => {
          frames.push(frame)
          return new Promise<never>(() => {})
        })
        const connection = await open(far)
        const names = ['a', 'b', 'c', 'd']
        const answers = Promise.all(names.map((name) => connection.call('domainLookupByName', { name })))
        await far.called('domainLookupByName', 4)
        const bytes: Buffer[] = []
        const real = far.stream.write.bind(far.stream)
        far.stream.write = ((frame: Buffer) => bytes.push(frame) > 0) as typeof far.stream.write
        for (const i of order) {
          far.reply(frames[i] as Frame, 'domainLookupByName', {
            dom: { name: names[i] as string, uuid: '00000000-0000-4000-8000-000000000000', id: i },
          })
        }
        const all = Buffer.concat(bytes)
        for (let at = 0; at < all.length; at += chunk) real(all.subarray(at, at + chunk))
        expect((await answers).map(({ dom }) => dom.id)).toEqual([0, 1, 2, 3])
        connection.close()
      }),
      { numRuns: 40 },
    )
  })

  it('are four at the daemon at most, the rest waits in order', async () => {
    const far = new FarSide()
    const free: (() => void)[] = []
    far.on(
      'domainLookupById',
      ({ id }) =>
        new Promise((resolve) => free.push(() => resolve({ dom: { name: `vm${id}`, uuid: '00000000-0000-4000-8000-000000000000', id } }))),
    )
    const connection = await open(far)
    const answers = [0, 1, 2, 3, 4, 5].map((id) => connection.call('domainLookupById', { id }))
    await far.called('domainLookupById', 4)
    expect(connection.load).toEqual({ queued: 2, inFlight: Array.from({ length: 4 }, () => 'domainLookupById'), streams: 0 })
    for (let answered = 0; answered < 6; answered++) {
      await far.when(() => free.length > answered)
      free[answered]?.()
    }
    expect((await Promise.all(answers)).map(({ dom }) => dom.name)).toEqual(['vm0', 'vm1', 'vm2', 'vm3', 'vm4', 'vm5'])
    expect(connection.load).toEqual({ queued: 0, inFlight: [], streams: 0 })
    connection.close()
  })

  it('that are given up keep their place until the daemon answers', async () => {
    const far = new FarSide()
    const frames: Frame[] = []
    far.on('connectGetCapabilities', (_, frame) => (frames.push(frame), new Promise<never>(() => {})))
    far.on('connectGetHostname', () => ({ hostname: 'h' }))
    const connection = await open(far)
    const abort = new AbortController()
    const late = [1, 2, 3].map(() => rejection(connection.call('connectGetCapabilities', undefined, { deadlineMs: 5 })))
    const aborted = rejection(connection.call('connectGetCapabilities', undefined, { signal: abort.signal }))
    abort.abort(new Failure('stopped', 'Stopped.'))
    expect((await Promise.all([...late, aborted])).map(({ code }) => code)).toEqual(['deadline', 'deadline', 'deadline', 'stopped'])
    expect(connection.load.inFlight).toHaveLength(4)
    const queued = await rejection(connection.call('connectGetHostname', undefined, { deadlineMs: 5 }))
    expect(queued.evidence).toMatch(/waited for a free place.*connectGetCapabilities/)
    expect(connection.load.queued).toBe(0)
    far.reply(frames[0] as Frame, 'connectGetCapabilities', { capabilities: '<c/>' })
    expect(await connection.call('connectGetHostname')).toEqual({ hostname: 'h' })
    connection.close()
  })

  it("carry libvirt's errors with code, domain and text", async () => {
    const far = new FarSide().on('domainLookupByName', ({ name }) => {
      throw new Refusal('VIR_ERR_NO_DOMAIN', `no domain ${name}`)
    })
    const connection = await open(far)
    const error = await rejection(connection.call('domainLookupByName', { name: 'x' }))
    expect(error).toMatchObject({
      code: 'libvirt',
      number: 42,
      errorName: 'VIR_ERR_NO_DOMAIN',
      domain: 10,
      domainName: 'VIR_FROM_QEMU',
      text: 'no domain x',
    })
    expect([isLibvirtError(error, 'VIR_ERR_NO_DOMAIN'), isLibvirtError(error, 'VIR_ERR_RPC')]).toEqual([true, false])
    expect(isUnsupported(await rejection(connection.call('connectGetType')))).toBe(true)
    connection.close()
  })

  it('refuse what the wire cannot carry, and go on', async () => {
    const far = new FarSide().on('connectGetHostname', () => ({ hostname: 'h' }))
    const connection = await open(far)
    expect((await rejection(connection.call('domainLookupById', { id: 0.5 }))).code).toBe('encode')
    expect(await connection.call('connectGetHostname')).toEqual({ hostname: 'h' })
    connection.close()
    const failures = new FarSide()
    void failures.mute('connectGetHostname')
    const full = await open(failures)
    const all = Array.from({ length: 4 + 1024 + 1 }, () => rejection(full.call('connectGetHostname')))
    expect((await (all.at(-1) as Promise<Failure>)).code).toBe('too-many-calls')
    full.close()
    expect(new Set((await Promise.all(all.slice(0, -1))).map(({ code }) => code))).toEqual(new Set(['connection-lost']))
  })
})

describe('the end', () => {
  it('rejects what is pending and is told once', async () => {
    const far = new FarSide()
    void far.mute('connectGetHostname')
    const connection = await open(far)
    const states: ConnectionState[] = []
    connection.onDidClose((state) => states.push(state))
    const pending = rejection(connection.call('connectGetHostname'))
    await far.called('connectGetHostname')
    far.stream.end()
    expect(await pending).toMatchObject({ code: 'connection-lost', message: expect.stringContaining('connectGetHostname') })
    connection.close()
    expect(states.map(({ kind }) => kind)).toEqual(['lost'])
    expect((await rejection(connection.call('connectGetHostname'))).code).toBe('connection-lost')
  })

  it('that we make is idempotent and leaves nothing open', async () => {
    const far = new FarSide()
    void far.mute('connectGetHostname')
    const connection = await open(far)
    const states: ConnectionState[] = []
    connection.onDidClose((state) => states.push(state))
    const pending = rejection(connection.call('connectGetHostname'))
    connection.close()
    connection.close()
    expect((await pending).code).toBe('connection-lost')
    expect(states).toEqual([{ kind: 'closed' }])
    expect(far.near.destroyed).toBe(true)
  })
})

describe('a far side that is no daemon', () => {
  const header = { program: programs.remote, version: 1, procedure: 59, type: 'reply', serial: 999, status: 'ok' } as const

  it.each([
    ['an answer to a call that was never made', encodeFrame(header)],
    ['another program', encodeFrame({ ...header, program: 7 })],
    ['another version', encodeFrame({ ...header, version: 2 })],
    ['a call', encodeFrame({ ...header, type: 'call' })],
    ['a banner', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a length beyond the limit', Buffer.from('02000005', 'hex')],
  ])('is reported: %s', async (_, bytes) => {
    const far = new FarSide()
    void far.mute('connectGetHostname')
    const connection = await open(far)
    const pending = rejection(connection.call('connectGetHostname'))
    await far.called('connectGetHostname')
    far.stream.write(bytes)
    expect(await pending).toMatchObject({ code: 'connection-lost', cause: { code: 'protocol' } })
    expect(far.near.destroyed).toBe(true)
  })

  it('never makes a call hang or the program throw, whatever it sends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.uint8Array({ minLength: 1, maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
            fc
              .record({
                program: fc.constantFrom(programs.remote, programs.qemu, 0x6b656570, 1),
                version: fc.constantFrom(1, 2),
                procedure: fc.oneof(fc.integer({ min: -1, max: 460 }), fc.constantFrom(59, 318, 6)),
                type: fc.constantFrom('call', 'reply', 'message', 'stream', 'streamHole', 'replyWithFds'),
                serial: fc.integer({ min: 0, max: 8 }),
                status: fc.constantFrom('ok', 'error', 'continue'),
                payload: fc.uint8Array({ maxLength: 60 }),
              })
              .map(({ payload, ...header }) => encodeFrame(header as Parameters<typeof encodeFrame>[0], payload)),
          ),
          { maxLength: 6 },
        ),
        async (writes) => {
          const far = new FarSide()
          void far.mute('connectGetHostname')
          const connection = await open(far)
          connection.events.onDidChangeLifecycle(() => {})
          const pending = connection.call('connectGetHostname').then(
            ({ hostname }) => expect(typeof hostname).toBe('string'),
            (thrown) => expect(thrown).toBeInstanceOf(Failure),
          )
          await far.called('connectGetHostname')
          for (const bytes of writes) far.stream.write(bytes)
          far.stream.end()
          await pending
          connection.close()
          expect(far.near.destroyed).toBe(true)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('keepalive', () => {
  it("answers the daemon's pings", async () => {
    const far = new FarSide()
    const connection = await open(far)
    far.stream.write(encodeKeepalive('ping'))
    await far.when(() => far.others.some((frame) => keepaliveKind(frame) === 'pong'))
    connection.close()
  })

  it('pings a quiet daemon that knows it, and gives it up after the last miss', async () => {
    vi.useFakeTimers()
    const far = new FarSide({ supports: [driverFeatures.programKeepalive] })
    const connection = await open(far, { keepalive: { intervalMs: 1000, count: 2 } })
    const ended = new Promise<ConnectionState>((resolve) => connection.onDidClose(resolve))
    await vi.advanceTimersByTimeAsync(1000)
    await far.when(() => far.others.length === 1)
    far.stream.write(encodeKeepalive('pong'))
    await vi.advanceTimersByTimeAsync(3500)
    expect(connection.isOpen).toBe(true)
    await vi.advanceTimersByTimeAsync(1000)
    expect(await ended).toMatchObject({ kind: 'lost', reason: { code: 'connection-lost', message: expect.stringContaining('2 s') } })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves alone a daemon that does not know it', async () => {
    vi.useFakeTimers()
    const far = new FarSide()
    const connection = await open(far, { keepalive: { intervalMs: 1000, count: 1 } })
    await vi.advanceTimersByTimeAsync(10_000)
    expect([connection.isOpen, far.others.length]).toEqual([true, 0])
    connection.close()
  })
})
