/* A text with n slashes can be split into up to three keys in a handful of ways; each costs one look-up. Only when none
 * of them exists are all rows of the table walked, for names, abbreviations and near matches. */
#include "cli/view/entity.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "projections/ready/eval.h"
#include "projections/rows/list.h"
#include "projections/walk/matters.h"
#include "projections/walk/since.h"

#define NAME_MAX_BYTES ((size_t)1 << 16)
#define SLASHES_MAX    24 /* places at which a text is split */
#define SHOWN_MAX      4  /* names listed when several begin alike */
#define NEAR_MAX       3  /* edits */
#define DIGITS_MIN     4  /* of a digest */
#define EMPTY_PART     "-"

/* ---- tables ---- */

static bool same_word(const char *name, struct bytes word) {
    if (strlen(name) != word.n) return false;
    for (size_t i = 0; i < word.n; i++) {
        char a = name[i] == '_' ? '-' : name[i], b = word.p[i] == '_' ? '-' : (char)word.p[i];
        if (a != b) return false;
    }
    return true;
}

size_t entity_table(struct asof *view, struct bytes word) {
    for (size_t i = 0; i < state_tables(view->state); i++) {
        const struct state_table *table = state_table(view->state, i);
        if (same_word(table->name, word) || same_word(table->noun, word)) return i;
    }
    return SIZE_MAX;
}

void entity_suggest(struct asof *view, bool names, struct text_near *near) {
    for (size_t i = 0; i < state_tables(view->state); i++) {
        text_near_offer(near, names ? state_table(view->state, i)->name : NULL);
        text_near_offer(near, state_table(view->state, i)->noun);
    }
}

/* ---- names of rows ---- */

size_t entity_key_columns(const struct state_table *table) {
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        n += (table->columns[i].flags & COLUMN_KEY) ? 1 : 0;
    }
    return n < KEY_PARTS_MAX ? n : KEY_PARTS_MAX;
}

size_t entity_state(const struct state_table *table) {
    return projection_state(table);
}

bool entity_accumulates(const struct state_table *table) {
    return matters_accumulates(table);
}

size_t entity_evidence(const struct row *row, uint64_t ret[ROW_SEQS_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < row->table->n_columns && n == 0; i++) {
        if ((row->table->columns[i].flags & COLUMN_EVIDENCE) && row_has(row, i)) {
            size_t all = row_seqs(row, i, ret, ROW_SEQS_MAX);
            n = all < ROW_SEQS_MAX ? all : ROW_SEQS_MAX;
        }
    }
    bool cited = n > 0;
    for (size_t i = 0; i < row->table->n_columns; i++) {
        const char *name = row->table->columns[i].name;
        bool other = cited && strcmp(name, "since_seq") != 0 && strcmp(name, "violation_seq") != 0;
        if (!(row->table->columns[i].flags & COLUMN_SEQ) || !row_has(row, i) || row_int(row, i) < 0 || other) {
            continue;
        }
        uint64_t seq = (uint64_t)row_int(row, i);
        size_t at = n;
        while (at > 0 && ret[at - 1] >= seq) {
            at--;
        }
        if ((at < n && ret[at] == seq) || n == ROW_SEQS_MAX) continue;
        memmove(&ret[at + 1], &ret[at], (n - at) * sizeof(*ret));
        ret[at] = seq;
        n++;
    }
    return n;
}

size_t entity_parts(const struct row *row, struct bytes ret[KEY_PARTS_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < row->table->n_columns && n < KEY_PARTS_MAX; i++) {
        if (row->table->columns[i].flags & COLUMN_KEY) {
            ret[n++] = row_text(row, i);
        }
    }
    return n;
}

void entity_keys(const struct row *row, struct buf *out) {
    struct bytes parts[KEY_PARTS_MAX];
    size_t n = entity_parts(row, parts), first = 0;
    if (n == 1 && parts[0].n == 0) { /* the box */
        return;
    }
    while (n > 1 && parts[n - 1].n == 0) {
        n--;
    }
    while (first + 1 < n && parts[first].n == 0) {
        first++;
    }
    for (size_t i = first; i < n; i++) {
        buf_put_str(out, i > first ? "/" : "");
        buf_put_bytes(out, parts[i].n > 0 ? parts[i] : bytes_of(EMPTY_PART));
    }
}

void entity_name(const struct row *row, struct buf *out) {
    struct bytes parts[KEY_PARTS_MAX] = {{0}};
    buf_put_str(out, row->table->noun);
    if (entity_parts(row, parts) > 1 || parts[0].n > 0) {
        buf_put_str(out, "/");
        entity_keys(row, out);
    }
}

/* ---- by its keys ---- */

struct search {
    struct asof *view;
    size_t table;
    struct bytes text;
    entity_fn *each;
    void *ctx;
    uint64_t found;
};

static int try_whole(struct search *s, const struct bytes *parts, size_t n, struct err *err) {
    struct row row;
    row_init(&row, state_table(s->view->state, s->table));
    int rc = state_get(s->view->state, s->table, parts, n, &row, err);
    if (rc == 0) rc = since_find(s->view->state, &row, err);
    if (rc == 0) {
        s->found++;
        rc = s->each(s->ctx, &row, err);
    }
    row_done(&row);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

static int try_prefix(struct search *s, const struct bytes *parts, size_t n, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    int rc = state_rows_open(s->view->state, s->table, parts, n, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        s->found++;
        rc = since_find_next(rows, err);
        if (rc == 0) rc = s->each(s->ctx, row, err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* The keys as printed: an empty key is written as EMPTY_PART, unless that is its name. */
static int try_printed(struct search *s, const struct bytes *parts, size_t n, struct err *err) {
    struct bytes filled[KEY_PARTS_MAX];
    bool any = false;
    int rc = try_whole(s, parts, n, err);
    for (size_t i = 0; i < n; i++) {
        bool empty = bytes_is(parts[i], EMPTY_PART);
        filled[i] = empty ? bytes_of("") : parts[i];
        any = any || empty;
    }
    if (rc == 0 && s->found <= 0 && any) rc = try_whole(s, filled, n, err);
    return rc;
}

/* Splits the text into `left` more parts after the existing ones: all ways to split it, later slashes last. */
static int split(struct search *s, struct bytes *parts, size_t n, size_t left, struct bytes rest, bool whole,
                 struct err *err) {
    if (left == 1) {
        parts[n] = rest;
        return whole ? try_printed(s, parts, n + 1, err) : try_prefix(s, parts, n + 1, err);
    }
    int rc = 0;
    size_t at = 0;
    for (size_t slash = 0; rc == 0 && s->found == 0 && slash < SLASHES_MAX; slash++) {
        const uint8_t *p = at < rest.n ? memchr(rest.p + at, '/', rest.n - at) : NULL;
        if (!p) break;
        at = (size_t)(p - rest.p) + 1;
        parts[n] = (struct bytes){rest.p, at - 1};
        rc = split(s, parts, n + 1, left - 1, (struct bytes){rest.p + at, rest.n - at}, whole, err);
    }
    return rc;
}

static int by_keys(struct search *s, struct err *err) {
    struct bytes parts[KEY_PARTS_MAX];
    size_t keys = entity_key_columns(state_table(s->view->state, s->table));
    int rc = split(s, parts, 0, keys, s->text, true, err);
    for (size_t n = keys - 1; rc == 0 && s->found == 0 && n > 0; n--) {
        rc = split(s, parts, 0, n, s->text, false, err);
    }
    return rc;
}

/* ---- by other names ---- */

/* For walks over all rows, which may take long: an interrupt ends them. */
static int next_stored(struct search *s, struct state_rows *rows, const struct row **ret, struct err *err) {
    return *s->view->stop != 0 ? err_set(err, ERR_BUSY, "interrupted") : state_rows_next_stored(rows, ret, err);
}

static int next(struct search *s, struct state_rows *rows, const struct row **ret, struct err *err) {
    return *s->view->stop != 0 ? err_set(err, ERR_BUSY, "interrupted") : state_rows_next(rows, ret, err);
}

/* Finds another table that has our entity's name as a key and our only key as a plain column: model_names has "model"
 * and, not as a key, "digest". */
static size_t find_names(struct search *s, size_t *ret_name, size_t *ret_key) {
    const struct state_table *ours = state_table(s->view->state, s->table);
    if (entity_key_columns(ours) != 1) return SIZE_MAX;
    for (size_t t = 0; t < state_tables(s->view->state); t++) {
        const struct state_table *other = state_table(s->view->state, t);
        size_t name = projection_column(other, ours->noun), key = SIZE_MAX;
        for (size_t i = 0; i < ours->n_columns && key == SIZE_MAX; i++) {
            key = (ours->columns[i].flags & COLUMN_KEY) ? projection_column(other, ours->columns[i].name) : SIZE_MAX;
        }
        if (t != s->table && name != SIZE_MAX && key != SIZE_MAX && (other->columns[name].flags & COLUMN_KEY) &&
            !(other->columns[key].flags & COLUMN_KEY)) {
            *ret_name = name;
            *ret_key = key;
            return t;
        }
    }
    return SIZE_MAX;
}

/* Each key counts once, even when several runtimes have it under the name. */
static bool seen_before(struct buf *keys, struct bytes key) {
    for (size_t at = 0; at < keys->n;) {
        size_t n = be32_get(keys->p + at);
        if (bytes_eq(key, (struct bytes){keys->p + at + 4, n})) return true;
        at += 4 + n;
    }
    buf_put_be32(keys, (uint32_t)key.n);
    buf_put_bytes(keys, key);
    return false;
}

/* Names with this prefix, and where they lead: to one entity, or to several. */
struct begun {
    uint64_t n; /* entities */
    struct buf keys;
    char shown[SHOWN_MAX][128];
};

static int several_names(struct search *s, const struct begun *begun, struct err *err) {
    int n = (int)(s->text.n < 200 ? s->text.n : 200);
    return err_set(err, ERR_NOTFOUND, "there is no %s '%.*s', and names that begin so lead to %llu: '%s', '%s'%s%s%s%s",
                   state_table(s->view->state, s->table)->noun, n, (const char *)s->text.p, (unsigned long long)begun->n,
                   begun->shown[0], begun->shown[1], begun->n > 2 ? ", '" : "", begun->n > 2 ? begun->shown[2] : "",
                   begun->n > 2 ? "'" : "", begun->n > 3 ? ", ..." : "");
}

static void note_name(struct begun *begun, struct bytes name, struct bytes key) {
    if (!seen_before(&begun->keys, key)) {
        if (begun->n < SHOWN_MAX) {
            snprintf(begun->shown[begun->n], sizeof(begun->shown[0]), "%.*s", (int)(name.n < 127 ? name.n : 127),
                     (const char *)name.p);
        }
        begun->n++;
    }
}

/* Finds a table whose only key is a name of ours, with a list of our keys that events assert for it: model_known has
 * "model", "digests" and, for a name that leads somewhere by itself, "leads". */
static size_t find_asserted(struct search *s, size_t *ret_list) {
    const struct state_table *ours = state_table(s->view->state, s->table);
    char keys[64] = "";
    for (size_t i = 0; i < ours->n_columns; i++) {
        if (ours->columns[i].flags & COLUMN_KEY) {
            snprintf(keys, sizeof(keys), "%ss", ours->columns[i].name);
        }
    }
    for (size_t t = 0; t < state_tables(s->view->state); t++) {
        const struct state_table *other = state_table(s->view->state, t);
        size_t name = projection_column(other, ours->noun);
        *ret_list = projection_column(other, keys);
        if (t != s->table && name == 0 && entity_key_columns(other) == 1 && *ret_list != SIZE_MAX &&
            projection_column(other, "leads") != SIZE_MAX) {
            return t;
        }
    }
    return SIZE_MAX;
}

/* Names that lead nowhere by themselves, but for which events assert a key. */
static int by_asserted(struct search *s, struct begun *begun, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    struct list list;
    struct bytes item, key;
    size_t told, t = find_asserted(s, &told),
                 leads = t != SIZE_MAX ? projection_column(state_table(s->view->state, t), "leads") : 0;
    int rc = t == SIZE_MAX ? 1 : state_rows_open(s->view->state, t, NULL, 0, &rows, err);
    while (rc == 0 && (rc = next_stored(s, rows, &row, err)) == 0) {
        struct bytes called = row_text(row, 0);
        bool begins = called.n >= s->text.n && memcmp(called.p, s->text.p, s->text.n) == 0 && row_int(row, leads) == 0;
        list_open(&list, begins && row->cells[told].type == CELL_LIST ? row->cells[told].text : (struct bytes){0});
        while (rc == 0 && list_next(&list, &item)) {
            if (list_name(item, "", &key) && called.n > s->text.n) {
                note_name(begun, called, key);
            } else if (list_name(item, "", &key)) {
                rc = try_whole(s, &key, 1, err);
            }
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int by_name(struct search *s, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    struct buf keys = {.max = NAME_MAX_BYTES};
    struct begun begun = {0};
    size_t name = 0, key = 0, names = find_names(s, &name, &key);
    if (names == SIZE_MAX || s->text.n == 0) return 0;
    buf_init(&begun.keys, NAME_MAX_BYTES);
    size_t manifest = projection_column(state_table(s->view->state, names), "manifest_digest");
    int rc = state_rows_open(s->view->state, names, NULL, 0, &rows, err);
    while (rc == 0 && (rc = next(s, rows, &row, err)) == 0) {
        struct bytes own = row_text(row, key), called = row_text(row, name);
        if (own.n == 0 && manifest != SIZE_MAX) { /* its weights are unknown */
            own = row_text(row, manifest);
        }
        if (own.n == 0 || called.n < s->text.n || memcmp(called.p, s->text.p, s->text.n) != 0) {
            continue;
        }
        if (called.n > s->text.n) {
            note_name(&begun, called, own);
        } else if (!seen_before(&keys, own)) {
            rc = try_whole(s, &own, 1, err);
        }
    }
    state_rows_close(rows);
    rc = rc == 1 ? 0 : rc;
    if (rc == 0 && s->found <= 0) rc = by_asserted(s, &begun, err);
    if (rc == 0 && s->found == 0 && begun.n == 1) {
        rc = try_whole(s, &(struct bytes){begun.keys.p + 4, be32_get(begun.keys.p)}, 1, err);
    } else if (rc == 0 && s->found == 0 && begun.n > 1) {
        rc = several_names(s, &begun, err);
    }
    buf_done(&begun.keys);
    buf_done(&keys);
    return rc;
}

/* ---- as events write it, or without the first part ---- */

/* A subject has the architecture after a colon, "dpkg/curl:amd64". Empty when there is no colon. */
static struct bytes without_colon(struct bytes text, struct buf *out) {
    buf_clear(out);
    for (size_t i = text.n; i > 0; i--) {
        if (text.p[i - 1] == ':') {
            buf_put_bytes(out, (struct bytes){text.p, i - 1});
            buf_put_str(out, "/");
            buf_put_bytes(out, (struct bytes){text.p + i, text.n - i});
            break;
        }
    }
    return bytes_of_buf(out);
}

static bool same_name(struct bytes a, struct bytes b, bool any_case) {
    bool same = a.n == b.n;
    for (size_t i = 0; i < a.n && same; i++) {
        uint8_t x = a.p[i], y = b.p[i];
        bool letters = (x | 0x20) >= 'a' && (x | 0x20) <= 'z';
        same = x == y || (any_case && letters && (x | 0x20) == (y | 0x20));
    }
    return same && a.n > 0;
}

/* "Bash" of "claude-code/-/Bash": the key named by the noun. */
static struct bytes own_name(const struct row *row) {
    size_t own = projection_column(row->table, row->table->noun);
    return own != SIZE_MAX && (row->table->columns[own].flags & COLUMN_KEY) ? row_text(row, own) : (struct bytes){0};
}

/* The parts that are not empty: "claude-code/Bash". */
static void put_asserted(const struct row *row, struct buf *out) {
    struct bytes parts[KEY_PARTS_MAX];
    for (size_t i = 0, n = entity_parts(row, parts); i < n; i++) {
        buf_put_str(out, parts[i].n > 0 && out->n > 0 ? "/" : "");
        buf_put_bytes(out, parts[i]);
    }
}

/* "curl" of "dpkg/curl/amd64", "pdf-ops-pack" of "pack/pdf-ops-pack/exec": the first part is omitted. */
static bool is_tail(struct bytes keys, struct bytes text) {
    const uint8_t *slash = keys.n > 0 ? memchr(keys.p, '/', keys.n) : NULL;
    size_t left = slash ? keys.n - (size_t)(slash + 1 - keys.p) : 0;
    return slash && text.n > 0 && left >= text.n && memcmp(slash + 1, text.p, text.n) == 0 &&
           (left == text.n || slash[1 + text.n] == '/');
}

/* Rows that the text identifies by a part of their name. */
static int by_part(struct search *s, struct bytes other, bool any_case, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    struct buf told = {.max = NAME_MAX_BYTES};
    int rc = state_rows_open(s->view->state, s->table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = next_stored(s, rows, &row, err)) == 0) {
        struct bytes parts[KEY_PARTS_MAX];
        buf_clear(&told);
        put_asserted(row, &told);
        struct bytes keys = bytes_of_buf(&told);
        bool tail = !any_case && (is_tail(keys, s->text) || is_tail(keys, other));
        if (tail || same_name(own_name(row), s->text, any_case) || same_name(keys, s->text, any_case)) {
            rc = try_whole(s, parts, entity_parts(row, parts), err);
        }
    }
    state_rows_close(rows);
    buf_done(&told);
    return rc == 1 ? 0 : rc;
}

static int by_subject(struct search *s, struct err *err) {
    struct buf other = {.max = NAME_MAX_BYTES};
    int rc = 0;
    if (entity_key_columns(state_table(s->view->state, s->table)) < 2) return 0;
    struct bytes whole = s->text, text = without_colon(whole, &other);
    if (text.n > 0) {
        s->text = text;
        rc = by_keys(s, err);
        s->text = whole;
    }
    if (rc == 0 && s->found <= 0) rc = by_part(s, text, false, err);
    if (rc == 0 && s->found <= 0) rc = by_part(s, text, true, err);
    buf_done(&other);
    return rc;
}

/* ---- by prefix, or near matches ---- */

struct nearness {
    uint64_t n; /* rows with this prefix */
    char shown[SHOWN_MAX][128];
    struct buf only; /* the key parts of the first one, as texts with be32 lengths */
    char near[128];
    size_t least;
};

/* A digest may be given by its digits alone. */
static bool begins(struct bytes keys, struct bytes text) {
    bool plain = keys.n > text.n && text.n > 0 && memcmp(keys.p, text.p, text.n) == 0;
    bool digits = bytes_has_prefix(keys, "sha256:") && text.n >= DIGITS_MIN && keys.n >= text.n + 7 &&
                  memcmp(keys.p + 7, text.p, text.n) == 0;
    return plain || digits;
}

static void look(struct search *s, const struct row *row, struct nearness *near) {
    struct bytes parts[KEY_PARTS_MAX];
    struct buf keys = {.max = NAME_MAX_BYTES};
    char text[128], wanted[128];
    entity_keys(row, &keys);
    snprintf(text, sizeof(text), "%.*s", (int)(keys.n < 127 ? keys.n : 127), keys.n > 0 ? (const char *)keys.p : "");
    snprintf(wanted, sizeof(wanted), "%.*s", (int)(s->text.n < 127 ? s->text.n : 127),
             s->text.n > 0 ? (const char *)s->text.p : "");
    struct bytes own = own_name(row);
    if (begins(bytes_of_buf(&keys), s->text) || begins(own, s->text)) {
        if (near->n == 0) {
            for (size_t i = 0, n = entity_parts(row, parts); i < n; i++) {
                buf_put_be32(&near->only, (uint32_t)parts[i].n);
                buf_put_bytes(&near->only, parts[i]);
            }
        }
        if (near->n < SHOWN_MAX) {
            snprintf(near->shown[near->n], sizeof(near->shown[0]), "%s", text);
        }
        near->n++;
    }
    size_t d = text_distance(wanted, text, NEAR_MAX), n = strlen(text);
    if (own.n > 0 && own.n < sizeof(text)) { /* this part alone is also a name for it */
        char called[sizeof(text)];
        snprintf(called, sizeof(called), "%.*s", (int)own.n, (const char *)own.p);
        size_t other = text_distance(wanted, called, NEAR_MAX);
        n = other < d ? own.n : n;
        d = other < d ? other : d;
    }
    if (d < near->least && d < n) {
        near->least = d;
        snprintf(near->near, sizeof(near->near), "%s", text);
    }
    buf_done(&keys);
}

static int take_only(struct search *s, const struct nearness *near, struct err *err) {
    struct bytes parts[KEY_PARTS_MAX];
    size_t n = 0;
    int rc = buf_check(&near->only, "a key", err);
    for (size_t at = 0; rc == 0 && at < near->only.n && n < KEY_PARTS_MAX;) {
        parts[n] = (struct bytes){near->only.p + at + 4, be32_get(near->only.p + at)};
        at += 4 + parts[n++].n;
    }
    if (rc == 0) rc = try_whole(s, parts, n, err);
    return rc;
}

static int not_found(struct search *s, const struct nearness *near, struct err *err) {
    const char *noun = state_table(s->view->state, s->table)->noun;
    int n = (int)(s->text.n < 200 ? s->text.n : 200);
    const char *text = n > 0 ? (const char *)s->text.p : "";
    if (near->n > 1) {
        return err_set(err, ERR_NOTFOUND, "there is no %s '%.*s', and %llu begin so: '%s', '%s'%s%s%s%s", noun, n, text,
                       (unsigned long long)near->n, near->shown[0], near->shown[1], near->n > 2 ? ", '" : "",
                       near->n > 2 ? near->shown[2] : "", near->n > 2 ? "'" : "", near->n > 3 ? ", ..." : "");
    }
    return err_set(err, ERR_NOTFOUND, "there is no %s '%.*s'%s%s%s%s", noun, n, text,
                   state_at(s->view->state) < s->view->head.size ? " at that time" : "",
                   near->near[0] ? ", did you mean '" : "", near->near, near->near[0] ? "'?" : "");
}

static int by_beginning(struct search *s, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    struct nearness near = {.least = NEAR_MAX + 1};
    buf_init(&near.only, NAME_MAX_BYTES);
    int rc = state_rows_open(s->view->state, s->table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = next_stored(s, rows, &row, err)) == 0) {
        look(s, row, &near);
    }
    state_rows_close(rows);
    rc = rc != 1 ? rc : near.n == 1 ? take_only(s, &near, err) : not_found(s, &near, err);
    buf_done(&near.only);
    return rc;
}

/* ---- the newest evaluation ---- */

bool entity_is_eval(const struct state_table *table) {
    return strcmp(table->name, "evals") == 0;
}

int entity_last_eval(struct asof *view, struct bytes suite, struct buf *out, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    int64_t newest = -1;
    int rc = state_rows_open(view->state, state_table_find(view->state, "evals"), NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &row, err)) == 0) {
        const size_t column = row_has(row, EVAL_FINISHED_SEQ) ? EVAL_FINISHED_SEQ : EVAL_STARTED_SEQ;
        if (row_int(row, column) < newest || (suite.n > 0 && !bytes_eq(row_text(row, EVAL_SUITE), suite))) continue;
        newest = row_int(row, column);
        buf_clear(out);
        buf_put_bytes(out, row_text(row, EVAL_ID));
    }
    state_rows_close(rows);
    if (rc == 1) rc = buf_check(out, "an evaluation's id", err);
    if (rc == 0 && newest < 0)
        rc = err_set(err, ERR_NOTFOUND, "there is no evaluation%s", suite.n > 0 ? " of this suite" : "");
    return rc;
}

static int by_last(struct search *s, struct err *err) {
    struct buf id = {.max = NAME_MAX_BYTES};
    int rc = entity_last_eval(s->view, (struct bytes){NULL, 0}, &id, err);
    const struct bytes key = bytes_of_buf(&id);
    if (rc == 0) rc = try_whole(s, &key, 1, err);
    buf_done(&id);
    return rc;
}

int entity_each(struct asof *view, size_t table, struct bytes text, entity_fn *each, void *ctx, struct err *err) {
    struct search s = {.view = view, .table = table, .text = text, .each = each, .ctx = ctx};
    const char *noun = state_table(view->state, table)->noun;
    size_t n = strlen(noun);
    int rc = by_keys(&s, err);
    if (rc == 0 && s.found == 0 && bytes_has_prefix(text, noun) && text.n > n + 1 && text.p[n] == '/') {
        return entity_each(view, table, (struct bytes){text.p + n + 1, text.n - n - 1}, each, ctx, err);
    }
    if (rc == 0 && s.found <= 0) rc = by_subject(&s, err);
    if (rc == 0 && s.found <= 0) rc = by_name(&s, err);
    bool last = bytes_is(text, "last") && entity_is_eval(state_table(view->state, table));
    if (rc == 0 && s.found <= 0) rc = last ? by_last(&s, err) : by_beginning(&s, err);
    return rc;
}
