/* The record of an event's private fields: u8 0 raw or 1 zstd, then the canonical array [bin32 event salt, map]. If some
 * field was erased: u8 2 raw or 3 zstd, then a canonical array with an element for each field, in the order of the
 * commitment: bin32 digest for an erased one, [bin32 salt, [name, value]] for any other. With the event salt one could
 * compute an erased field's salt and then guess the field, so the event salt is dropped with the first erased field. */
#ifndef LEDGER_EVENT_PRIVATE_H
#define LEDGER_EVENT_PRIVATE_H

#include "ledger/event/event.h"

#define PRIVATE_ZSTD_FROM   512 /* records of at least this many bytes are compressed */
#define PRIVATE_PLAIN_MAX   ((size_t)16 << 20)
#define PRIVATE_SCRATCH_MAX (2 * PRIVATE_PLAIN_MAX)

/* The fields of one event; borrowed from the scratch that they were unpacked into. */
struct private_view {
    struct bytes map;    /* the fields that are not erased, as one canonical map */
    const uint8_t *salt; /* the event salt; NULL: some are erased */
    struct bytes parts;  /* the array, if some are erased */
    size_t n_erased;
};

struct private_field {
    bool erased;
    struct bytes name, value; /* empty when erased */
    uint8_t salt[EVENT_HASH]; /* zero when erased */
    uint8_t digest[EVENT_HASH];
};

int private_encode(struct buf *out, const uint8_t event_salt[EVENT_HASH], struct bytes map, struct err *err);
/* Unpacks into `scratch`, which owns the bytes that *ret borrows, and checks the fields against their commitment.
 * ERR_CORRUPT, ERR_TAMPERED. */
int private_open(struct bytes record, const uint8_t commit[EVENT_HASH], struct buf *scratch, struct private_view *ret,
                 struct err *err);
/* Calls `each` for all fields in the order of the commitment; it returns 0 to continue. */
int private_each(const struct private_view *view,
                 int (*each)(void *ctx, const struct private_field *field, struct err *err), void *ctx, struct err *err);
/* The record without the fields of these names (n 0: without any fields), and how many bytes of names and values that
 * removes. ERR_NOTFOUND: no field has one of the names, or no fields are left. */
int private_erase(struct buf *out, const struct private_view *view, const char *const *names, size_t n, uint64_t *ret_bytes,
                  struct err *err);

#endif
