/*
 * Preloaded on lab hosts (/etc/ld.so.preload): makes the folder that all of them share pass for NFS, which it stands for.
 * libvirt and whoever asks stat(1) know shared storage by the file system's number alone (libvirt: virFileIsSharedFSType), and a lab cannot
 * count on a kernel with an NFS server in it.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define SHARED "/var/lib/libvirt/images/shared"
#define NFS_SUPER_MAGIC 0x6969

int statfs(const char *path, struct statfs *about) {
  long result = syscall(SYS_statfs, path, about);
  size_t length = sizeof SHARED - 1;
  if (result == 0 && !strncmp(path, SHARED, length) && (path[length] == '/' || path[length] == 0)) about->f_type = NFS_SUPER_MAGIC;
  return (int)result;
}

int statfs64(const char *path, struct statfs64 *about) { return statfs(path, (struct statfs *)about); }
