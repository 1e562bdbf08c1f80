/* The public library: lib/include/ledger/ declares it; the files of this folder are thin wrappers around the floors
 * below, one for each header. This file has what they share: errors, options, texts that are returned, events and
 * values.
 *
 * Public headers include nothing internal, and internal code uses no public name: changes on lower floors stop here. */
#ifndef LIB_FACADE_H
#define LIB_FACADE_H

#include <ledger/record.h>

#include "base/obj.h"
#include "ledger/log.h"
#include "query/query.h"

#define FACADE_TEXT_MAX ((size_t)256 << 20) /* of what is returned, or given as JSON */

/* Ends a call: returns `rc`, with err's message when it failed. */
int facade_end(int rc, const struct err *err, struct ledger_error *error);
/* The same, about one of several inputs. */
int facade_end_at(int rc, const struct err *err, size_t at, struct ledger_error *error);

/* Each version of a struct ends at a multiple of its size member's size, which is also where its pointers and counters
 * end, so that no half of one is read or written. ERR_INVALID. */
int facade_size(size_t size, const char *name, struct err *err);
/* Copies a struct of options that begins with its size over one of `known` bytes, which is as its INIT sets it: members
 * that an older caller lacks keep those values. ERR_INVALID: the size is wrong; ERR_VERSION: a newer caller has set
 * members unknown here. */
int facade_options(void *to, size_t known, const void *from, const char *name, struct err *err);
/* `options` or, for NULL, the macro's values. */
#define FACADE_OPTIONS(to, options, name, init, err)                                                                       \
    (*(to) = (struct name)init, (options) == NULL ? 0 : facade_options((to), sizeof(*(to)), (options), #name, (err)))

/* What a caller gives; all return ERR_INVALID. A text that is NULL or empty; `what`: "directory". */
int facade_given(const char *text, const char *what, struct err *err);
/* A text, which may be NULL, that is not UTF-8. */
int facade_utf8(const char *text, const char *what, struct err *err);
/* An array, of a struct's member or an argument, that is NULL though it should have elements. */
int facade_array(const void *array, size_t n, const char *member, struct err *err);
/* The same, or one of its texts is NULL, empty or not UTF-8. */
int facade_texts(const char *const *texts, size_t n, const char *member, struct err *err);
/* A descriptor below 0. */
int facade_fd(int fd, struct err *err);
/* NULL is empty. */
struct bytes facade_bytes(struct ledger_bytes bytes);
struct ledger_bytes facade_borrow(struct bytes bytes);
/* `given`, or the user of this process. */
#define FACADE_ACTOR_MAX 128
const char *facade_actor(const char *given, char room[FACADE_ACTOR_MAX]);

/* Returns the buf's content with a NUL after it, and empties the buf. Only when rc is 0; returns rc, or the failure. */
int facade_text(int rc, struct buf *text, char **ret, size_t *ret_n, struct err *err);
/* The same for an object, which is freed. */
int facade_json(int rc, struct obj *obj, unsigned flags, char **ret, size_t *ret_n, struct err *err);

/* NULL is fine. */
void facade_receipt(const struct log_receipt *receipt, struct ledger_receipt *ret);
void facade_value(const struct query_value *value, struct ledger_value *ret);

struct ledger_event {
    const struct log_event *event;
    /* Appends its private fields as one canonical map. NULL: it has none. */
    int (*private_)(void *ctx, struct buf *out, struct err *err);
    void *ctx;
};

#endif
