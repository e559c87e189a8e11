import { childrenNamed } from './edit.ts'
import type { Element } from './document.ts'
import { parseBytes, parseKibibytes } from './quantity.ts'

/**
 * Reads one typed value from an element. Readers are declared, not written: a {@link shape} names its fields and where each stands.
 *
 * Where: `name` or `a/b` a child element, `@name` or `a/@name` an attribute, `.` the element itself. The first match counts, as in libvirt.
 * Values that do not fit (a word for a number) read as absent: libvirt is newer than any list here, and one odd field must not hide a VM.
 */
export type Reader<T> = (element: Element) => T
export type Read<R> = R extends Reader<infer T> ? T : never

/** An object of the values that each field's reader finds. */
export function shape<S extends Record<string, Reader<unknown>>>(fields: S): Reader<{ readonly [K in keyof S]: Read<S[K]> }> {
  const entries = Object.entries(fields)
  return (element) => Object.fromEntries(entries.map(([name, read]) => [name, read(element)])) as { readonly [K in keyof S]: Read<S[K]> }
}

interface Place {
  readonly steps: readonly string[]
  readonly attribute: string | undefined
}

function placeOf(where: string): Place {
  const steps = where.split('/').filter((step) => step !== '.')
  const last = steps.at(-1)
  return last?.startsWith('@') ? { steps: steps.slice(0, -1), attribute: last.slice(1) } : { steps, attribute: undefined }
}

function elementsAt(element: Element, steps: readonly string[]): readonly Element[] {
  return steps.reduce<readonly Element[]>((found, step) => found.flatMap((each) => childrenNamed(each, step)), [element])
}

/** The first element at the place that has the attribute, or the first element where none is asked for. */
function ownerAt(element: Element, { steps, attribute }: Place): Element | undefined {
  const found = elementsAt(element, steps)
  return attribute === undefined ? found[0] : found.find((each) => each.hasAttribute(attribute))
}

function value<T>(where: string, convert: (raw: string, owner: Element) => T | undefined): Reader<T | undefined> {
  const place = placeOf(where)
  return (element) => {
    const owner = ownerAt(element, place)
    if (!owner) return undefined
    const raw = place.attribute === undefined ? owner.textContent : owner.getAttribute(place.attribute)
    return raw === null ? undefined : convert(raw, owner)
  }
}

/** Text, untrimmed. */
export function text(where: string): Reader<string | undefined> {
  return value(where, (raw) => raw)
}

/** One of the known words, `other` for one that is not known here. */
export function word<const V extends string>(where: string, known: readonly V[]): Reader<V | 'other' | undefined> {
  const words: ReadonlySet<string> = new Set(known)
  return value(where, (raw) => (words.has(raw.trim()) ? (raw.trim() as V) : 'other'))
}

/** A whole number from zero up. */
export function whole(where: string): Reader<number | undefined> {
  return value(where, (raw) => (/^\s*\d{1,16}\s*$/.test(raw) && Number.isSafeInteger(Number(raw)) ? Number(raw) : undefined))
}

/** A number written decimal, octal (`010`) or hexadecimal (`0x1f`), as in addresses. */
export function addressNumber(where: string): Reader<number | undefined> {
  return value(where, (raw) => {
    const digits = raw.trim()
    if (/^0x[0-9a-f]{1,12}$/i.test(digits)) return parseInt(digits, 16)
    if (/^0[0-7]{1,12}$/.test(digits)) return parseInt(digits, 8)
    return /^\d{1,12}$/.test(digits) ? Number(digits) : undefined
  })
}

/** `yes` and `on` are true, `no` and `off` false. */
export function yes(where: string): Reader<boolean | undefined> {
  return value(where, (raw) => (/^(yes|on)$/.test(raw.trim()) ? true : /^(no|off)$/.test(raw.trim()) ? false : undefined))
}

/** Whether the element or attribute is there at all. */
export function has(where: string): Reader<boolean> {
  const place = placeOf(where)
  return (element) => ownerAt(element, place) !== undefined
}

/** An amount of memory in KiB. The unit stands beside the value, `KiB` where it does not. */
export function kibibytes(where: string, unit = 'KiB'): Reader<number | undefined> {
  return value(where, (raw, owner) => parseKibibytes(raw, owner.getAttribute('unit') ?? unit))
}

/** An amount in bytes. The unit stands beside the value, `bytes` where it does not. */
export function bytes(where: string, unit = 'bytes'): Reader<number | undefined> {
  return value(where, (raw, owner) => parseBytes(raw, owner.getAttribute('unit') ?? unit))
}

/** What `read` makes of the first element there. */
export function one<T>(where: string, read: Reader<T>): Reader<T | undefined> {
  const place = placeOf(where)
  return (element) => {
    const owner = ownerAt(element, place)
    return owner && read(owner)
  }
}

/** What `read` makes of every element there, in document order; elements that it answers with undefined are left out. */
export function many<T>(where: string, read: Reader<T | undefined>): Reader<readonly T[]> {
  const { steps } = placeOf(where)
  return (element) => elementsAt(element, steps).flatMap((each) => read(each) ?? [])
}

/** `fallback` where the reader finds nothing. */
export function or<T, const F>(read: Reader<T | undefined>, fallback: F): Reader<T | F> {
  return (element) => read(element) ?? fallback
}

/** What `map` makes of a value that was found. */
export function mapped<T, U>(read: Reader<T | undefined>, map: (found: T) => U): Reader<U | undefined> {
  return (element) => {
    const found = read(element)
    return found === undefined ? undefined : map(found)
  }
}
