/**
 * A migration cookie without QEMU's capability `postcopy-preempt`: where both sides' libvirt find it in each other's cookies they open a second connection for urgent
 * pages, which a relay would have to carry with a state of its own (libvirt >= 11, qemu_migration_cookie.c). All else stays as it is.
 */
export function withoutPreempt(cookie: Buffer): Buffer {
  const text = cookie.toString('latin1')
  const without = text.replace(/[ \t]*<cap name=(['"])postcopy-preempt\1[^>]*\/>\n?/g, '')
  return without === text ? cookie : Buffer.from(without, 'latin1')
}
