/* Entities are looked up under each noun that people leave out. Exact names take precedence over prefix
 * matches. */
#include "cli/states/why_name.h"

#include <stdio.h>
#include <string.h>

#include "cli/view/entity.h"

#define NAME_MAX_BYTES ((size_t)1 << 16)
#define SHOWN_MAX      4

struct found {
    struct bytes name;
    size_t table, exact, loose; /* the table of the last match; how many are exact, and how many are not */
    size_t now;                 /* the table being searched */
    char shown[SHOWN_MAX][128];
    size_t n_shown;
};

static int collect(void *ctx, const struct row *row, struct err *err) {
    struct found *found = ctx;
    struct buf keys = {.max = NAME_MAX_BYTES}, name = {.max = NAME_MAX_BYTES};
    (void)err;
    entity_keys(row, &keys);
    entity_name(row, &name);
    bool exact = bytes_eq(bytes_of_buf(&keys), found->name);
    if (exact && found->exact == 0) {
        found->n_shown = 0;
    }
    if (exact || found->exact == 0) {
        found->table = found->now;
        if (found->n_shown < SHOWN_MAX) {
            snprintf(found->shown[found->n_shown++], sizeof(found->shown[0]), "%.*s", (int)(name.n < 127 ? name.n : 127),
                     name.n > 0 ? (const char *)name.p : "");
        }
    }
    found->exact += exact ? 1 : 0;
    found->loose += exact ? 0 : 1;
    buf_done(&name);
    buf_done(&keys);
    return 0;
}

static int several(const struct found *found, size_t n, struct err *err) {
    struct buf names = {.max = NAME_MAX_BYTES};
    for (size_t i = 0; i < found->n_shown; i++) {
        buf_printf(&names, "%s'%s'", i > 0 ? ", " : "", found->shown[i]);
    }
    err_set(err, ERR_CONFLICT, "'%.*s' names %zu things (say which): %.*s%s",
            (int)(found->name.n < 100 ? found->name.n : 100), (const char *)found->name.p, n, (int)names.n,
            (const char *)names.p, n > found->n_shown ? ", ..." : "");
    buf_done(&names);
    return ERR_CONFLICT;
}

int why_name(struct asof *view, struct bytes name, size_t *ret_table, struct err *err) {
    static const char *const nouns[] = {"pack",      "route",   "model",   "run",       "eval",
                                        "promotion", "runtime", "package", "permission"};
    struct found found = {.name = name, .table = SIZE_MAX};
    struct err begun = {0};
    for (size_t i = 0; i < sizeof(nouns) / sizeof(nouns[0]); i++) {
        struct err why = {0};
        if (strcmp(nouns[i], "permission") == 0 && found.exact + found.loose > 0) {
            break; /* a row about an entity is not another meaning of its name */
        }
        found.now = entity_table(view, bytes_of(nouns[i]));
        int rc = found.now == SIZE_MAX ? 0 : entity_each(view, found.now, name, collect, &found, &why);
        if (rc == ERR_NOTFOUND && begun.code == 0 && strstr(why.msg, "begin so") != NULL) {
            begun = why;
        } else if (rc != 0 && rc != ERR_NOTFOUND) {
            *err = why;
            return rc;
        }
    }
    size_t n = found.exact > 0 ? found.exact : found.loose;
    if (n > 1) return several(&found, n, err);
    if (n == 0 && begun.code != 0) {
        *err = begun;
        return ERR_NOTFOUND;
    }
    *ret_table = n == 1 ? found.table : SIZE_MAX;
    return 0;
}
