/* The probe "disk": room where the ledger, temporary files and models are. A disk is low below a tenth of its size or 5 GiB,
 * whichever is less, and full below a fiftieth or 256 MiB. */
#include "base/file.h"
#include "doctor/probe/probe.h"

#include <stdlib.h>

#define LOW_BYTES  (UINT64_C(5) << 30)
#define FULL_BYTES (UINT64_C(256) << 20)

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static void look_at(const char *target, const char *path, struct probe_out *out) {
    struct probe_check check = PROBE_CHECK("disk-space", "unknown");
    uint64_t room = 0, all = 0;
    check.target = target;
    check.path = path;
    if (file_room(path, &room, &all) && all > 0) {
        check.unit = "bytes";
        check.value = room;
        check.limit = least(all / 10, LOW_BYTES);
        check.status = room < least(all / 50, FULL_BYTES) ? "full" : room < check.limit ? "low" : "ok";
    } else {
        check.detail = "the file system does not tell its free space";
    }
    probe_say(out, &check);
}

int probe_disk(const struct probe_box *box, struct probe_out *out, struct err *err) {
    const char *temporary = getenv("TMPDIR");
    (void)err;
    look_at("ledger", box->dir, out);
    look_at("temporary", temporary != NULL && temporary[0] == '/' ? temporary : "/tmp", out);
    if (box->models != NULL && file_exists(box->models)) {
        look_at("models", box->models, out);
    }
    return 0;
}
