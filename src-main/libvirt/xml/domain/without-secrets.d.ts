/** What stands where a secret stood, in places that must keep a value. */
export declare const HIDDEN = "(hidden)";
/**
 * A domain's XML as it may be shown, logged or stored. Removed are display passwords, cookies of HTTP disks, launch blobs of encrypted guests and
 * comments; hidden are values in metadata, SMBIOS, firmware configuration, the kernel's and QEMU's command line that are called secret or
 * may be one. References to libvirt secrets (uuid, usage) stay: they are no secrets.
 * @throws Failure `xml-invalid`
 */
export declare function withoutSecrets(xml: string): string;
