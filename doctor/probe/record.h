/* What a probe says: checks, as canonical maps one after the other, in the fields of doctor.observed. The parent reads them
 * as it reads anything from outside. */
#ifndef DOCTOR_PROBE_RECORD_H
#define DOCTOR_PROBE_RECORD_H

#include "base/bytes.h"
#include "base/err.h"

#define PROBE_WORD_MAX  64                /* of a check or a status: small letters, digits, '-', '_', '.' */
#define PROBE_TEXT_MAX  256               /* of a target and the like */
#define PROBE_WORDS_MAX 1024              /* of a detail or a path */
#define PROBE_OUT_MAX   ((size_t)1 << 20) /* what one look may say */

struct probe_check {
    const char *check, *status; /* required */
    const char *target, *pack, *unit, *digest;
    const char *path, *detail; /* private */
    uint64_t value, limit;     /* UINT64_MAX: none */
    bool offline;              /* there was no network, so nothing is known */
};
#define PROBE_CHECK(name, word)                                                                                            \
    ((struct probe_check){.check = (name), .status = (word), .value = UINT64_MAX, .limit = UINT64_MAX})

struct probe_out {
    struct buf bytes;
};
void probe_out_init(struct probe_out *out);
void probe_out_done(struct probe_out *out);
/* Texts are cut to their maximum and made valid UTF-8. A failure is sticky in out->bytes. */
void probe_say(struct probe_out *out, const struct probe_check *check);

/* A record as read: the open fields and the private ones as canonical maps, and the parts that tell whether it is news. All
 * borrowed. */
struct probe_record {
    struct bytes open, private_; /* private_ may be empty */
    struct bytes check, target, status;
    uint64_t value, limit; /* UINT64_MAX: none */
};
/* The next record; 1 at the end. ERR_CORRUPT says what is wrong with it. */
int probe_read(struct bytes *rest, struct probe_record *ret, struct err *err);

#endif
