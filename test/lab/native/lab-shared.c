/*
 * Preloaded on lab hosts (/etc/ld.so.preload): makes the folder that all of them share pass for NFS, which it stands for.
 * libvirt and whoever asks stat(1) know shared storage by the file system's number alone (libvirt: virFileIsSharedFSType), and a lab cannot
 * count on a kernel with an NFS server in it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SHARED "/var/lib/libvirt/images/shared"
#define NFS_SUPER_MAGIC 0x6969

static int is_shared(const char *path) {
  size_t length = sizeof SHARED - 1;
  return !strncmp(path, SHARED, length) && (path[length] == '/' || path[length] == 0);
}

int statfs(const char *path, struct statfs *about) {
  long result = syscall(SYS_statfs, path, about);
  if (result == 0 && is_shared(path)) about->f_type = NFS_SUPER_MAGIC;
  return (int)result;
}

int statfs64(const char *path, struct statfs64 *about) { return statfs(path, (struct statfs *)about); }

/* From glibc 2.41 on statvfs(3), too, tells the number, right behind f_namemax; before, that place is spare. */
int statvfs(const char *path, struct statvfs *about) {
  int (*real)(const char *, struct statvfs *) = dlsym(RTLD_NEXT, "statvfs");
  int result = real(path, about);
  unsigned type = NFS_SUPER_MAGIC;
  if (result == 0 && is_shared(path)) memcpy((char *)about + offsetof(struct statvfs, f_namemax) + sizeof about->f_namemax, &type, sizeof type);
  return result;
}

int statvfs64(const char *path, struct statvfs64 *about) { return statvfs(path, (struct statvfs *)about); }
