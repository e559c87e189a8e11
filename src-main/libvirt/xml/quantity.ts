// virScaleInteger (libvirt, src/util/virutil.c): a lone letter and the -iB forms are binary, the -B forms decimal; case does not matter.
const POWERS = 'kmgtpe'

/** Bytes in one `unit` as libvirt spells it (`KiB`, `k`, `MB`, `bytes`, ...), or undefined for an unknown one. */
export function bytesPerUnit(unit: string): number | undefined {
  const lower = unit.trim().toLowerCase()
  if (lower === '' || lower === 'b' || lower === 'byte' || lower === 'bytes') return 1
  const power = POWERS.indexOf(lower.charAt(0)) + 1
  if (power === 0) return undefined
  const rest = lower.slice(1)
  if (rest === '' || rest === 'ib') return 1024 ** power
  return rest === 'b' ? 1000 ** power : undefined
}

/** A whole number of `unit`s as bytes; undefined where the text is not one, or its value beyond exact integers. */
export function parseBytes(text: string, unit: string): number | undefined {
  const digits = text.trim()
  const each = bytesPerUnit(unit)
  if (each === undefined || !/^\d{1,20}$/.test(digits)) return undefined
  const bytes = Number(digits) * each
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A whole number of `unit`s as KiB, rounded up as libvirt does; exact to 8 EiB. */
export function parseKibibytes(text: string, unit: string): number | undefined {
  const digits = text.trim()
  const each = bytesPerUnit(unit)
  if (each === undefined || !/^\d{1,20}$/.test(digits)) return undefined
  const kibibytes = each >= 1024 && each % 1024 === 0 ? Number(digits) * (each / 1024) : Math.ceil((Number(digits) * each) / 1024)
  return Number.isSafeInteger(kibibytes) ? kibibytes : undefined
}
