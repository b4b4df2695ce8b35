/* The saturation benchmark's reference in C: reads float32 from each connection in turn, one question at a time.
 *
 *     plain_client SECONDS POINTS CONNECTIONS PORT...
 *
 * With libmodbus's header it asks through libmodbus, else through sockets of its own. Prints who asked, the requests,
 * the seconds, and the CPU seconds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

#ifdef LIBMODBUS
#include <modbus.h>
#define WHO "libmodbus"
typedef modbus_t *line;

static line dial(int port) {
    line bus = modbus_new_tcp("127.0.0.1", port);
    return bus && modbus_connect(bus) == 0 && modbus_set_slave(bus, 1) == 0 ? bus : NULL;
}

static int ask(line bus, int points, float *values) {
    uint16_t words[125];
    if (modbus_read_registers(bus, 0, 2 * points, words) != 2 * points)
        return -1;
    for (int i = 0; i < points; i++)
        values[i] = modbus_get_float_abcd(words + 2 * i);
    return 0;
}
#else
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#define WHO "sockets"
typedef int *line;

static line dial(int port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1, *wire = malloc(sizeof *wire);
    *wire = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(*wire, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return connect(*wire, (struct sockaddr *)&at, sizeof at) == 0 ? wire : NULL;
}

static int ask(line wire, int points, float *values) {
    static uint16_t transaction;
    int size = 9 + 4 * points, got = 0;
    uint8_t answer[260];
    transaction++;
    uint8_t question[12] = {transaction >> 8, transaction & 255, 0, 0, 0, 6, 1, 3, 0, 0, 0, 2 * points};
    if (send(*wire, question, sizeof question, 0) != sizeof question)
        return -1;
    while (got < size) {
        int more = recv(*wire, answer + got, size - got, 0);
        if (more <= 0)
            return -1;
        got += more;
    }
    if (memcmp(answer, question, 4) || answer[7] != 3 || answer[8] != 4 * points)
        return -1;
    for (int i = 0; i < points; i++) {
        uint32_t word;
        memcpy(&word, answer + 9 + 4 * i, 4);
        word = ntohl(word);
        memcpy(values + i, &word, 4);
    }
    return 0;
}
#endif

int main(int count, char **words) {
    if (count < 5)
        return 2;
    double seconds = atof(words[1]);
    int points = atoi(words[2]), lines = atoi(words[3]), ports = count - 4;
    line *all = calloc(lines, sizeof *all);
    float values[125];
    for (int i = 0; i < lines; i++)
        if (!(all[i] = dial(atoi(words[4 + i % ports]))))
            return 1;
    long requests = 0;
    double began = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID), now = began;
    for (; now - began < seconds; now = seconds_of(CLOCK_MONOTONIC))
        for (int i = 0; i < lines; i++, requests++)
            if (ask(all[i], points, values))
                return 1;
    printf(WHO " %ld %.6f %.6f\n", requests, now - began, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    return 0;
}
