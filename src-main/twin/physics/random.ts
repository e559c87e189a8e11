/** 32 bits out of a text (FNV-1a), to seed what belongs to a name. */
export function hashOf(text: string, seed = 0): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}

/** A UUID that is the same for the same text. */
export function uuidOf(text: string): string {
  const hex = [0, 1, 2, 3].map((part) => hashOf(`${part} ${text}`, part * 0x9e3779b9).toString(16).padStart(8, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
