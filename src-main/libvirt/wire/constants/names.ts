/** Turns a table of names by number round: the name of `value`, or `other` where libvirt has grown one that the table lacks. */
export function nameOf<const T extends { readonly [name: string]: number }, const O extends string>(
  table: T,
  other: O,
): (value: number) => Extract<keyof T, string> | O {
  const byValue = new Map<number, Extract<keyof T, string>>()
  for (const name in table) byValue.set(table[name] as number, name)
  return (value) => byValue.get(value) ?? other
}

/** The union of the named bits. */
export function bits<T extends { readonly [name: string]: number }>(table: T, names: Iterable<keyof T>): number {
  let union = 0
  for (const name of names) union |= table[name] as number
  return union >>> 0
}
