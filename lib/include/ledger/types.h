/* What all headers of the library share: errors, bytes, memory, progress.
 *
 * Functions return 0 or a negative LEDGER_ERR_*; iterators return 1 at the end. *ret is untouched on failure. `error`
 * may be NULL. Strings are UTF-8 and end in NUL; an optional one may be NULL, one in an array is neither NULL nor empty.
 * Times are nanoseconds since the Unix epoch, UTC. A sequence number counts events from 0.
 *
 * Structs of options begin with their size, which LEDGER_..._INIT sets, so that a newer library with more members
 * accepts those of an older program. A size that no version has is refused. NULL for a struct of options means its INIT. */
#ifndef LEDGER_TYPES_H
#define LEDGER_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include <ledger/version.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The version of the loaded library, "0.2.0"; LEDGER_VERSION is that of the headers. */
const char *ledger_version(void);

enum ledger_code {
    LEDGER_OK = 0,
    LEDGER_END = 1,            /* of an iteration */
    LEDGER_ERR_NOMEM = -1,     /* an allocation failed; nothing was changed */
    LEDGER_ERR_IO = -2,        /* the system refused or the medium failed; what was in flight may or may not be stored */
    LEDGER_ERR_BUSY = -3,      /* held by another process or thread, or the call was stopped; try again later */
    LEDGER_ERR_FULL = -4,      /* disk or quota full; this call stored nothing, later calls may succeed */
    LEDGER_ERR_LIMIT = -5,     /* longer, larger or more than the documented maximum */
    LEDGER_ERR_INVALID = -6,   /* the input is wrong; the message says what is expected */
    LEDGER_ERR_NOTFOUND = -7,  /* it does not exist */
    LEDGER_ERR_VERSION = -8,   /* written in a newer format than this library reads */
    LEDGER_ERR_CORRUPT = -9,   /* bytes do not parse */
    LEDGER_ERR_TAMPERED = -10, /* bytes parse but do not verify. Of a key file: it was changed, or the passphrase is wrong,
                                  which cannot be told apart */
    LEDGER_ERR_CONFLICT = -11, /* a condition failed, it contradicts what is known or exists already, or a key needs a
                                  passphrase and none was given */
    LEDGER_ERR_NET = -12,      /* a remote end did not answer or broke its protocol */
    LEDGER_ERR_ROLLBACK = -13  /* older than a state known to be sealed, or of another history */
};

/* Filled by a call that fails, untouched by a call that succeeds. This struct never changes. */
#define LEDGER_ERROR_MESSAGE 1024
struct ledger_error {
    int code;                           /* what the call returned */
    int64_t at;                         /* which of several inputs it is about: an index in a batch; else -1 */
    char message[LEDGER_ERROR_MESSAGE]; /* a phrase */
};
#define LEDGER_ERROR_INIT                                                                                                  \
    {                                                                                                                      \
        0, -1, {                                                                                                           \
            0                                                                                                              \
        }                                                                                                                  \
    }

/* "LEDGER_ERR_FULL"; "LEDGER_ERR" for an unknown number. Static. */
const char *ledger_error_name(int code);

/* Borrowed; p may be NULL when n is 0. This struct never changes. */
struct ledger_bytes {
    const uint8_t *p;
    size_t n;
};

/* Frees what a call returned as a `char **` or `uint8_t **`. NULL is fine. */
void ledger_free(void *memory);

#define LEDGER_HASH   32         /* bytes of a hash, a root, a leaf */
#define LEDGER_NO_SEQ UINT64_MAX /* no event */

/* How JSON is written; bits. JSON is returned as text that ends in NUL; *ret_n (may be NULL) is its length. */
#define LEDGER_JSON_PRETTY  1u /* indented; else one line */
#define LEDGER_JSON_PRIVATE 2u /* with private fields */

enum ledger_type { LEDGER_NULL, LEDGER_INT, LEDGER_REAL, LEDGER_TEXT, LEDGER_BOOL, LEDGER_MSGPACK };

/* One value. This struct never changes. */
struct ledger_value {
    int type;                 /* enum ledger_type */
    int boolean;              /* LEDGER_BOOL */
    int64_t integer;          /* LEDGER_INT; times and sequence numbers too */
    double real;              /* LEDGER_REAL */
    struct ledger_bytes text; /* LEDGER_TEXT; LEDGER_MSGPACK: a map, a list or bytes, as MessagePack. Borrowed */
};

/* What may be done while a long call works. Options that have these members mean:
 *
 *   stop      not NULL and not 0: the call ends with LEDGER_ERR_BUSY ("interrupted"). Any thread, or a signal's handler, may
 *             set it
 *   progress  called by the calling thread, at most about ten times a second */
typedef void ledger_progress(void *ctx, uint64_t done, uint64_t total);

struct ledger; /* an open ledger */

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
