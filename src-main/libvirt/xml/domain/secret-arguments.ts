/** What stands where a secret stood, in places that must keep a value. */
export const HIDDEN = '(hidden)'

/** Names that say of a value that it is a secret. */
export const SECRET_NAME = /pass(wd|word|phrase)|^pass$|secret|token|credential|cookie|private.?key|api.?key/i
// In an argument of QEMU: password=…, secret,…,data=…, a firmware file's or an SMBIOS string's content, JSON members of such names.
const SECRET_ARGUMENT = /((?:^|,)(?:[a-z0-9._-]*pass(?:wd|word|phrase)?|data|string|value|token|key|cookie)=)(?:[^,]|,,)*/gi
const MEMBER = /"([^"]*)"(\s*:\s*)"((?:[^"\\]|\\.)*)"/g
const USER_IN_ADDRESS = /([a-z][a-z0-9+.-]{0,30}:\/\/)[^/\s@]{1,500}@/gi

/** An address without the user and password in front of its host. */
export function hideUser(text: string): string {
  return text.replace(USER_IN_ADDRESS, `$1${HIDDEN}@`)
}

/** A kernel command line without the values of arguments that are called secret. */
export function hideKernelArguments(line: string): string {
  return line.replace(/\S+/g, (argument) => {
    const at = argument.indexOf('=')
    return at > 0 && SECRET_NAME.test(argument.slice(0, at)) ? `${argument.slice(0, at)}=${HIDDEN}` : argument
  })
}

/** The argument behind one of these takes a value that may be a secret under any name. */
const SECRET_OPTIONS: ReadonlySet<string> = new Set([
  '-fw_cfg',
  '-smbios',
  '-object',
  '-drive',
  '-blockdev',
  '-chardev',
  '-spice',
  '-vnc',
  '-netdev',
  '-device',
])

/** QEMU's arguments, without what is or may be a secret in them. */
export function hideArguments(args: readonly string[]): readonly string[] {
  let option = ''
  return args.map((argument) => {
    const hidden = hideMembers(argument)
    const shown = option === '-append' ? hideKernelArguments(hidden) : hideArgument(hidden, SECRET_OPTIONS.has(option))
    option = argument.replace(/^--/, '-')
    return shown
  })
}

function hideMembers(argument: string): string {
  return argument.replace(MEMBER, (whole: string, name: string, colon: string) =>
    name === 'data' || (SECRET_NAME.test(name) && !name.endsWith('-secret')) ? `"${name}"${colon}"${HIDDEN}"` : whole,
  )
}

function hideArgument(argument: string, isOptionValue: boolean): string {
  const hidden = argument.replace(SECRET_ARGUMENT, (whole: string, name: string) =>
    isOptionValue || SECRET_NAME.test(name) ? `${name}${HIDDEN}` : whole,
  )
  return hideUser(hidden)
}
