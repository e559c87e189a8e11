/*
 * PID 1 of a lab and of each of its hosts: runs shell scripts, reaps whatever is orphaned, forwards nothing.
 *
 *   lab-init [--owner FD] [--control FIFO] [SCRIPT ARG...]
 *
 * SCRIPT is started once. Every line written to FIFO is a script of its own that is started likewise.
 * SIGRTMIN+4 powers off, as systemd(1) has it: every process of the namespace is asked to end (SIGTERM), then this one does.
 * When FD reaches its end (the owner died, however it died) before an `s` (stay) was read from it, or on SIGTERM, this process ends, and with it, since it is PID 1
 * of a PID namespace, every process of that namespace (pid_namespaces(7)).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t original_mask;

static void start(char *const argv[]) {
  pid_t child = fork();
  if (child != 0) return;
  sigprocmask(SIG_SETMASK, &original_mask, NULL);
  setsid();
  int null = open("/dev/null", O_RDONLY);
  if (null >= 0) dup2(null, 0);
  for (int fd = 3; fd < 64; fd++) close(fd);
  execv(argv[0], argv);
  fprintf(stderr, "lab-init: cannot run %s: %s\n", argv[0], strerror(errno));
  _exit(127);
}

/* Some seconds for those that were asked to end; what is still there then goes with this process. */
static void power_off(void) {
  kill(-1, SIGTERM);
  for (int i = 0; i < 50; i++) {
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD) return;
    poll(NULL, 0, 100);
  }
}

int main(int argc, char **argv) {
  int owner = -1, control = -1, at = 1;
  while (at + 1 < argc) {
    if (!strcmp(argv[at], "--owner")) owner = atoi(argv[at + 1]);
    else if (!strcmp(argv[at], "--control")) {
      /* Read and write, so that the last writer going away is no end of file. */
      control = open(argv[at + 1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
      if (control < 0) { perror("lab-init: control"); return 1; }
    } else break;
    at += 2;
  }
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  sigaddset(&mask, SIGTERM);
  sigaddset(&mask, SIGRTMIN + 4);
  sigprocmask(SIG_BLOCK, &mask, &original_mask);
  int signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
  if (signals < 0) { perror("lab-init: signalfd"); return 1; }
  if (at < argc) start(&argv[at]);

  static char line[8192];
  size_t used = 0;
  struct pollfd polled[3] = {{signals, POLLIN, 0}, {control, POLLIN, 0}, {owner, POLLIN, 0}};
  for (;;) {
    if (poll(polled, 3, -1) < 0 && errno != EINTR) return 1;
    if (polled[0].revents) {
      struct signalfd_siginfo info;
      while (read(signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGTERM) return 0;
        else if ((int)info.ssi_signo == SIGRTMIN + 4) { power_off(); return 0; }
      while (waitpid(-1, NULL, WNOHANG) > 0) {}
    }
    if (polled[1].revents & POLLIN) {
      ssize_t got = read(control, line + used, sizeof line - 1 - used);
      if (got > 0) used += (size_t)got;
      line[used] = 0;
      for (char *end; (end = strchr(line, '\n'));) {
        *end = 0;
        char *const command[] = {"/bin/sh", line, NULL};
        if (*line) start(command);
        used -= (size_t)(end + 1 - line);
        memmove(line, end + 1, used + 1);
      }
      if (used == sizeof line - 1) used = 0;
    }
    if (polled[2].revents) {
      char said[256];
      ssize_t got = read(owner, said, sizeof said);
      if (got > 0 && memchr(said, 's', (size_t)got)) polled[2].fd = -1;
      else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return 0;
    }
  }
}
