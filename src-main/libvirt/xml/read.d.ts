import type { Element } from './document.ts';
/**
 * Reads one typed value from an element. Readers are declared, not written: a {@link shape} names its fields and where each stands.
 *
 * Where: `name` or `a/b` a child element, `@name` or `a/@name` an attribute, `.` the element itself. The first match counts, as in libvirt.
 * Values that do not fit (a word for a number) read as absent: libvirt is newer than any list here, and one odd field must not hide a VM.
 */
export type Reader<T> = (element: Element) => T;
export type Read<R> = R extends Reader<infer T> ? T : never;
/** An object of the values that each field's reader finds. */
export declare function shape<S extends Record<string, Reader<unknown>>>(fields: S): Reader<{
    readonly [K in keyof S]: Read<S[K]>;
}>;
/** Text, untrimmed. */
export declare function text(where: string): Reader<string | undefined>;
/** One of the known words, `other` for one that is not known here. */
export declare function word<const V extends string>(where: string, known: readonly V[]): Reader<V | 'other' | undefined>;
/** A whole number from zero up. */
export declare function whole(where: string): Reader<number | undefined>;
/** A number written decimal, octal (`010`) or hexadecimal (`0x1f`), as in addresses. */
export declare function addressNumber(where: string): Reader<number | undefined>;
/** `yes` and `on` are true, `no` and `off` false. */
export declare function yes(where: string): Reader<boolean | undefined>;
/** Whether the element or attribute is there at all. */
export declare function has(where: string): Reader<boolean>;
/** An amount of memory in KiB. The unit stands beside the value, `KiB` where it does not. */
export declare function kibibytes(where: string, unit?: string): Reader<number | undefined>;
/** An amount in bytes. The unit stands beside the value, `bytes` where it does not. */
export declare function bytes(where: string, unit?: string): Reader<number | undefined>;
/** What `read` makes of the first element there. */
export declare function one<T>(where: string, read: Reader<T>): Reader<T | undefined>;
/** What `read` makes of every element there, in document order; elements that it answers with undefined are left out. */
export declare function many<T>(where: string, read: Reader<T | undefined>): Reader<readonly T[]>;
/** `fallback` where the reader finds nothing. */
export declare function or<T, const F>(read: Reader<T | undefined>, fallback: F): Reader<T | F>;
/** What `map` makes of a value that was found. */
export declare function mapped<T, U>(read: Reader<T | undefined>, map: (found: T) => U): Reader<U | undefined>;
