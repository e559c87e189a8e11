/*
 * A cable with delay, loss and a rate, for kernels without sch_netem: lab-wire PORT TAP RATE DELAY LOSS
 *
 * Carries frames between the existing device PORT and the tap device TAP, which it makes, in both directions alike. RATE in bits a second (0:
 * unlimited), DELAY one way in µs, LOSS in packets of a million. What waits longer than 50 ms for its turn is dropped, as a switch would.
 * Offload headers travel along (PACKET_VNET_HDR, IFF_VNET_HDR), so checksums may be left to the far end. Ends when PORT goes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 16384u
#define FRAME 2048u
#define LONGEST_WAIT 50000000ull

struct frame {
  uint64_t due;
  uint32_t length;
  unsigned char bytes[FRAME - 12];
};

struct direction {
  int from, to;
  struct frame *frames;
  unsigned head, tail;
  uint64_t free_at;
};

static uint64_t rate, delay_ns, loss;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* False when the device is gone. */
static int take(struct direction *way) {
  for (int i = 0; i < 64; i++) {
    struct frame *frame = &way->frames[way->tail % SLOTS];
    struct frame spill;
    int is_full = way->tail - way->head == SLOTS;
    ssize_t got = read(way->from, is_full ? spill.bytes : frame->bytes, sizeof frame->bytes);
    if (got < 0) return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
    if (is_full || got <= (ssize_t)sizeof(struct virtio_net_hdr)) continue;
    if (loss && (uint64_t)(random() % 1000000) < loss) continue;
    uint64_t now = now_ns(), start = now > way->free_at ? now : way->free_at;
    if (start - now > LONGEST_WAIT) continue;
    way->free_at = rate ? start + (uint64_t)got * 8 * 1000000000ull / rate : start;
    frame->due = way->free_at + delay_ns;
    frame->length = (uint32_t)got;
    way->tail++;
  }
  return 1;
}

static int give(struct direction *way) {
  uint64_t now = now_ns();
  while (way->head != way->tail) {
    struct frame *frame = &way->frames[way->head % SLOTS];
    if (frame->due > now) break;
    if (write(way->to, frame->bytes, frame->length) < 0) {
      if (errno == ENODEV || errno == ENXIO || errno == EBADFD) return 0;
      if (errno == EAGAIN || errno == ENOBUFS) break;
    }
    way->head++;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  rate = strtoull(argv[3], NULL, 10);
  delay_ns = strtoull(argv[4], NULL, 10) * 1000;
  loss = strtoull(argv[5], NULL, 10);
  setpriority(PRIO_PROCESS, 0, -10);

  int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
  strncpy(request.ifr_name, argv[2], IFNAMSIZ - 1);
  int header = sizeof(struct virtio_net_hdr);
  if (tap < 0 || ioctl(tap, TUNSETIFF, &request) < 0 || ioctl(tap, TUNSETVNETHDRSZ, &header) < 0 || ioctl(tap, TUNSETOFFLOAD, TUN_F_CSUM) < 0) {
    perror("lab-wire: tap");
    return 1;
  }
  int port = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL));
  int yes = 1, buffer = 16 << 20;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(argv[1])};
  struct packet_mreq all = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
  if (port < 0 || setsockopt(port, SOL_PACKET, PACKET_VNET_HDR, &yes, sizeof yes) < 0 || setsockopt(port, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes) < 0 ||
      setsockopt(port, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) < 0 || bind(port, (struct sockaddr *)&address, sizeof address) < 0 ||
      setsockopt(port, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) < 0) {
    perror("lab-wire: port");
    return 1;
  }
  struct direction ways[2] = {{port, tap, NULL, 0, 0, 0}, {tap, port, NULL, 0, 0, 0}};
  for (int i = 0; i < 2; i++)
    if (!(ways[i].frames = calloc(SLOTS, sizeof(struct frame)))) return 1;
  puts("carrying");
  fflush(stdout);
  for (;;) {
    uint64_t due = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
      if (!give(&ways[i])) return 0;
      if (ways[i].head != ways[i].tail && ways[i].frames[ways[i].head % SLOTS].due < due) due = ways[i].frames[ways[i].head % SLOTS].due;
    }
    uint64_t now = now_ns(), wait = due == UINT64_MAX ? 1000000000ull : due > now ? due - now : 20000;
    struct timespec timeout = {(time_t)(wait / 1000000000ull), (long)(wait % 1000000000ull)};
    struct pollfd polled[2] = {{port, POLLIN, 0}, {tap, POLLIN, 0}};
    if (ppoll(polled, 2, &timeout, NULL) < 0 && errno != EINTR) return 1;
    for (int i = 0; i < 2; i++)
      if (polled[i].revents && !take(&ways[i])) return 0;
  }
}
