/* Models that are used, evaluated or chosen, whether or not any event registers them. An event with a digest is about these
 * weights. One with only a name is about what the name leads to, if that is known (model_known); else the name itself is
 * listed as unregistered, until more is known. */
#include <string.h>

#include "projections/ready/models.h"
#include "projections/rows/list.h"

#define NOTHING    ((struct bytes){0})
#define LATEST     ":latest"
#define NAME_BYTES ((size_t)1 << 16)

static bool has_text(const struct row *row, size_t column, struct bytes text) {
    struct list list;
    struct bytes item, one;
    list_open(&list, row_list(row, column));
    while (list_next(&list, &item)) {
        if (list_name(item, "", &one) && bytes_eq(one, text)) return true;
    }
    return false;
}

int models_add_text(struct row *row, size_t column, struct bytes text, uint32_t max, struct err *err) {
    struct list list;
    struct list_out out;
    struct bytes item;
    if (has_text(row, column, text)) return 0;
    list_out_init(&out);
    list_open(&list, row_list(row, column));
    while (list_next(&list, &item)) {
        list_out_raw(&out, item);
    }
    if (out.n < max) {
        list_out_text(&out, text);
    }
    int rc = list_out_set(&out, row, column, err);
    list_out_done(&out);
    return rc;
}

/* ---- names that lead somewhere ---- */

static struct bytes without_latest(struct bytes name) {
    const size_t n = sizeof(LATEST) - 1;
    struct bytes plain = {name.p, name.n > n ? name.n - n : 0};
    return plain.n > 0 && memcmp(name.p + plain.n, LATEST, n) == 0 ? plain : NOTHING;
}

/* Forgets that the name was noted: from now on it means something else. */
static int forget_noted(struct fold *fold, struct bytes name, struct err *err) {
    struct row *row = NULL;
    int rc = name.n > 0 ? fold_find(fold, MODEL_KNOWN, &name, 1, &row, err) : 0;
    if (rc == 0 && row != NULL) {
        row_set_null(row, KNOWN_NOTED);
    }
    return rc;
}

int models_take_lead(struct fold *fold, struct bytes name, bool led, bool leads, struct err *err) {
    struct row *row;
    int rc = led == leads ? 0 : fold_row(fold, MODEL_KNOWN, &name, 1, &row, err);
    if (rc != 0 || led == leads) return rc;
    row_add(row, KNOWN_LEADS, leads ? 1 : -1);
    if (!leads) {
        row_set_null(row, KNOWN_NOTED);
        rc = forget_noted(fold, without_latest(name), err);
    }
    return rc;
}

/* Records that events of this family name it; *ret: one did before. */
static int take_noted(struct fold *fold, struct bytes key, struct bytes family, bool *ret, struct err *err) {
    struct row *row;
    int rc = fold_row(fold, MODEL_KNOWN, &key, 1, &row, err);
    *ret = rc == 0 && has_text(row, KNOWN_NOTED, family);
    if (*ret) {
        fold_leave(row);
    }
    if (rc == 0 && !*ret) rc = models_add_text(row, KNOWN_NOTED, family, MODELS_FAMILIES_MAX, err);
    return rc;
}

/* *ret: the digest was recorded with it before. */
static int take_used(struct fold *fold, struct bytes name, struct bytes digest, bool *ret, struct err *err) {
    struct row *row;
    int rc = fold_row(fold, MODEL_KNOWN, &name, 1, &row, err);
    *ret = rc == 0 && has_text(row, KNOWN_DIGESTS, digest);
    if (*ret) {
        fold_leave(row);
    }
    if (rc == 0 && !*ret) rc = models_add_text(row, KNOWN_DIGESTS, digest, MODELS_TOLD_MAX, err);
    return rc;
}

static int is_known(struct fold *fold, struct bytes name, bool *ret, struct err *err) {
    struct row *row;
    int rc = fold_find(fold, MODEL_KNOWN, &name, 1, &row, err);
    *ret = rc == 0 && row != NULL && (row_int(row, KNOWN_LEADS) > 0 || row_has(row, KNOWN_DIGESTS));
    return rc;
}

/* "x:latest" for "x"; false: it has a tag. */
static bool with_latest(struct bytes name, struct buf *out) {
    buf_init(out, NAME_BYTES);
    if (name.n == 0 || memchr(name.p, ':', name.n) != NULL) return false;
    buf_put_bytes(out, name);
    buf_put_str(out, LATEST);
    return out->fail == 0;
}

int models_is_known(struct fold *fold, struct bytes name, bool *ret, struct err *err) {
    struct buf latest;
    bool tagless = with_latest(name, &latest);
    int rc = is_known(fold, name, ret, err);
    if (rc == 0 && !*ret && tagless) rc = is_known(fold, bytes_of_buf(&latest), ret, err);
    buf_done(&latest);
    return rc;
}

/* ---- rows that turn out to be the same ---- */

/* Registered weights stay as they are; so does a name beside another name. */
static bool is_by_itself(const struct row *other, const struct row *row) {
    bool names = row != NULL && row_is(row, MODEL_DIGEST_OF, "name") && row_is(other, MODEL_DIGEST_OF, "name");
    return (row_is(other, MODEL_DIGEST_OF, "weights") || names) && !row_is(other, MODEL_STEP, "named");
}

/* What somebody declared of the one is meant of the other, unless the other has its own. */
static void keep_role(const struct row *other, struct row *row) {
    if (!row_has(other, MODEL_ROLE_SEQ) || row_has(row, MODEL_ROLE_SEQ)) return;
    if (row_has(other, MODEL_ROLE)) row_set_text(row, MODEL_ROLE, row_text(other, MODEL_ROLE));
    if (row_has(other, MODEL_PRIORITY)) row_set_int(row, MODEL_PRIORITY, row_int(other, MODEL_PRIORITY));
    if (row_has(other, MODEL_QUOTA)) row_set_int(row, MODEL_QUOTA, row_int(other, MODEL_QUOTA));
    row_set_int(row, MODEL_ROLE_SEQ, row_int(other, MODEL_ROLE_SEQ));
}

int models_absorb(struct fold *fold, struct bytes key, struct row *row, struct err *err) {
    struct row *other;
    struct list list;
    struct bytes item, family;
    int rc = fold_find(fold, MODELS, &key, 1, &other, err);
    if (rc != 0 || other == NULL || other == row || is_by_itself(other, row)) return rc;
    list_open(&list, row_list(other, MODEL_KNOWN_BY));
    while (row != NULL && rc == 0 && list_next(&list, &item)) {
        if (list_name(item, "", &family)) {
            rc = models_add_text(row, MODEL_KNOWN_BY, family, MODELS_FAMILIES_MAX, err);
        }
    }
    if (row != NULL) {
        keep_role(other, row);
    }
    fold_drop(other);
    return rc;
}

int models_absorb_latest(struct fold *fold, struct bytes name, struct row *row, struct err *err) {
    struct bytes plain = without_latest(name);
    int rc = plain.n > 0 ? models_absorb(fold, plain, row, err) : 0;
    return rc == 0 && row != NULL && row->absent ? forget_noted(fold, plain, err) : rc;
}

/* ---- mentions ---- */

/* Most events name what an earlier one of their family named: that is seen from a small row, and changes nothing. */
struct mention {
    struct bytes name, digest, family;
};

static int note(struct fold *fold, const struct mention *m, struct bytes key, const char *what, struct row **ret,
                struct err *err) {
    int rc = fold_row(fold, MODELS, &key, 1, ret, err);
    if (rc != 0) return rc;
    if (!row_has(*ret, MODEL_STEP)) {
        row_set_str(*ret, MODEL_DIGEST_OF, what);
        fold_state(fold, *ret, MODEL_BASE, MODEL_STEP, "named");
    }
    if (m->name.n > 0 && !row_has(*ret, MODEL_NAME)) {
        row_set_text(*ret, MODEL_NAME, m->name);
    }
    fold_touch(fold, *ret, MODEL_BASE);
    return models_add_text(*ret, MODEL_KNOWN_BY, m->family, MODELS_FAMILIES_MAX, err);
}

static int note_weights(struct fold *fold, const struct mention *m, struct err *err) {
    struct bytes digest = m->digest;
    struct row *row, *manifest;
    bool used = true, noted;
    int rc = take_noted(fold, digest, m->family, &noted, err);
    if (rc == 0 && m->name.n != 0) rc = take_used(fold, m->name, digest, &used, err);
    if (rc != 0 || (noted && used)) return rc;
    rc = fold_find(fold, MODEL_MANIFESTS, &digest, 1, &manifest, err);
    if (rc == 0 && manifest != NULL && row_has(manifest, MANIFEST_DIGEST)) {
        digest = row_text(manifest, MANIFEST_DIGEST);
    }
    if (rc == 0) rc = note(fold, m, digest, "weights", &row, err);
    if (rc == 0 && m->name.n > 0) {
        rc = models_absorb(fold, m->name, row, err);
        if (rc == 0) rc = models_absorb_latest(fold, m->name, row, err);
    }
    return rc;
}

static int note_name(struct fold *fold, const struct mention *m, struct err *err) {
    struct bytes name = m->name;
    struct row *row = NULL;
    struct buf latest;
    bool known, noted;
    int rc = take_noted(fold, name, m->family, &noted, err);
    if (rc == 0 && !noted) rc = models_is_known(fold, name, &known, err);
    if (rc != 0 || noted || known) return rc;
    if (with_latest(name, &latest)) {
        struct bytes key = bytes_of_buf(&latest);
        rc = fold_find(fold, MODELS, &key, 1, &row, err);
        name = row != NULL ? key : name;
    }
    if (rc == 0) rc = note(fold, m, name, "name", &row, err);
    buf_done(&latest);
    if (rc == 0) rc = models_absorb_latest(fold, m->name, row, err);
    return rc;
}

int models_take_mention(struct fold *fold, struct err *err) {
    struct mention m = {.family = fold_event(fold)->kind};
    struct bytes program = NOTHING;
    const uint8_t *dot = memchr(m.family.p, '.', m.family.n);
    m.family.n = dot != NULL ? (size_t)(dot - m.family.p) : m.family.n;
    fold_text(fold, "model", &m.name);
    /* What is handed to a program that is evaluated is no model. */
    bool handed = bytes_is(m.family, "eval") && fold_text(fold, "program_digest", &program);
    if (!handed) fold_text(fold, "digest", &m.digest);
    if (m.digest.n == 0 && models_is_digest(m.name)) {
        m.digest = m.name;
        m.name = NOTHING;
    }
    if (m.digest.n > 0 && m.digest.n < MODELS_DIGEST_MAX) return note_weights(fold, &m, err);
    return m.name.n > 0 ? note_name(fold, &m, err) : 0;
}
