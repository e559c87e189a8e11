import type { Codec } from './codec.ts'
import { maxString } from './limits.ts'
import { protocolFailure } from './reader.ts'

/** virTypedParameter: a named value that says its own type. 64-bit numbers are exact to 2^53. */
export type TypedParameter =
  | { readonly field: string; readonly type: 'int' | 'uint' | 'llong' | 'ullong' | 'double'; readonly value: number }
  | { readonly field: string; readonly type: 'boolean'; readonly value: boolean }
  | { readonly field: string; readonly type: 'string'; readonly value: string }

// VIR_TYPED_PARAM_* of libvirt-common.h
const types = { int: 1, uint: 2, llong: 3, ullong: 4, double: 5, boolean: 6, string: 7 } as const

export const typedParameter: Codec<TypedParameter> = {
  shape: { kind: 'typed-parameter' },
  encode(writer, { field, type, value }) {
    writer.string(field, maxString)
    writer.int(types[type])
    if (type === 'string') writer.string(value, maxString)
    else if (type === 'boolean') writer.int(value ? 1 : 0)
    else if (type === 'int') writer.int(value)
    else if (type === 'uint') writer.uint(value)
    else if (type === 'llong') writer.hyper(value)
    else if (type === 'ullong') writer.uhyper(value)
    else writer.double(value)
  },
  decode(reader) {
    const field = reader.name(maxString)
    const type = reader.int()
    switch (type) {
      case types.int:
        return { field, type: 'int', value: reader.int() }
      case types.uint:
        return { field, type: 'uint', value: reader.uint() }
      case types.llong:
        return { field, type: 'llong', value: reader.hyper() }
      case types.ullong:
        return { field, type: 'ullong', value: reader.uhyper() }
      case types.double:
        return { field, type: 'double', value: reader.double() }
      case types.boolean:
        return { field, type: 'boolean', value: reader.int() !== 0 }
      case types.string:
        return { field, type: 'string', value: reader.string(maxString) }
      default:
        throw protocolFailure(`The typed parameter "${field}" is of the unknown type ${type}.`)
    }
  },
}

/** Typed parameters by name. Of a field that repeats the last one is kept. */
export class TypedParameters {
  readonly #byField = new Map<string, TypedParameter['value']>()

  constructor(parameters: readonly TypedParameter[]) {
    for (const { field, value } of parameters) this.#byField.set(field, value)
  }

  /** null where the daemon did not report it. */
  number(field: string): number | null {
    const value = this.#byField.get(field)
    return typeof value === 'number' ? value : null
  }

  string(field: string): string | null {
    const value = this.#byField.get(field)
    return typeof value === 'string' ? value : null
  }

  boolean(field: string): boolean | null {
    const value = this.#byField.get(field)
    return typeof value === 'boolean' ? value : typeof value === 'number' ? value !== 0 : null
  }
}
