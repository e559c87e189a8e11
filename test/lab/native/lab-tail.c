/*
 * Follows files and says when their bytes came: lab-tail FILE...
 *
 * Output, a record per piece: "<CLOCK_MONOTONIC in ns> <index of FILE> <length>\n" and so many bytes. Files that exist are followed from
 * their present end, others from their beginning, once they appear. The first record, "0 0 0\n", says that all are being followed.
 * It runs at a real-time priority where that is allowed, so that a busy machine does not show as a gap of the guest's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define MOST 32

static int files[MOST];

static int put(const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t wrote = write(1, bytes, length);
    if (wrote < 0 && errno != EINTR) return -1;
    if (wrote > 0) { bytes += wrote; length -= (size_t)wrote; }
  }
  return 0;
}

int main(int argc, char **argv) {
  static char bytes[1 << 16];
  int count = argc - 1 < MOST ? argc - 1 : MOST;
  struct sched_param priority = {.sched_priority = 10};
  sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int watch = inotify_init1(IN_CLOEXEC);
  if (watch < 0) { perror("inotify"); return 1; }
  for (int i = 0; i < count; i++) {
    char *path = strdup(argv[i + 1]);
    if (inotify_add_watch(watch, dirname(path), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) { perror(argv[i + 1]); return 1; }
    free(path);
    files[i] = open(argv[i + 1], O_RDONLY | O_CLOEXEC);
    if (files[i] >= 0) lseek(files[i], 0, SEEK_END);
  }
  if (put("0 0 0\n", 6) < 0) return 0;
  for (;;) {
    struct pollfd polled[2] = {{watch, POLLIN, 0}, {0, 0, 0}};
    if (poll(polled, 2, -1) < 0 && errno != EINTR) return 1;
    /* Standard input is a pipe of the reader's: gone with it. */
    if (polled[1].revents & (POLLHUP | POLLERR)) return 0;
    if (!(polled[0].revents & POLLIN)) continue;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (read(watch, bytes, sizeof bytes) < 0 && errno != EINTR) return 1;
    for (int i = 0; i < count; i++) {
      if (files[i] < 0) files[i] = open(argv[i + 1], O_RDONLY | O_CLOEXEC);
      if (files[i] < 0) continue;
      for (ssize_t got; (got = read(files[i], bytes, sizeof bytes)) > 0;) {
        char header[64];
        int length = snprintf(header, sizeof header, "%llu %d %zd\n", (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec, i, got);
        if (put(header, (size_t)length) < 0 || put(bytes, (size_t)got) < 0) return 0;
      }
    }
  }
}
