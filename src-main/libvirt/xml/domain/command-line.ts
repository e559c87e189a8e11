import type { Element } from '../document.ts'
import { childrenOf } from '../edit.ts'
import { hideArguments } from './secret-arguments.ts'

/** The namespace of `qemu:commandline`. https://libvirt.org/drvqemu.html#pass-through-of-arbitrary-qemu-commands */
export const QEMU_NAMESPACE = 'http://libvirt.org/schemas/domain/qemu/1.0'

/** What is handed to QEMU past libvirt, so that libvirt vouches for nothing about it. */
export interface CommandLine {
  /** Without what is or may be a secret. */
  readonly args: readonly string[]
  /** Names only: values may be secrets. */
  readonly environment: readonly string[]
  /** `qemu:override` and `qemu:capabilities` are there. */
  readonly hasOverrides: boolean
}

export function readCommandLine(domain: Element): CommandLine | undefined {
  const ours = childrenOf(domain).filter((child) => child.namespaceURI === QEMU_NAMESPACE)
  if (ours.length === 0) return undefined
  const inner = ours.filter((element) => element.localName === 'commandline').flatMap(childrenOf)
  return {
    args: hideArguments(inner.filter((element) => element.localName === 'arg').map((element) => element.getAttribute('value') ?? '')),
    environment: inner.filter((element) => element.localName === 'env').flatMap((element) => element.getAttribute('name') ?? []),
    hasOverrides: ours.some((element) => element.localName !== 'commandline' && element.localName !== 'deprecation'),
  }
}
