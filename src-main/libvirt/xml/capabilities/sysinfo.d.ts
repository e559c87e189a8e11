/** What ConnectGetSysinfo answers: the host's firmware tables. https://libvirt.org/formatdomain.html#smbios-system-information */
export interface SystemInformation {
    /** `vendor`, `version`, `date`. */
    readonly bios: Readonly<Record<string, string>>;
    /** `manufacturer`, `product`, `serial`, `uuid`, `family`. */
    readonly system: Readonly<Record<string, string>>;
    readonly processorCount: number;
    readonly memoryModuleCount: number;
}
/** @throws Failure `xml-invalid` */
export declare function readSystemInformation(xml: string): SystemInformation;
