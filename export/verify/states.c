/* States follow from the events. A bundle that discloses all of them, from the first to the newest, is enough to fold
 * them again: to the same rows, their digest, and finally the exact text of the member. Otherwise the member is only the
 * log key's claim. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "export/cut/states.h"
#include "export/verify/checking.h"
#include "export/verify/kept.h"
#include "projections/fold/correct.h"

#define ROWS_MAX ((size_t)20 << 20) /* of all states together; keeps a whole verification below 64 MiB */
#define WHY_MAX  200

struct one {
    const struct projection *projection;
    struct rows *rows;
    struct fold *fold; /* NULL: not recomputed */
    char why[WHY_MAX]; /* why not */
};

struct check_states {
    size_t n, recomputed;
    struct fold_input *input;
    struct kept *kept;
    struct one one[EXPORT_STATES_MAX];
    char why[WHY_MAX + 100]; /* of the first that was not recomputed */
};

static void give_up(struct one *one, const char *why) {
    fold_free(one->fold);
    rows_free(one->rows);
    one->fold = NULL;
    one->rows = NULL;
    snprintf(one->why, sizeof(one->why), "%.*s", WHY_MAX - 1, why);
}

static void give_all_up(struct check_states *s, const char *why) {
    for (size_t i = 0; i < s->n; i++) {
        if (s->one[i].fold != NULL) {
            give_up(&s->one[i], why);
        }
    }
}

void check_states_free(struct check_states *states) {
    if (states != NULL) {
        give_all_up(states, "");
        fold_input_free(states->input);
        kept_free(states->kept);
        free(states);
    }
}

/* Why the bundle is not enough to recompute states; NULL: it is. */
static const char *lacking(const struct manifest *m) {
    return m->sparse                                ? "the bundle has chosen events only"
           : m->from > 0 || m->to < m->size         ? "the bundle does not have all events of the log"
           : m->counts.disclosed != m->to - m->from ? "not all bodies are disclosed"
                                                    : NULL;
}

static const struct projection *find(struct bytes name) {
    for (size_t i = 0; projection_all[i] != NULL; i++) {
        if (bytes_is(name, projection_all[i]->name)) return projection_all[i];
    }
    return NULL;
}

int check_states_begin(struct checking *c, struct err *err) {
    const struct manifest *m = &c->manifest;
    const char *why = lacking(m);
    struct check_states *s;
    if (m->n_states == 0) return 0;
    if ((s = calloc(1, sizeof(*s))) == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    c->states = s;
    s->n = m->n_states;
    int rc = fold_input_new(upcast_all, upcast_count, &s->input, err);
    if (rc == 0) rc = kept_new(&s->kept, err);
    for (size_t i = 0; i < s->n && rc == 0; i++) {
        struct one *one = &s->one[i];
        one->projection = find(m->states[i]);
        if (why != NULL || one->projection == NULL) {
            give_up(one, why != NULL ? why : "this program does not know them");
            continue;
        }
        rc = rows_new(NULL, &one->rows, err);
        if (rc == 0) rc = fold_new(one->projection, one->rows, &one->fold, err);
    }
    return rc;
}

static size_t bytes_of_all(const struct check_states *s) {
    size_t bytes = 0;
    for (size_t i = 0; i < s->n; i++) {
        bytes += s->one[i].fold != NULL ? rows_bytes(s->one[i].rows) : 0;
    }
    return bytes;
}

/* As projections/fold/correct.c does with the log itself. */
static int correct(struct check_states *s, const struct log_event *event, struct err *err) {
    const struct log_event *mistake = NULL;
    struct err why = {0};
    int rc = kept_correct(s->kept, event, &mistake, &why);
    if (rc == 1) {
        give_all_up(s, why.msg);
        return 0;
    }
    for (size_t i = 0; mistake != NULL && i < s->n && rc == 0; i++) {
        struct one *one = &s->one[i];
        size_t bytes = bytes_of_all(s);
        if (one->fold != NULL && projection_takes(one->projection, mistake->kind)) {
            rc = kept_apply(s->kept, one->projection, event, bytes < ROWS_MAX ? ROWS_MAX - bytes : 0, one->rows, &why, err);
        }
        if (rc == 1) {
            give_up(one, why.msg);
            rc = 0;
        }
    }
    return rc;
}

int check_states_event(struct checking *c, const struct log_event *event, struct err *err) {
    struct check_states *s = c->states;
    struct err why = {0};
    char text[WHY_MAX];
    int set = 1; /* not yet */
    int rc = s != NULL && correct_is(event->kind) ? correct(s, event, err) : 0;
    for (size_t i = 0; s != NULL && i < s->n && rc == 0; i++) {
        struct one *one = &s->one[i];
        if (one->fold == NULL || !projection_takes(one->projection, event->kind)) continue;
        rc = set == 1 ? kept_add(s->kept, event, err) : 0;
        if (rc != 0) break;
        set = set == 1 ? fold_input_set(s->input, event, &why) : set;
        int one_rc = set != 0 ? set : fold_apply(one->fold, s->input, &why);
        if (one_rc == ERR_NOMEM) {
            rc = err_set(err, one_rc, "%s", why.msg);
        } else if (one_rc != 0) {
            snprintf(text, sizeof(text), "event %llu cannot be folded: %.100s", (unsigned long long)event->seq, why.msg);
            give_up(one, text);
        }
    }
    if (rc == 0 && s != NULL && bytes_of_all(s) > ROWS_MAX) {
        give_all_up(s, "they take too much memory");
    }
    return rc;
}

/* ---- the digest, as state_digest makes it ---- */

static void put_bytes(struct hash *hash, struct bytes bytes) {
    uint8_t be[4];
    be32_put(be, (uint32_t)bytes.n);
    hash_put(hash, be, sizeof(be));
    hash_put(hash, bytes.p, bytes.n);
}

static int digest(const struct one *one, uint64_t position, uint8_t ret[LOG_HASH], struct err *err) {
    struct hash *hash = hash_new();
    const struct rows_entry **rows = NULL;
    uint8_t front[12];
    size_t n = 0;
    int rc = hash == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    if (rc != 0) return rc;
    put_bytes(hash, bytes_of(one->projection->name));
    be32_put(front, one->projection->version);
    be64_put(front + 4, position);
    hash_put(hash, front, sizeof(front));
    for (size_t t = 0; t < one->projection->n_tables && rc == 0; t++) {
        rc = rows_sorted(one->rows, t, &rows, &n, err);
        for (size_t i = 0; i < n && rc == 0; i++) {
            if (rows[i]->bytes.n > 0) {
                put_bytes(hash, bytes_of(one->projection->tables[t].name));
                put_bytes(hash, rows[i]->key);
                put_bytes(hash, rows[i]->bytes);
            }
        }
        free(rows);
        rows = NULL;
        n = 0;
    }
    hash_end(hash, ret);
    hash_free(hash);
    return rc;
}

/* ---- the text ---- */

/* The content must continue with these bytes. */
static int compare(struct checking *c, const struct one *one, struct buf *mine, struct err *err) {
    struct bytes rest = bytes_of_buf(mine);
    int rc = buf_check(mine, "a state", err);
    while (rc == 0 && rest.n > 0) {
        struct bytes piece;
        size_t n = rest.n < READING_PEEK_MAX ? rest.n : READING_PEEK_MAX;
        rc = reading_peek(c->reading, n, &piece, err);
        if (rc == 0 && (piece.n < n || memcmp(piece.p, rest.p, n) != 0)) {
            return check_fault(c, "B25", LOG_STATES, LOG_NO_SEQ,
                               "the rows of '%s' are not those that follow from the events", one->projection->name);
        }
        if (rc == 0) {
            reading_skip(c->reading, n);
            rest.p += n;
            rest.n -= n;
        }
    }
    buf_clear(mine);
    return rc;
}

static int compare_table(struct checking *c, const struct one *one, size_t t, struct buf *mine, struct err *err) {
    const struct state_table *table = &one->projection->tables[t];
    const struct rows_entry **rows = NULL;
    struct row row;
    size_t n = 0;
    bool first = true;
    row_init(&row, table);
    buf_printf(mine, "%s{\"name\":\"%s\",\"rows\":[", t == 0 ? "" : ",", table->name);
    int rc = rows_sorted(one->rows, t, &rows, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (rows[i]->bytes.n == 0) continue;
        buf_put_str(mine, first ? "" : ",");
        first = false;
        row_clear(&row);
        rc = row_decode(&row, rows[i]->bytes, NULL, 0, err);
        if (rc == 0) rc = states_put_row(mine, &row, err);
        if (rc == 0) rc = compare(c, one, mine, err);
    }
    free(rows);
    row_done(&row);
    buf_put_str(mine, "]}");
    if (rc == 0) rc = compare(c, one, mine, err);
    return rc;
}

static int compare_all(struct checking *c, const struct one *one, struct err *err) {
    uint8_t hash[LOG_HASH];
    struct buf mine = {.max = 4 * ROW_BYTES_MAX};
    int rc = digest(one, c->manifest.size, hash, err);
    if (rc == 0) {
        states_put_head(&mine, one->projection, c->manifest.size, hash);
        rc = compare(c, one, &mine, err);
    }
    for (size_t t = 0; t < one->projection->n_tables && rc == 0; t++) {
        rc = compare_table(c, one, t, &mine, err);
    }
    buf_put_str(&mine, STATES_TAIL);
    if (rc == 0) rc = compare(c, one, &mine, err);
    if (rc == 0 && reading_left(c->reading) > 0) {
        rc = check_fault(c, "B25", LOG_STATES, LOG_NO_SEQ, "something follows the states");
    }
    buf_done(&mine);
    return rc;
}

/* ---- members ---- */

/* Rows made by other rules cannot be compared. What precedes their version always has the same length. */
static int check_version(struct checking *c, struct one *one, struct err *err) {
    static const char front[] = "{\"digest\":\"sha256:", behind[] = "\",\"fold\":";
    const size_t at = sizeof(front) - 1 + (size_t)2 * LOG_HASH;
    char want[64], text[WHY_MAX];
    struct bytes piece;
    int rc = reading_peek(c->reading, at + 40, &piece, err);
    if (rc != 0 || one->fold == NULL) return rc;
    snprintf(want, sizeof(want), "%s%u,", behind, one->projection->version);
    if (piece.n == at + 40 && memcmp(piece.p + at, behind, sizeof(behind) - 1) == 0 &&
        memcmp(piece.p + at, want, strlen(want)) != 0) {
        snprintf(text, sizeof(text), "they were made by other rules than this program's, version %u",
                 one->projection->version);
        give_up(one, text);
    }
    return 0;
}

static int skip(struct checking *c, struct err *err) {
    int rc = 0;
    while (rc == 0 && reading_left(c->reading) > 0) {
        struct bytes piece;
        rc = reading_peek(c->reading, READING_PEEK_MAX, &piece, err);
        if (rc == 0) {
            reading_skip(c->reading, piece.n);
        }
    }
    return rc;
}

static int check_state(struct checking *c, size_t i, struct err *err) {
    struct one *one = &c->states->one[i];
    const char *name = c->manifest.subject[c->next_subject].name; /* artifacts are done */
    int rc = check_expect(c, name, BUNDLE_STATE_MAX, err);
    if (rc == 0) rc = check_version(c, one, err);
    if (rc == 0 && one->fold != NULL) {
        rc = compare_all(c, one, err);
        c->states->recomputed += rc == 0;
    } else if (rc == 0) {
        rc = skip(c, err);
        if (c->states->why[0] == '\0') {
            snprintf(c->states->why, sizeof(c->states->why), "%.80s are not recomputed: %s", name + strlen(BUNDLE_STATES),
                     one->why);
        }
    }
    if (rc == 0) rc = check_subject(c, err);
    return rc;
}

int check_states(struct checking *c, struct err *err) {
    struct check_states *s = c->states;
    int rc = 0;
    if (s == NULL) {
        check_say(c, LOG_STATES, LOG_ASPECT_GOOD, "none");
        return 0;
    }
    for (size_t i = 0; i < s->n && rc == 0; i++) {
        rc = check_state(c, i, err);
    }
    if (rc != 0) return rc;
    if (s->recomputed == s->n) {
        check_say(c, LOG_STATES, LOG_ASPECT_GOOD, "%zu, recomputed from the events", s->n);
    } else {
        check_say(c, LOG_STATES, LOG_ASPECT_UNCHECKED,
                  "%zu of %zu recomputed: the log key's word is all there is for the others: %s", s->recomputed, s->n,
                  s->why);
    }
    return 0;
}
