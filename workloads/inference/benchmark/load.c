/* Load on one HTTP/1.1 server from one thread: as many kept connections as asked for, each with one request under way.
 *
 *   load PORT CONNECTIONS SECONDS REQUEST_FILE
 *
 * REQUEST_FILE holds one whole request, headers and body, sent over and over. The answer is read by its content-length
 * (or to the end of its chunks) before the next is sent. Prints one line of JSON: requests answered with 200, others,
 * connections that broke, seconds, and the times of answers in microseconds (p50, p90, p99, p999, max).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define BUCKETS 4000 /* 0.5 % wide: from 1 us to above 100 s */

typedef struct {
  int socket;
  size_t sent, received;
  double began;
  char *buffer;
} connection;

static char *request;
static size_t request_size;
static int port, poller;
static long good, other, broken;
static long histogram[BUCKETS];
static double slowest;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int bucket_of(double us) {
  int low = 0, high = BUCKETS - 1;
  static double edges[BUCKETS];
  if (edges[0] == 0)
    for (int i = 0; i < BUCKETS; i++) edges[i] = i ? edges[i - 1] * 1.005 : 1;
  while (low < high) {
    int middle = (low + high) / 2;
    if (edges[middle] < us) low = middle + 1; else high = middle;
  }
  return low;
}

static double quantile(double share) {
  double wanted = share * (double)(good + other), seen = 0, edge = 1;
  for (int i = 0; i < BUCKETS; i++, edge *= 1.005) {
    seen += (double)histogram[i];
    if (seen >= wanted) return edge;
  }
  return slowest;
}

static void send_more(connection *c) {
  while (c->sent < request_size) {
    ssize_t n = send(c->socket, request + c->sent, request_size - c->sent, MSG_NOSIGNAL);
    if (n <= 0) break;
    c->sent += (size_t)n;
  }
  struct epoll_event event = {.events = EPOLLIN | (c->sent < request_size ? (uint32_t)EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->socket, &event);
}

static void begin(connection *c) {
  c->sent = c->received = 0;
  c->began = now();
  send_more(c);
}

static void open_connection(connection *c) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  c->socket = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(c->socket, (struct sockaddr *)&address, sizeof address)) {
    fprintf(stderr, "port %d: %s\n", port, strerror(errno));
    exit(1);
  }
  setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(c->socket, F_SETFL, O_NONBLOCK);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->socket, &event);
  begin(c);
}

/* Length of the whole answer in the buffer, or 0 while it is not complete. `closes` is set if the server will close. */
static size_t complete(connection *c, int *closes) {
  c->buffer[c->received] = 0;
  char *end = strstr(c->buffer, "\r\n\r\n");
  if (!end) return 0;
  size_t head = (size_t)(end - c->buffer) + 4, length = 0;
  int chunked = 0;
  for (char *line = strstr(c->buffer, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n")) {
    if (!strncasecmp(line + 2, "content-length:", 15)) length = strtoul(line + 17, NULL, 10);
    if (!strncasecmp(line + 2, "transfer-encoding: chunked", 26)) chunked = 1;
    if (!strncasecmp(line + 2, "connection: close", 17)) *closes = 1;
  }
  if (chunked) {
    char *last = strstr(c->buffer + head - 2, "\r\n0\r\n\r\n");
    return last ? (size_t)(last - c->buffer) + 7 : 0;
  }
  return c->received >= head + length ? head + length : 0;
}

static void reopen(connection *c) {
  close(c->socket);
  open_connection(c);
}

static void readable(connection *c) {
  for (;;) {
    ssize_t n = recv(c->socket, c->buffer + c->received, BUFFER - 1 - c->received, 0);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      broken++;
      reopen(c);
      return;
    }
    c->received += (size_t)n;
    int closes = 0;
    if (complete(c, &closes)) break;
    if (c->received == BUFFER - 1) fprintf(stderr, "an answer is larger than %d bytes\n", BUFFER), exit(1);
  }
  double us = 1e6 * (now() - c->began);
  histogram[bucket_of(us)]++;
  if (us > slowest) slowest = us;
  if (strncmp(c->buffer + 9, "200", 3)) other++; else good++;
  int closes = 0;
  complete(c, &closes);
  if (closes) reopen(c); else begin(c);
}

int main(int count, char **arguments) {
  if (count != 5) return fprintf(stderr, "usage: load PORT CONNECTIONS SECONDS REQUEST_FILE\n"), 2;
  port = atoi(arguments[1]);
  int connections = atoi(arguments[2]);
  double seconds = atof(arguments[3]);
  FILE *file = fopen(arguments[4], "rb");
  if (!file) return perror(arguments[4]), 2;
  request = malloc(16 << 20);
  request_size = fread(request, 1, 16 << 20, file);
  poller = epoll_create1(0);
  connection *all = calloc((size_t)connections, sizeof *all);
  double began = now();
  for (int i = 0; i < connections; i++) all[i].buffer = malloc(BUFFER), open_connection(all + i);
  struct epoll_event events[256];
  while (now() - began < seconds) {
    int ready = epoll_wait(poller, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      connection *c = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) send_more(c);
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
    }
  }
  double took = now() - began;
  printf("{\"good\": %ld, \"other\": %ld, \"broken\": %ld, \"seconds\": %.3f, \"per_second\": %.1f, \"p50_us\": %.1f, \"p90_us\": %.1f, "
         "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f}\n",
         good, other, broken, took, (double)good / took, quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999), slowest);
  return 0;
}
