import type { Duplex } from 'node:stream'
import type { VmRef } from '../../contract/vm.ts'
import { abortable } from '../../base/abort.ts'
import { Failure } from '../../base/failure.ts'
import { consoleFlags } from '../../libvirt/wire/constants/domain-flags.ts'
import { isLibvirtError } from '../../libvirt/client/libvirt-error.ts'
import { readDomain } from '../../libvirt/xml/domain/domain.ts'
import type { HostDirectory, HostSession } from '../host/host-session.ts'

interface Session {
  readonly stream: Duplex
  readonly close: () => void
}

/** Open consoles by the session id that the window made. */
export class Consoles {
  readonly #sessions = new Map<string, Session>()
  readonly #hosts: HostDirectory

  constructor(hosts: HostDirectory) {
    this.#hosts = hosts
  }

  /**
   * What the console says, as base64, until the signal aborts or the far side closes. Throws `console-busy` when somebody else has the serial
   * console (take it over with `takeOver`), `console-none` when the VM has none, `vm-off` when it is off.
   */
  async *open(
    request: { vm: VmRef; kind: 'serial' | 'vnc'; session: string; takeOver: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<{ data: string }, void> {
    if (this.#sessions.has(request.session)) throw new Failure('console-session', 'A console session of this id is open already.')
    const session = request.kind === 'serial' ? await this.#openSerial(request, signal) : await this.#openVnc(request.vm, signal)
    this.#sessions.set(request.session, session)
    const onAbort = () => session.close()
    signal.addEventListener('abort', onAbort)
    try {
      // The first, empty message tells the window that the console is open: a serial line may stay silent.
      yield { data: '' }
      for await (const chunk of session.stream) yield { data: (chunk as Buffer).toString('base64') }
    } catch (thrown) {
      if (!signal.aborted) throw thrown
    } finally {
      signal.removeEventListener('abort', onAbort)
      this.#sessions.delete(request.session)
      session.close()
    }
  }

  /** Sends base64 bytes to a console. Waits while the far side does not read. Throws `console-closed`. */
  async type(id: string, data: string, signal: AbortSignal): Promise<void> {
    const session = this.#sessions.get(id)
    if (!session || session.stream.destroyed) throw new Failure('console-closed', 'This console is closed.')
    if (session.stream.write(Buffer.from(data, 'base64'))) return
    await abortable(
      new Promise<void>((resolve) => {
        const done = () => {
          session.stream.off('drain', done)
          session.stream.off('close', done)
          resolve()
        }
        session.stream.once('drain', done)
        session.stream.once('close', done)
      }),
      signal,
    )
  }

  async #openSerial(request: { vm: VmRef; takeOver: boolean }, signal: AbortSignal): Promise<Session> {
    // On a connection of its own: while a console is read slowly, nothing else comes over its connection.
    const connection = await this.#hosts.session(request.vm.host).openConnection(signal)
    try {
      const { dom } = await connection.call('domainLookupByUuid', { uuid: request.vm.uuid }, { signal })
      const flags = request.takeOver ? consoleFlags.force : 0
      const { stream } = await connection.openStream('domainOpenConsole', { dom, devName: null, flags }, { signal })
      return {
        stream,
        close: () => {
          stream.destroy()
          connection.close()
        },
      }
    } catch (thrown) {
      connection.close()
      if (isLibvirtError(thrown, 'VIR_ERR_OPERATION_FAILED')) {
        throw new Failure('console-busy', 'Somebody else has this console open.', { evidence: thrown.text, next: 'Take it over: the other session ends.', cause: thrown })
      }
      throw thrown
    }
  }

  async #openVnc(vm: VmRef, signal: AbortSignal): Promise<Session> {
    const host = this.#hosts.session(vm.host)
    const { dom } = await host.connection.call('domainLookupByUuid', { uuid: vm.uuid }, { signal })
    const { xml } = await host.connection.call('domainGetXmlDesc', { dom, flags: 0 }, { signal })
    const stream = await this.#dialVnc(host, xml, signal)
    return { stream, close: () => void stream.destroy() }
  }

  #dialVnc(host: HostSession, xml: string, signal: AbortSignal): Promise<Duplex> {
    const graphics = readDomain(xml).devices.graphics.find(({ type }) => type === 'vnc')
    if (!graphics) throw new Failure('console-none', 'This VM has no VNC display.')
    const listen = graphics.listens[0]
    if (listen?.kind === 'socket' && listen.path) return host.transport.openSocket(listen.path, { signal })
    if (!graphics.port) throw new Failure('vm-off', 'This VM is off, or its display waits on no port that can be reached.')
    const address = listen && 'address' in listen ? listen.address : undefined
    const isAnywhere = address === undefined || address === '0.0.0.0' || address === '::'
    return host.transport.openTcp(isAnywhere ? '127.0.0.1' : address, graphics.port, { signal })
  }
}
