/** Signs that need Shift on the keyboard that QEMU's VNC server assumes (en-us): it takes the place of a key, not the sign. */
const shifted = /^[A-Z~!@#$%^&*()_+{}|:"<>?]$/
const special: Readonly<Record<string, number>> = { '\n': 0xff0d, '\t': 0xff09 }

/** One key of a text to be typed into a VNC display, as an X keysym. */
export interface TypedKey {
  readonly keysym: number
  readonly needsShift: boolean
}

/** A text as keys: X keysyms are Latin-1 itself, and Unicode above that with 0x01000000 (keysymdef.h). Line ends are Enter; other control signs are left out. */
export function keysOf(text: string): TypedKey[] {
  const keys: TypedKey[] = []
  for (const letter of text.replaceAll('\r\n', '\n')) {
    const code = letter.codePointAt(0) ?? 0
    const known = special[letter]
    if (known === undefined && (code < 0x20 || (code >= 0x7f && code < 0xa0))) continue
    keys.push({ keysym: known ?? (code <= 0xff ? code : 0x01000000 + code), needsShift: shifted.test(letter) })
  }
  return keys
}
