/* Errors: one small struct, filled by whoever fails first, prefixed as it rises.
 *
 * A function that can fail returns 0 or a negative ERR_* and takes `struct err *err` last. The struct is untouched on
 * success; it may be NULL where the caller wants no words. Messages are phrases: lower case, no full stop, names in
 * 'quotes'. A code exists only where a caller does something different on it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NOMEM = -1,     /* an allocation failed; nothing was changed */
    ERR_IO = -2,        /* the system refused or the medium failed; what was in flight may or may not be stored */
    ERR_BUSY = -3,      /* somebody else holds it; try again later */
    ERR_FULL = -4,      /* disk or quota full; nothing of this call was stored, reads go on, later calls may succeed */
    ERR_LIMIT = -5,     /* the input is larger than the documented maximum */
    ERR_INVALID = -6,   /* the input is wrong; the message says what is accepted */
    ERR_NOTFOUND = -7,  /* there is no such thing */
    ERR_VERSION = -8,   /* written by a newer format than this program reads */
    ERR_CORRUPT = -9,   /* bytes do not parse */
    ERR_TAMPERED = -10, /* bytes parse and do not verify */
    ERR_CONFLICT = -11, /* a condition failed, or it contradicts what was known */
    ERR_NET = -12,      /* a remote end did not answer or broke its protocol */
    ERR_ROLLBACK = -13  /* it is older than, or another history than, one that is known to have been sealed */
};

/* The system's word (memory, descriptors, permissions, devices, locks, the network): it says nothing about the bytes that
 * were to be judged. */
bool err_is_system(int code);

/* What was stored is not what was written: ERR_CORRUPT, ERR_TAMPERED. */
bool err_is_damage(int code);

#define ERR_MSG_MAX 1024

struct err {
    int code;              /* 0 or the ERR_* that was returned */
    char msg[ERR_MSG_MAX]; /* NUL-terminated; cut with "..." when too long */
};

/* Fills *err (when not NULL) and returns `code`, so that `return err_set(...)` is one line. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<formatted>: " before the message that *err already holds; returns err's code (0 when err is NULL). */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Like err_set with the code that suits an errno value (ENOSPC, EDQUOT, EFBIG: ERR_FULL; ENOMEM: ERR_NOMEM; ENOENT:
 * ERR_NOTFOUND; others: ERR_IO) and ": <strerror>" appended. */
int err_errno(struct err *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The name of a code, e.g. "ERR_FULL"; static storage. */
const char *err_name(int code);

#endif
