import { parseDocument, parseRoot, serialise, type Element, type Node } from '../document.ts'
import { childNamed, childrenNamed, childrenOf, descendantsOf, setAttribute, setText } from '../edit.ts'
import { QEMU_NAMESPACE } from './command-line.ts'

/** What stands where a secret stood, in places that must keep a value. */
export const HIDDEN = '(hidden)'

const SECRET_NAME = /pass(wd|word|phrase)|^pass$|secret|token|credential|cookie|private.?key|api.?key/i
// In an argument of QEMU: password=…, secret,…,data=…, a firmware file's or an SMBIOS string's content, JSON members of such names.
const SECRET_ARGUMENT = /((?:^|,)(?:[a-z0-9._-]*pass(?:wd|word|phrase)?|data|string|value|token|key|cookie)=)(?:[^,]|,,)*/gi
const MEMBER = /"([^"]*)"(\s*:\s*)"((?:[^"\\]|\\.)*)"/g
const USER_IN_ADDRESS = /([a-z][a-z0-9+.-]{0,30}:\/\/)[^/\s@]{1,500}@/gi

/**
 * A domain's XML as it may be shown, logged or stored. Removed are display passwords, cookies of HTTP disks, launch blobs of encrypted guests and
 * comments; hidden are values in metadata, SMBIOS, firmware configuration, the kernel's and QEMU's command line that are called secret or
 * may be one. References to libvirt secrets (uuid, usage) stay: they are no secrets.
 * @throws Failure `xml-invalid`
 */
export function withoutSecrets(xml: string): string {
  const domain = parseRoot(xml, 'domain')
  for (const element of [...descendantsOf(domain)]) {
    const attributes = [...element.attributes].map((attribute) => attribute.name)
    for (const name of attributes) {
      const value = element.getAttribute(name) ?? ''
      if (/^(passwd|password|passphrase)$/i.test(name)) setAttribute(element, name, undefined)
      else if (value.includes('@')) element.setAttribute(name, value.replace(USER_IN_ADDRESS, `$1${HIDDEN}@`))
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
  for (const entry of holders.flatMap((holder) => childrenNamed(holder, 'entry'))) if ((entry.textContent ?? '') !== '') setText(entry, HIDDEN)
}

function hideKernelArguments(line: string): string {
  return line.replace(/\S+/g, (argument) => {
    const at = argument.indexOf('=')
    return at > 0 && SECRET_NAME.test(argument.slice(0, at)) ? `${argument.slice(0, at)}=${HIDDEN}` : argument
  })
}

/** The argument behind one of these takes a value that may be a secret under any name. */
const SECRET_OPTIONS: ReadonlySet<string> = new Set(['-fw_cfg', '-smbios', '-object', '-drive', '-blockdev', '-chardev', '-spice', '-vnc', '-netdev', '-device'])

function hideCommandLine(commandLine: Element): void {
  let option = ''
  for (const element of childrenOf(commandLine)) {
    const value = element.getAttribute('value') ?? ''
    if (element.localName === 'env') {
      element.setAttribute('value', HIDDEN)
    } else if (element.localName === 'arg') {
      const hidden = value.replace(MEMBER, (whole: string, name: string, colon: string) =>
        name === 'data' || (SECRET_NAME.test(name) && !name.endsWith('-secret')) ? `"${name}"${colon}"${HIDDEN}"` : whole,
      )
      const isKernelLine = option === '-append'
      element.setAttribute('value', isKernelLine ? hideKernelArguments(hidden) : hideArgument(hidden, SECRET_OPTIONS.has(option)))
      option = value.replace(/^--/, '-')
    }
  }
}

function hideArgument(argument: string, isOptionValue: boolean): string {
  const hidden = argument.replace(SECRET_ARGUMENT, (whole: string, name: string) => (isOptionValue || SECRET_NAME.test(name) ? `${name}${HIDDEN}` : whole))
  return hidden.replace(USER_IN_ADDRESS, `$1${HIDDEN}@`)
}
