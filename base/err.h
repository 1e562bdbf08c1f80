/* Errors: one small struct, filled where the failure happens and prefixed on its way up.
 *
 * A function that can fail returns 0 or a negative ERR_* and takes `struct err *err` last. The struct is untouched on
 * success; it may be NULL where the caller needs no message. Messages are phrases: lower case, no full stop, names in
 * 'quotes'. A code exists only where a caller acts differently on it. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NOMEM = -1,     /* an allocation failed; nothing was changed */
    ERR_IO = -2,        /* the system refused or the medium failed; what was in flight may or may not be stored */
    ERR_BUSY = -3,      /* held by another process or thread; try again later */
    ERR_FULL = -4,      /* disk or quota full; this call stored nothing, reads still work, later calls may succeed */
    ERR_LIMIT = -5,     /* the input is larger than the documented maximum */
    ERR_INVALID = -6,   /* the input is wrong; the message says what is expected */
    ERR_NOTFOUND = -7,  /* it does not exist */
    ERR_VERSION = -8,   /* written in a newer format than this program reads */
    ERR_CORRUPT = -9,   /* bytes do not parse */
    ERR_TAMPERED = -10, /* bytes parse but do not verify */
    ERR_CONFLICT = -11, /* a condition failed, or it contradicts what is known */
    ERR_NET = -12,      /* a remote end did not answer or broke its protocol */
    ERR_ROLLBACK = -13  /* older than a state known to be sealed, or of another history */
};

/* A failure of the system (memory, descriptors, permissions, devices, locks, the network), which says nothing about the
 * bytes that were to be checked. */
bool err_is_system(int code);

/* The stored bytes are not what was written: ERR_CORRUPT or ERR_TAMPERED. */
bool err_is_damage(int code);

#define ERR_MSG_MAX 1024

struct err {
    int code;              /* 0 or the ERR_* that was returned */
    char msg[ERR_MSG_MAX]; /* NUL-terminated; cut with "..." when too long */
};

/* Fills *err (when not NULL) and returns `code`, so that a caller can write `return err_set(...)`. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<formatted>: " before the message that *err already holds; returns err's code (0 when err is NULL). */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Like err_set, with the code for an errno value (ENOSPC, EDQUOT, EFBIG: ERR_FULL; ENOMEM: ERR_NOMEM; ENOENT:
 * ERR_NOTFOUND; others: ERR_IO) and ": <strerror>" appended. */
int err_errno(struct err *err, int errnum, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The name of a code, e.g. "ERR_FULL"; static storage. */
const char *err_name(int code);

#endif
