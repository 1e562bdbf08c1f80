/* The public library: lib/include/ledger/ declares it, the files of this folder are thin hands between it and the floors
 * below, one for each header. Here is what they share: errors, options, texts that are handed out, events and values.
 *
 * Nothing of the house is in a public header, and no public name is in the house: what a floor below changes stays here. */
#ifndef LIB_FACADE_H
#define LIB_FACADE_H

#include <ledger/record.h>

#include "base/obj.h"
#include "ledger/log.h"
#include "query/query.h"

#define FACADE_TEXT_MAX ((size_t)256 << 20) /* of what is handed out, or taken as JSON */

/* What a call returns: `rc`, with the words of `err` when it failed. */
int facade_end(int rc, const struct err *err, struct ledger_error *error);
/* The same about one of several. */
int facade_end_at(int rc, const struct err *err, size_t at, struct ledger_error *error);

/* Copies a struct of options that begins with its size over one of `known` bytes, which is as its INIT sets it: what an
 * older caller does not have stays so. ERR_INVALID: the size is not set; ERR_VERSION: a newer caller has set what is
 * not known here. */
int facade_options(void *to, size_t known, const void *from, const char *name, struct err *err);
/* options or, for NULL, what the macro sets. */
#define FACADE_OPTIONS(to, options, name, init, err)                                                                       \
    (*(to) = (struct name)init, (options) == NULL ? 0 : facade_options((to), sizeof(*(to)), (options), #name, (err)))

/* NULL is empty. */
struct bytes facade_bytes(struct ledger_bytes bytes);
struct ledger_bytes facade_borrow(struct bytes bytes);
/* `given`, or who this process runs as. */
#define FACADE_ACTOR_MAX 128
const char *facade_actor(const char *given, char room[FACADE_ACTOR_MAX]);

/* Hands out what the buf has, with a NUL after it, and empties the buf. Only when rc is 0; gives rc, or what is wrong. */
int facade_text(int rc, struct buf *text, char **ret, size_t *ret_n, struct err *err);
/* The same of an object, which is done afterwards. */
int facade_json(int rc, struct obj *obj, unsigned flags, char **ret, size_t *ret_n, struct err *err);

/* NULL is fine. */
void facade_receipt(const struct log_receipt *receipt, struct ledger_receipt *ret);
void facade_value(const struct query_value *value, struct ledger_value *ret);

struct ledger_event {
    const struct log_event *event;
    /* Appends its private fields as one canonical map. NULL: there are none to be had. */
    int (*private_)(void *ctx, struct buf *out, struct err *err);
    void *ctx;
};

#endif
