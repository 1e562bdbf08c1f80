/* The system's clocks, and the id of the boot that the boot clock counts from. */
#include "base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"

static uint64_t now_ns(clockid_t clock) {
    struct timespec ts;
    /* A wall clock before 1970 was never set: report 0, and comparisons see a jump. */
    if (clock_gettime(clock, &ts) != 0 || ts.tv_sec < 0) return 0;
    return (uint64_t)ts.tv_sec * CLOCK_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_wall_ns(void) {
    return now_ns(CLOCK_REALTIME);
}

uint64_t clock_monotonic_ns(void) {
    return now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_boot_ns(void) {
    return now_ns(CLOCK_BOOTTIME);
}

/* A process does not outlive its boot: read once. */
static pthread_once_t boot_once = PTHREAD_ONCE_INIT;
static uint8_t boot_id[CLOCK_BOOT_ID_LEN];

static void read_boot_id(void) {
    struct buf text = {.max = 256};
    if (file_read("/proc/sys/kernel/random/boot_id", &text, NULL) == 0) {
        /* A UUID and a line end; only its digits count. */
        size_t n = 0;
        for (size_t i = 0; i < text.n; i++) {
            if (text.p[i] != '-' && text.p[i] != '\n') {
                text.p[n++] = text.p[i];
            }
        }
        struct bytes hex = {text.p, n};
        (void)text_unhex(boot_id, CLOCK_BOOT_ID_LEN, hex);
    }
    buf_done(&text);
}

void clock_boot_id(uint8_t ret[CLOCK_BOOT_ID_LEN]) {
    pthread_once(&boot_once, read_boot_id);
    memcpy(ret, boot_id, CLOCK_BOOT_ID_LEN);
}
