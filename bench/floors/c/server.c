// The lower of the two floors: a whole HTTP request from the port in $PORT -> a constant in place of a prediction.
//
// One static binary, one connection after the other, no model: what an engine and the kernel take for any server's
// start and first answer. bench/floors/build.sh compiles it.

#define _GNU_SOURCE
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_LIMIT_BYTES = 16384 };

#define BODY "{\"predictions\": [{\"class\": 0, \"label\": \"a constant\", \"score\": 0.0}]}"
static const char CONSTANT[] = "200 OK", NOT_FOUND[] = "404 Not Found", LENGTH_FIELD[] = "\r\nContent-Length:";

static void stop(int number) {
  (void)number;
  _exit(0);
}

// Reads a request's head into `head`, with a zero behind it, and its body into nowhere. Returns 0 where it ends early.
static int receive(int connection, char *head) {
  size_t received = 0;
  char *end = NULL;
  while (end == NULL) {
    ssize_t count = read(connection, head + received, HEAD_LIMIT_BYTES - received);
    if (count <= 0) return 0;
    received += (size_t)count;
    head[received] = 0;
    end = strstr(head, "\r\n\r\n");
  }
  *end = 0;
  const char *length = strcasestr(head, LENGTH_FIELD);
  long long left = length == NULL ? 0 : strtoll(length + sizeof LENGTH_FIELD - 1, NULL, 10);
  left -= head + received - (end + 4);
  char body[65536];
  while (left > 0) {
    ssize_t count = read(connection, body, sizeof body);
    if (count <= 0) return 0;
    left -= count;
  }
  return 1;
}

static void answer(int connection) {
  char head[HEAD_LIMIT_BYTES + 1], response[512];
  if (!receive(connection, head)) return;
  int known = strncmp(head, "POST /predict ", 14) == 0;
  int size = snprintf(response, sizeof response,
                      "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                      "Connection: close\r\n\r\n%s",
                      known ? CONSTANT : NOT_FOUND, known ? sizeof BODY - 1 : 2, known ? BODY : "{}");
  for (int sent = 0; sent < size;) {
    ssize_t count = send(connection, response + sent, (size_t)(size - sent), MSG_NOSIGNAL);
    if (count < 0) return;
    sent += (int)count;
  }
}

int main(void) {
  // The first process of a container ignores the signals that it does not handle.
  signal(SIGTERM, stop);
  const char *port = getenv("PORT");
  int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port == NULL ? "8080" : port))};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0) {
    perror("floor_c");
    return 1;
  }
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}
