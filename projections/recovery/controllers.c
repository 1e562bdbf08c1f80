/* Whose signature counts. A policy names controllers by verifier key, because anybody can make a key with any name. A fold
 * finds rows by their whole key only, so the policies that say something of guards are listed in a row of their own.
 *
 * While LOCKDOWN is on, no policy changes who may end it, unless there is nobody who could. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "projections/fold/author.h"
#include "projections/recovery/recovery.h"
#include "projections/rows/list.h"
#include "projections/view/reason.h"

static int base_row(struct fold *fold, const char *of, bool make, struct row **ret, struct err *err) {
    const struct bytes key = bytes_of(of);
    return make ? fold_row(fold, GUARD_BASE, &key, 1, ret, err) : fold_find(fold, GUARD_BASE, &key, 1, ret, err);
}

int controllers_ledger(struct fold *fold, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct bytes origin;
    char hex[2 * LOG_HASH + 1];
    struct row *row;
    int rc = base_row(fold, "ledger", true, &row, err);
    if (rc != 0) return rc;
    if (event->seq == 0) {
        text_hex(hex, event->leaf, LOG_HASH);
        row_set_str(row, BASE_GENESIS, hex);
    }
    if (fold_text(fold, "origin", &origin)) {
        row_set_text(row, BASE_ORIGIN, origin);
    }
    return 0;
}

/* ---- declarations ---- */

/* The names without this one, and with it at the end if `with`. *ret_fits: there is room. */
static int list_policy(struct fold *fold, struct bytes name, bool with, bool *ret_fits, struct err *err) {
    struct list list;
    struct list_out out;
    struct bytes item, one;
    struct row *row;
    int rc = base_row(fold, "policies", true, &row, err);
    if (rc != 0) return rc;
    list_out_init(&out);
    list_open(&list, row_list(row, BASE_POLICIES));
    while (list_next(&list, &item)) {
        if (list_name(item, "", &one) && !bytes_eq(one, name)) {
            list_out_text(&out, one);
        }
    }
    *ret_fits = !with || out.n < GUARD_POLICIES_MAX;
    if (with && *ret_fits) {
        list_out_text(&out, name);
    }
    if (*ret_fits) rc = list_out_set(&out, row, BASE_POLICIES, err);
    list_out_done(&out);
    return rc;
}

static int count_policies(struct fold *fold, uint32_t *ret, struct err *err) {
    struct list list;
    struct row *row;
    int rc = base_row(fold, "policies", false, &row, err);
    if (rc == 0) {
        list_open(&list, row != NULL ? row_list(row, BASE_POLICIES) : (struct bytes){0});
        *ret = list.left;
    }
    return rc;
}

static bool is_locked(const struct row *lock) {
    return lock != NULL && row_is(lock, GUARD_STATE, "on");
}

static int take_policy(struct fold *fold, struct row *row, struct bytes name, bool says, struct err *err) {
    struct bytes raw = {0};
    struct list list;
    bool fits = true;
    fold_raw(fold, "controllers", &raw);
    list_open(&list, raw);
    if (list.left > CONTROLLERS_MAX) {
        fold_violation(fold, row, GUARD_POLICY_BASE, "it names %u controllers, at most %d are taken", list.left,
                       CONTROLLERS_MAX);
        return 0;
    }
    int rc = list_policy(fold, name, says, &fits, err);
    if (rc != 0) return rc;
    if (!fits) {
        fold_violation(fold, row, GUARD_POLICY_BASE, "%d policies speak of guards: no more are taken", GUARD_POLICIES_MAX);
        return 0;
    }
    fold_replace(fold, row, GUARD_CONTROLLERS, "controllers");
    fold_replace(fold, row, GUARD_MAX_AGE_MS, "snapshot_max_age_ms");
    fold_replace(fold, row, GUARD_COOLDOWN_MS, "tripcode_cooldown_ms");
    row_set_int(row, GUARD_DECLARED_SEQ, (int64_t)fold_event(fold)->seq);
    fold_state(fold, row, GUARD_POLICY_BASE, GUARD_POLICY_STATE, says ? "in_force" : "withdrawn");
    return 0;
}

int controllers_declared(struct fold *fold, struct err *err) {
    struct bytes name = fold_subject(fold), raw;
    int64_t n;
    struct row *row = NULL, *lock = NULL;
    uint32_t others = 0;
    bool says = fold_raw(fold, "controllers", &raw) || fold_int(fold, "snapshot_max_age_ms", &n) ||
                fold_int(fold, "tripcode_cooldown_ms", &n);
    int rc =
        says ? fold_row(fold, GUARD_POLICIES, &name, 1, &row, err) : fold_find(fold, GUARD_POLICIES, &name, 1, &row, err);
    if (rc != 0 || row == NULL) return rc;
    rc = recovery_guard(fold, GUARD_LOCKDOWN, false, &lock, err);
    if (rc == 0) rc = count_policies(fold, &others, err);
    if (rc == 0 && is_locked(lock) && others > 0) {
        if (row->absent) {
            fold_state(fold, row, GUARD_POLICY_BASE, GUARD_POLICY_STATE, "withdrawn");
        }
        fold_violation(fold, row, GUARD_POLICY_BASE, "declared while LOCKDOWN is on: who may end it does not change");
        return 0;
    }
    return rc == 0 ? take_policy(fold, row, name, says, err) : rc;
}

/* ---- who ---- */

/* Calls `each` for the rows of policies in force, until it says that it is done. */
static int each_policy(struct fold *fold, bool (*each)(void *ctx, const struct row *row), void *ctx, struct err *err) {
    struct list list;
    struct bytes item, name;
    struct row *index = NULL, *row = NULL;
    bool done = false;
    int rc = base_row(fold, "policies", false, &index, err);
    if (rc != 0 || index == NULL) return rc;
    list_open(&list, row_list(index, BASE_POLICIES));
    while (rc == 0 && !done && list_next(&list, &item)) {
        if (!list_name(item, "", &name)) continue;
        rc = fold_find(fold, GUARD_POLICIES, &name, 1, &row, err);
        done = rc == 0 && row != NULL && each(ctx, row);
    }
    return rc;
}

struct search {
    struct bytes vkey;           /* compared as text, or with an author: */
    const struct author *author; /* of an event */
    struct buf *out;             /* the key found */
    bool found;
};

static bool look_for(void *ctx, const struct row *row) {
    struct search *s = ctx;
    struct list list;
    struct bytes item, text;
    list_open(&list, row_list(row, GUARD_CONTROLLERS));
    while (!s->found && list_next(&list, &item)) {
        if (!list_name(item, "", &text)) continue;
        s->found = s->author != NULL ? author_is(s->author, text) : bytes_eq(text, s->vkey);
        if (s->found && s->out != NULL) {
            buf_put_bytes(s->out, text);
        }
    }
    return s->found;
}

int controllers_name(struct fold *fold, struct bytes vkey, bool *ret, struct err *err) {
    struct search s = {.vkey = vkey};
    int rc = each_policy(fold, look_for, &s, err);
    *ret = rc == 0 && s.found;
    return rc;
}

int controllers_signed(struct fold *fold, struct buf *ret_vkey, struct err *err) {
    struct author author;
    struct search s = {.out = ret_vkey, .author = &author};
    struct row *row = NULL;
    int rc = fold_event(fold)->author.n == 0 ? 0 : base_row(fold, "ledger", false, &row, err);
    if (rc != 0 || (row == NULL && fold_event(fold)->payload.n > 0) || fold_event(fold)->author.n == 0) return rc;
    struct bytes none = {0};
    rc = author_open(fold, row != NULL ? row_text(row, BASE_GENESIS) : none,
                     row != NULL ? row_text(row, BASE_ORIGIN) : none, &author, err);
    if (rc == 0) rc = each_policy(fold, look_for, &s, err);
    author_done(&author);
    return rc;
}

static bool longer(void *ctx, const struct row *row) {
    int64_t *longest = ctx, ms = row_int(row, GUARD_COOLDOWN_MS);
    *longest = ms > *longest ? ms : *longest;
    return false;
}

int controllers_cooldown(struct fold *fold, int64_t *ret_ns, struct err *err) {
    int64_t ms = 0;
    int rc = each_policy(fold, longer, &ms, err);
    if (rc == 0) {
        *ret_ns = ms > INT64_MAX / 1000000 ? INT64_MAX : ms * 1000000;
    }
    return rc;
}
