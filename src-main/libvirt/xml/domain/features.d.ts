import type { Element } from '../document.ts';
/** `<features>`. https://libvirt.org/formatdomain.html#hypervisor-features */
export interface Features {
    /** Names of all that are on, in order: `acpi`, `apic`, `hyperv.relaxed`, `kvm.hidden`, `smm`, ... */
    readonly enabled: readonly string[];
    /** Hyper-V enlightenments: `custom` lists them, `passthrough` takes what the host has and so ties the guest to it. */
    readonly hypervMode: 'custom' | 'passthrough' | undefined;
    readonly hasAcpi: boolean;
    readonly hasSmm: boolean;
}
export declare function readFeatures(domain: Element): Features;
