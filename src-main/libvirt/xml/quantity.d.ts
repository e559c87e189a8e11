/** Bytes in one `unit` as libvirt spells it (`KiB`, `k`, `MB`, `bytes`, ...), or undefined for an unknown one. */
export declare function bytesPerUnit(unit: string): number | undefined;
/** A whole number of `unit`s as bytes; undefined where the text is not one, or its value beyond exact integers. */
export declare function parseBytes(text: string, unit: string): number | undefined;
/** A whole number of `unit`s as KiB, rounded up as libvirt does; exact to 8 EiB. */
export declare function parseKibibytes(text: string, unit: string): number | undefined;
