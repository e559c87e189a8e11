import { parseDocument, parseRoot, serialise, type Element, type Node } from '../document.ts'
import { childNamed, childrenNamed, childrenOf, descendantsOf, setAttribute, setText } from '../edit.ts'
import { QEMU_NAMESPACE } from './command-line.ts'
import { HIDDEN, hideArguments, hideKernelArguments, hideUser, SECRET_NAME } from './secret-arguments.ts'

/**
 * A domain's XML as it may be shown, logged or stored. Removed are display passwords, cookies of HTTP disks, launch blobs of encrypted
 * guests and comments; hidden are values in metadata, SMBIOS, firmware configuration, the kernel's and QEMU's command line that are
 * called secret or may be one. References to libvirt secrets (uuid, usage) stay: they are no secrets.
 * @throws Failure `xml-invalid`
 */
export function withoutSecrets(xml: string): string {
  const domain = parseRoot(xml, 'domain')
  for (const element of [...descendantsOf(domain)]) {
    const attributes = [...element.attributes].map((attribute) => attribute.name)
    for (const name of attributes) {
      const value = element.getAttribute(name) ?? ''
      if (/^(passwd|password|passphrase)$/i.test(name)) setAttribute(element, name, undefined)
      // The query of a disk over HTTP, where signed addresses have their signature.
      else if (name === 'query' && element.nodeName === 'source') element.setAttribute(name, HIDDEN)
      else if (value.includes('@')) element.setAttribute(name, hideUser(value))
    }
  }
  for (const metadata of childrenNamed(domain, 'metadata')) for (const each of childrenOf(metadata)) hideNamed(each)
  for (const sysinfo of childrenNamed(domain, 'sysinfo')) hideSystemInformation(sysinfo)
  const commandLine = childNamed(domain, 'os') && childNamed(childNamed(domain, 'os') ?? domain, 'cmdline')
  if (commandLine) setText(commandLine, hideKernelArguments(commandLine.textContent ?? ''))
  for (const own of childrenOf(domain)) if (own.namespaceURI === QEMU_NAMESPACE) hideCommandLine(own)
  let hasLeftOut = false
  const text = serialise(domain.ownerDocument ?? domain, (node) => {
    const leavesOut = isLeftOut(node)
    hasLeftOut ||= leavesOut
    return leavesOut
  })
  // Parsed once more, so that an element that has lost all its content is written as any other empty one.
  return hasLeftOut ? serialise(parseDocument(text)) : text
}

// Left out while writing: taking nodes out of the tree one by one would take quadratic time.
function isLeftOut(node: Node): boolean {
  if (node.nodeType === node.TEXT_NODE) {
    // The white space that indented what is left out goes with it.
    return node.nextSibling !== null && isLeftOut(node.nextSibling) && /^\s*$/.test(node.nodeValue ?? '')
  }
  if (node.nodeType === node.COMMENT_NODE) return true
  const { nodeName } = node
  return nodeName === 'cookies' || (node.parentNode?.nodeName === 'launchSecurity' && LAUNCH_BLOBS.has(nodeName))
}

const LAUNCH_BLOBS: ReadonlySet<string> = new Set(['dhCert', 'session', 'idAuth', 'hostData'])

/** Hides content and attributes of everything called a secret, at any depth: each tool has its own words. */
function hideNamed(element: Element): void {
  const isSecret = SECRET_NAME.test(element.localName ?? '')
  for (const attribute of [...element.attributes]) {
    const isDeclaration = attribute.name === 'xmlns' || attribute.prefix === 'xmlns'
    if (!isDeclaration && (isSecret || SECRET_NAME.test(attribute.localName ?? attribute.name))) attribute.value = HIDDEN
  }
  if (isSecret && (element.textContent ?? '') !== '') return setText(element, HIDDEN)
  for (const child of childrenOf(element)) hideNamed(child)
}

/** OEM strings and fw_cfg entries carry Ignition configurations and systemd credentials; serial numbers and names do not. */
function hideSystemInformation(sysinfo: Element): void {
  const isFirmwareConfiguration = sysinfo.getAttribute('type') === 'fwcfg'
  const holders = isFirmwareConfiguration ? [sysinfo] : childrenNamed(sysinfo, 'oemStrings')
  for (const entry of holders.flatMap((holder) => childrenNamed(holder, 'entry')))
    if ((entry.textContent ?? '') !== '') setText(entry, HIDDEN)
}

function hideCommandLine(commandLine: Element): void {
  const children = childrenOf(commandLine)
  const args = children.filter((element) => element.localName === 'arg')
  const shown = hideArguments(args.map((element) => element.getAttribute('value') ?? ''))
  args.forEach((element, at) => setAttribute(element, 'value', shown[at]))
  for (const element of children) if (element.localName === 'env') setAttribute(element, 'value', HIDDEN)
}
