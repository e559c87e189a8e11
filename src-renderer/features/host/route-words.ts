/** How libvirt on a host is reached, in words; the names are those of the transport. */
const routes: Readonly<Record<string, string>> = {
  socket: 'its libvirt socket, directly',
  'virt-ssh-helper': 'virt-ssh-helper on the host',
  netcat: 'nc on the host',
  'sudo-virt-ssh-helper': 'virt-ssh-helper under sudo',
  'sudo-netcat': 'nc under sudo',
  twin: 'a simulation',
}

/** The way to libvirt as a person reads it; unknown ways by their own name. */
export function routeWord(route: string): string {
  return routes[route] ?? route
}
