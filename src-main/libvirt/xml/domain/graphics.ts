import type { Element } from '../document.ts'
import { childrenNamed } from '../edit.ts'
import { has, or, shape, text, word, yes, type Read, type Reader } from '../read.ts'

/** Where a display waits for viewers. https://libvirt.org/formatdomain.html#graphical-framebuffers */
export type GraphicsListen =
  | { readonly kind: 'address'; readonly address: string | undefined }
  | { readonly kind: 'network'; readonly network: string; readonly address: string | undefined }
  | { readonly kind: 'socket'; readonly path: string | undefined }
  | { readonly kind: 'none' }

export function readGraphicsListens(graphics: Element): readonly GraphicsListen[] {
  const attribute = (name: string) => graphics.getAttribute(name) ?? undefined
  const listens = childrenNamed(graphics, 'listen').map((listen): GraphicsListen => {
    const own = (name: string) => listen.getAttribute(name) ?? undefined
    switch (listen.getAttribute('type')) {
      case 'network':
        return { kind: 'network', network: own('network') ?? '', address: own('address') }
      case 'socket':
        return { kind: 'socket', path: own('socket') }
      case 'none':
        return { kind: 'none' }
      default:
        return { kind: 'address', address: own('address') ?? attribute('listen') }
    }
  })
  if (listens.length > 0) return listens
  if (attribute('socket') !== undefined) return [{ kind: 'socket', path: attribute('socket') }]
  return attribute('listen') === undefined ? [] : [{ kind: 'address', address: attribute('listen') }]
}

/** A port; libvirt writes -1 (or 0) for one that it is still to choose. */
function port(name: string): Reader<number | undefined> {
  return (graphics) => {
    const number = Number(graphics.getAttribute(name) ?? 'none')
    return Number.isInteger(number) && number > 0 && number < 65_536 ? number : undefined
  }
}

/** `<graphics>`. The password is never read: only that there is one. */
export const readGraphics = shape({
  type: or(word('@type', ['vnc', 'spice', 'rdp', 'sdl', 'egl-headless', 'dbus', 'desktop']), 'other'),
  /** Undefined while the domain is off and libvirt chooses. */
  port: port('port'),
  tlsPort: port('tlsPort'),
  websocket: port('websocket'),
  isAutomaticPort: yes('@autoport'),
  /** Present only in XML that was asked for with secrets. */
  hasPassword: has('@passwd'),
  passwordValidTo: text('@passwdValidTo'),
  listens: readGraphicsListens as Reader<readonly GraphicsListen[]>,
  keymap: text('@keymap'),
  hasOpenGl: yes('gl/@enable'),
})
export type Graphics = Read<typeof readGraphics>
