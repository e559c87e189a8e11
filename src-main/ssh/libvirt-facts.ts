import type { ExecResult } from '../transport/transport.ts'

/** What can be seen of libvirt on a host with the user's own rights. */
export interface LibvirtFacts {
  readonly user: string
  readonly groups: readonly string[]
  /** Sockets that the user may open, and those that are there but closed to the user, with the group that may. */
  readonly usable: readonly string[]
  readonly forbidden: readonly { readonly path: string; readonly group: string }[]
  readonly programs: ReadonlySet<string>
}

const script = [
  'echo "user $(id -un)"; echo "groups $(id -Gn)"',
  'for s in "$@"; do d=${s%/*}',
  'if test -S "$s"; then if test -r "$s" && test -w "$s"; then echo "usable $s"; else echo "forbidden $s $(stat -c %G "$s" 2>/dev/null)"; fi',
  'elif test -d "$d" && ! test -x "$d"; then echo "forbidden $s $(stat -c %G "$d" 2>/dev/null)"; fi; done',
  'for p in virt-ssh-helper nc sudo; do if command -v "$p" >/dev/null 2>&1; then echo "program $p"; fi; done',
].join('\n')

/** Looks once, by a small POSIX script. Null where the host runs no commands for this user. Rejects with what `exec` rejects with otherwise. */
export async function readLibvirtFacts(exec: (argv: readonly string[]) => Promise<ExecResult>, sockets: readonly string[]): Promise<LibvirtFacts | null> {
  const { stdout } = await exec(['sh', '-c', script, 'sh', ...sockets])
  const rows = stdout.split('\n').map((line) => line.trim().split(' '))
  const of = (word: string) => rows.filter((row) => row[0] === word).map((row) => row.slice(1))
  const user = of('user')[0]?.[0]
  if (!user) return null
  return {
    user,
    groups: of('groups')[0] ?? [],
    usable: of('usable').map(([path = '']) => path),
    forbidden: of('forbidden').map(([path = '', group = '']) => ({ path, group })),
    programs: new Set(of('program').map(([name = '']) => name)),
  }
}
