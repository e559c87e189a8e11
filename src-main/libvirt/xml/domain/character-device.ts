import { has, or, shape, text, whole, word, type Read } from '../read.ts'

const BACKENDS = [
  'pty',
  'unix',
  'tcp',
  'udp',
  'file',
  'pipe',
  'dev',
  'null',
  'stdio',
  'vc',
  'spicevmc',
  'spiceport',
  'nmdm',
  'qemu-vdagent',
  'dbus',
] as const

/** `<serial>`, `<parallel>`, `<console>` or `<channel>`. https://libvirt.org/formatdomain.html#consoles-serial-parallel-channel-devices */
export const readCharacterDevice = shape({
  /** What it is connected to on the host. */
  type: or(word('@type', BACKENDS), 'other'),
  /** The pty, socket, file or device on the host. */
  path: text('source/@path'),
  mode: word('source/@mode', ['bind', 'connect']),
  host: text('source/@host'),
  service: text('source/@service'),
  /** `isa-serial`, `virtio`, `pci-serial`, ... */
  targetType: text('target/@type'),
  /** The port that a guest agent looks for: `org.qemu.guest_agent.0`. */
  targetName: text('target/@name'),
  targetPort: whole('target/@port'),
  /** For the guest agent's channel: whether the agent answers. */
  state: word('target/@state', ['connected', 'disconnected']),
  logFile: text('log/@file'),
  hasTls: has('source/@tls'),
  alias: text('alias/@name'),
})
export type CharacterDevice = Read<typeof readCharacterDevice>
