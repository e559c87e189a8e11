/*
 * Stands before QEMU on lab hosts: makes every guest's RAM 8 KiB larger than it was asked for, changes nothing else, and becomes QEMU.
 *
 * Why: QEMU before 9.0 loses writes of TCG guests while they are migrated. cpu_physical_memory_sync_dirty_bitmap() (include/exec/ram_addr.h)
 * clears the dirty bits of a RAM block without telling the TCG's TLB, so what is written afterwards goes unseen; upstream mended that with
 * cpu_physical_memory_dirty_bits_cleared(). The faulty path is taken only for blocks whose size is a multiple of 64 pages, which libvirt's sizes
 * always are. KVM guests, that is, all but those of a lab, never had the fault. Seen here: one move in 30 to 60 left a guest that oopsed.
 *
 * REAL is QEMU itself, in the same folder, since QEMU finds its firmware by the place of its program.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL "/usr/bin/qemu-system-x86_64-real"
#define MORE 8192ull

/* {"qom-type":"memory-backend-…","id":"pc.ram" or "ram-nodeN",…,"size":BYTES…}, enlarged; NULL for anything else. */
static char *enlarged_object(const char *json) {
  const char *size = strstr(json, "\"size\":");
  if (!size || !strstr(json, "\"memory-backend-") || strstr(json, "hugepages")) return NULL;
  if (!strstr(json, "\"id\":\"pc.ram\"") && !strstr(json, "\"id\":\"ram-node")) return NULL;
  size += strlen("\"size\":");
  char *end, *changed;
  unsigned long long bytes = strtoull(size, &end, 10);
  if (end == size || asprintf(&changed, "%.*s%llu%s", (int)(size - json), json, bytes + MORE, end) < 0) return NULL;
  return changed;
}

/* `96`, `size=98304k` or `size=98304k,slots=…`: in MiB without a unit. */
static char *enlarged_memory(const char *text, unsigned objects) {
  const char *number = strncmp(text, "size=", 5) ? text : text + 5;
  char *end, *changed;
  unsigned long long kib = strtoull(number, &end, 10);
  if (end == number) return NULL;
  if (*end == 'k' || *end == 'K') end++;
  else if (*end == 'G' || *end == 'g') { kib <<= 20; end++; }
  else { kib <<= 10; if (*end == 'M' || *end == 'm') end++; }
  if (asprintf(&changed, "size=%lluk%s", kib + objects * (MORE >> 10), end) < 0) return NULL;
  return changed;
}

int main(int argc, char **argv) {
  unsigned objects = 0;
  for (int i = 1; i + 1 < argc; i++) {
    char *changed = strcmp(argv[i], "-object") ? NULL : enlarged_object(argv[i + 1]);
    if (changed) { argv[i + 1] = changed; objects++; }
  }
  for (int i = 1; objects && i + 1 < argc; i++) {
    char *changed = strcmp(argv[i], "-m") ? NULL : enlarged_memory(argv[i + 1], objects);
    if (changed) argv[i + 1] = changed;
  }
  execv(REAL, argv);
  perror(REAL);
  return 127;
}
