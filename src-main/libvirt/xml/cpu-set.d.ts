/**
 * The numbers of a libvirt CPU or node set, ascending: `0-3,^2,8` is 0, 1, 3, 8. Undefined where the text is none.
 * `limit` is the highest number accepted (libvirt's VIR_DOMAIN_CPUMASK_LEN is 16384).
 */
export declare function parseCpuSet(text: string, limit?: number): readonly number[] | undefined;
/** The shortest text for a set of numbers: 0, 1, 2, 5 is `0-2,5`. */
export declare function formatCpuSet(numbers: Iterable<number>): string;
