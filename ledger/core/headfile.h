/* The copy of the head beside the database, DIR/head: five lines in a fixed 1,024 bytes, written in place after each
 * commit. It may lag behind the database and never leads it, so a database that is smaller or different was rolled back.
 *
 *   ledger-head/v1 LF origin LF size LF base64 root LF hex SHA-256 of the four lines LF, then spaces to 1,023 bytes and LF
 */
#ifndef LEDGER_CORE_HEADFILE_H
#define LEDGER_CORE_HEADFILE_H

#include "ledger/core/core.h"

struct headfile {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size;
    uint8_t root[EVENT_HASH];
};

/* 0; 1: the file is absent, not a regular file, or torn, so it says nothing. ERR_IO. */
int headfile_read(const char *dir, struct headfile *ret, struct err *err);
int headfile_write(const char *dir, const struct headfile *head, struct err *err);
/* The same for repeated writes: *fd stays open from one call to the next (-1 before the first); the caller closes it. */
int headfile_write_at(const char *dir, int *fd, const struct headfile *head, struct err *err);
/* ERR_ROLLBACK when the view's tree is smaller than, or not an extension of, the copy. The view must have been opened after
 * the copy was read (others continue to append), or be that of a write transaction. Costs O(log n). */
int headfile_compare(const struct headfile *copy, struct core_view *view, struct err *err);
/* Both, for a write transaction. */
int headfile_check(const char *dir, struct core_view *view, struct err *err);
/* Both, without a transaction: the file is read before the database. */
int headfile_check_now(struct ledger *ledger, struct err *err);

#endif
