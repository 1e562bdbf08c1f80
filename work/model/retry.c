/* Exponential backoff with full jitter: the pause is anywhere between nothing and twice as much as before, so that callers
 * that failed together do not come back together. */
#include "work/model/retry.h"

#define ATTEMPTS 4
#define BASE_MS  250
#define CAP_MS   8000
#define AFTER_MS 60000

struct work_retry model_retry_of(const struct work_retry *retry) {
    struct work_retry r = *retry;
    r.attempts = r.attempts == 0 ? ATTEMPTS : r.attempts < WORK_ATTEMPTS_MAX ? r.attempts : WORK_ATTEMPTS_MAX;
    r.base_ms = r.base_ms != 0 ? r.base_ms : BASE_MS;
    r.cap_ms = r.cap_ms != 0 ? r.cap_ms : CAP_MS;
    r.after_ms = r.after_ms != 0 ? r.after_ms : AFTER_MS;
    return r;
}

bool model_retry_safe(const struct http_answer *answer) {
    if (answer->status == 429 || answer->status == 503) return true;
    return !answer->sent && (answer->fault == HTTP_REFUSED || answer->fault == HTTP_TIMEOUT);
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int model_retry_pause(const struct work_retry *retry, unsigned n, unsigned retry_after_s, uint64_t *random, uint64_t *ret) {
    uint64_t after_ms = (uint64_t)retry_after_s * 1000, most = retry->base_ms;
    if (after_ms > retry->after_ms) {
        *ret = after_ms;
        return ERR_LIMIT;
    }
    for (unsigned i = 0; after_ms == 0 && i < n && most < retry->cap_ms; i++) {
        most *= 2;
    }
    most = most < retry->cap_ms ? most : retry->cap_ms;
    *ret = after_ms + next_random(random) % (most + 1);
    return 0;
}
