/* Open operations, at most one per package, found by name through a small hash table and kept in the order in which they
 * began.
 *
 *                         installed, new version                     -> done
 *   install, upgrade  --> not-installed, config-files, old version   -> failed
 *                         installed                                  -> failed
 *   remove            --> not-installed                              -> done
 *                         config-files, then anything else           -> done (its configuration stays)
 *   purge, disappear  --> not-installed                              -> done
 *   configure         --> installed                                  -> done
 *   any               --> half-* or nothing when dpkg starts again; another action on it; the log's end -> unfinished
 *
 * `configure` is an operation only where none is open: then it repairs what an earlier run left. `trigproc` is not an
 * operation: it runs on an installed package and leaves it installed. */
#include "ingest/dpkg/dpkg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "ingest/input/line_counter.h"

#define BUCKETS  4096
#define OPEN_MAX 65536

struct open_op {
    struct dpkg_operation op;
    struct open_op *prev, *next; /* in order */
    struct open_op *chain;       /* in the bucket */
    size_t bucket;
};

struct dpkg_ops {
    struct open_op *first, *last;
    size_t n;
    uint64_t newest;         /* time of the last line */
    struct open_op *removed; /* reached config-files; not-installed may follow at once */
    struct line_counter *counter;
    struct open_op *buckets[BUCKETS];
};

struct dpkg_ops *dpkg_ops_new(void) {
    struct dpkg_ops *ops = calloc(1, sizeof(*ops));
    if (ops != NULL && (ops->counter = line_counter_new()) == NULL) {
        free(ops);
        return NULL;
    }
    return ops;
}

void dpkg_ops_free(struct dpkg_ops *ops) {
    if (ops == NULL) return;
    for (struct open_op *o = ops->first, *next; o != NULL; o = next) {
        next = o->next;
        free(o);
    }
    line_counter_free(ops->counter);
    free(ops);
}

static size_t bucket_of(const struct dpkg_line *l) {
    const struct bytes parts[] = {l->package, bytes_of(":"), l->arch};
    uint8_t digest[HASH_LEN];
    hash_parts(digest, parts, 3);
    return (size_t)(be64_get(digest) % BUCKETS);
}

static struct open_op *find(const struct dpkg_ops *ops, const struct dpkg_line *l, size_t bucket) {
    struct open_op *o = ops->buckets[bucket];
    while (o != NULL && !(bytes_is(l->package, o->op.package) && bytes_is(l->arch, o->op.arch))) {
        o = o->chain;
    }
    return o;
}

static void unlink_op(struct dpkg_ops *ops, struct open_op *o) {
    struct open_op **link = &ops->buckets[o->bucket];
    while (*link != o) {
        link = &(*link)->chain;
    }
    *link = o->chain;
    *(o->prev != NULL ? &o->prev->next : &ops->first) = o->next;
    *(o->next != NULL ? &o->next->prev : &ops->last) = o->prev;
    if (ops->removed == o) {
        ops->removed = NULL;
    }
    ops->n--;
}

static int end_op(struct dpkg_ops *ops, struct open_op *o, enum dpkg_outcome outcome, uint64_t at,
                  const struct dpkg_sink *sink, struct err *err) {
    o->op.outcome = outcome;
    o->op.ended_at = at;
    unlink_op(ops, o);
    int rc = sink->give(sink->ctx, &o->op, err);
    free(o);
    return rc;
}

static void copy(char *ret, size_t cap, struct bytes text) {
    size_t n = text.n < cap ? text.n : cap - 1; /* the parser keeps the bounds */
    if (n > 0) {
        memcpy(ret, text.p, n);
    }
    ret[n] = '\0';
}

static int count_equal(struct dpkg_ops *ops, const struct dpkg_line *l, uint32_t *ret, struct err *err) {
    const char *action = dpkg_action_name(l->action);
    const struct bytes bar = bytes_of("|");
    const struct bytes parts[] = {l->time_text, bar, bytes_of(action), bar, l->package,  bar,
                                  l->arch,      bar, l->installed,     bar, l->available};
    uint8_t digest[HASH_LEN];
    hash_parts(digest, parts, sizeof(parts) / sizeof(parts[0]));
    int rc = line_counter_add(ops->counter, be64_get(digest), ret, err);
    if (rc == 0 && *ret == 0) {
        *ret = 1;
    }
    return rc;
}

static int begin_op(struct dpkg_ops *ops, const struct dpkg_line *l, size_t bucket, const struct ingest_place *place,
                    struct err *err) {
    if (ops->n >= OPEN_MAX) {
        return err_set(err, ERR_LIMIT, "more than %d operations are begun and not ended", OPEN_MAX);
    }
    struct open_op *o = calloc(1, sizeof(*o));
    if (o == NULL) return err_set(err, ERR_NOMEM, "dpkg: out of memory");
    struct dpkg_operation *op = &o->op;
    int rc = count_equal(ops, l, &op->nth, err);
    if (rc != 0) {
        free(o);
        return rc;
    }
    op->action = l->action;
    op->at = l->at;
    op->at_exact = l->at_exact;
    op->place = *place;
    bool leaves = l->action == DPKG_REMOVE || l->action == DPKG_PURGE || l->action == DPKG_DISAPPEAR;
    copy(op->time_text, sizeof(op->time_text), l->time_text);
    copy(op->package, sizeof(op->package), l->package);
    copy(op->arch, sizeof(op->arch), l->arch);
    if (l->action == DPKG_CONFIGURE) {
        copy(op->after, sizeof(op->after), l->installed);
    } else {
        /* of an install, dpkg names the version whose configuration was left */
        copy(op->before, sizeof(op->before), l->action == DPKG_INSTALL ? (struct bytes){NULL, 0} : l->installed);
        copy(op->after, sizeof(op->after), leaves ? (struct bytes){NULL, 0} : l->available);
    }
    o->bucket = bucket;
    o->chain = ops->buckets[bucket];
    ops->buckets[bucket] = o;
    o->prev = ops->last;
    *(ops->last != NULL ? &ops->last->next : &ops->first) = o;
    ops->last = o;
    ops->n++;
    return 0;
}

/* Does the state end the operation, and how? */
static bool ends(const struct dpkg_operation *op, const struct dpkg_line *l, enum dpkg_outcome *ret) {
    switch (op->action) {
    case DPKG_INSTALL:
    case DPKG_UPGRADE:
        *ret = l->state == DPKG_INSTALLED && bytes_is(l->installed, op->after) ? DPKG_DONE : DPKG_FAILED;
        return l->state == DPKG_INSTALLED || l->state == DPKG_NOT_INSTALLED || l->state == DPKG_CONFIG_FILES;
    case DPKG_CONFIGURE:
        *ret = l->state == DPKG_INSTALLED ? DPKG_DONE : DPKG_FAILED;
        return l->state == DPKG_INSTALLED || l->state == DPKG_NOT_INSTALLED || l->state == DPKG_CONFIG_FILES;
    case DPKG_REMOVE:
    case DPKG_PURGE:
    case DPKG_DISAPPEAR:
        *ret = l->state == DPKG_NOT_INSTALLED ? DPKG_DONE : DPKG_FAILED;
        return l->state == DPKG_NOT_INSTALLED || l->state == DPKG_INSTALLED;
    default:
        return false;
    }
}

static int take_status(struct dpkg_ops *ops, const struct dpkg_line *l, struct open_op *o, const struct dpkg_sink *sink,
                       struct err *err) {
    if (o == NULL) return 0;
    enum dpkg_outcome outcome = DPKG_UNFINISHED;
    o->op.state = l->state;
    if (ends(&o->op, l, &outcome)) return end_op(ops, o, outcome, l->at, sink, err);
    if (o->op.action == DPKG_REMOVE && l->state == DPKG_CONFIG_FILES) {
        ops->removed = o;
        o->op.ended_at = l->at;
    }
    return 0;
}

static int take_action(struct dpkg_ops *ops, const struct dpkg_line *l, size_t bucket, struct open_op *o,
                       const struct ingest_place *place, const struct dpkg_sink *sink, struct err *err) {
    if (l->action == DPKG_TRIGPROC || (l->action == DPKG_CONFIGURE && o != NULL)) return 0;
    int rc = o != NULL ? end_op(ops, o, DPKG_UNFINISHED, l->at, sink, err) : 0;
    if (rc == 0) rc = begin_op(ops, l, bucket, place, err);
    return rc;
}

/* An operation that the previous run of dpkg left half done is unfinished; an unpacked package is configured later. */
static int take_startup(struct dpkg_ops *ops, uint64_t at, const struct dpkg_sink *sink, struct err *err) {
    int rc = 0;
    for (struct open_op *o = ops->first, *next; o != NULL && rc == 0; o = next) {
        next = o->next;
        if (o->op.state == DPKG_NO_STATE || o->op.state == DPKG_HALF_INSTALLED || o->op.state == DPKG_HALF_CONFIGURED) {
            rc = end_op(ops, o, DPKG_UNFINISHED, at, sink, err);
        }
    }
    return rc;
}

/* A removal that reached config-files ends with the first line that is not its own. */
static int end_removed(struct dpkg_ops *ops, const struct open_op *same, const struct dpkg_line *l,
                       const struct dpkg_sink *sink, struct err *err) {
    struct open_op *o = ops->removed;
    if (o == NULL || (o == same && l->verb == DPKG_STATUS)) return 0;
    return end_op(ops, o, DPKG_DONE, o->op.ended_at, sink, err);
}

int dpkg_ops_take(struct dpkg_ops *ops, const struct dpkg_line *l, const struct ingest_place *place,
                  const struct dpkg_sink *sink, struct err *err) {
    ops->newest = l->at;
    bool about_package = l->verb == DPKG_ACTION || l->verb == DPKG_STATUS;
    size_t bucket = about_package ? bucket_of(l) : 0;
    struct open_op *o = about_package ? find(ops, l, bucket) : NULL;
    int rc = end_removed(ops, o, l, sink, err);
    if (rc != 0) return rc;
    o = about_package ? find(ops, l, bucket) : NULL; /* it may just have ended */
    switch (l->verb) {
    case DPKG_STARTUP:
        return take_startup(ops, l->at, sink, err);
    case DPKG_STATUS:
        return take_status(ops, l, o, sink, err);
    case DPKG_ACTION:
        return take_action(ops, l, bucket, o, place, sink, err);
    case DPKG_CONFFILE:
        return 0;
    }
    return 0;
}

int dpkg_ops_end(struct dpkg_ops *ops, uint64_t now, const struct dpkg_sink *sink, size_t *ret_held, struct err *err) {
    if (ops->newest + DPKG_SETTLE_NS > now) {
        *ret_held = ops->n;
        return 0;
    }
    int rc = 0;
    while (ops->first != NULL && rc == 0) {
        struct open_op *o = ops->first;
        rc = o == ops->removed ? end_op(ops, o, DPKG_DONE, o->op.ended_at, sink, err)
                               : end_op(ops, o, DPKG_UNFINISHED, ops->newest, sink, err);
    }
    if (rc == 0) {
        *ret_held = 0;
    }
    return rc;
}
