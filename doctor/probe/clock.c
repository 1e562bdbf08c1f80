/* The probe "clock": does the kernel say that its clock is kept in step? Who keeps it, and from where, is not asked. */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>

#include "doctor/probe/probe.h"

int probe_clock(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct probe_check check = PROBE_CHECK("time-sync", "unknown");
    struct timex now = {0};
    (void)box;
    (void)err;
    int state = adjtimex(&now); /* with no mode: reads */
    if (state < 0) {
        check.detail = strerror(errno);
    } else {
        bool unsynchronised = state == TIME_ERROR || (now.status & STA_UNSYNC) != 0;
        check.status = unsynchronised ? "unsynchronised" : "ok";
        check.unit = "us";
        check.value = now.maxerror > 0 ? (uint64_t)now.maxerror : 0;
    }
    probe_say(out, &check);
    return 0;
}
