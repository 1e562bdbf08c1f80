/* Compares the attested rows that are stored with what the log vouches for. A difference does no harm, since such rows are
 * not used, but it shows that they were changed. */
#include "projections/store/attested.h"

#include <stdlib.h>

struct checking {
    const struct projection *const *list;
    uint32_t which;
    void (*differs)(void *ctx, const struct projection *projection, const char *why);
    void *ctx;
};

static bool is_asked(const struct checking *c, const struct projection *projection) {
    for (size_t i = 0; i < PROJECTIONS_MAX && c->list[i] != NULL; i++) {
        if (c->list[i] == projection) return (c->which >> i & 1U) != 0;
    }
    return false;
}

static void report_all(const struct checking *c, const char *why) {
    for (size_t i = 0; i < PROJECTIONS_MAX && c->list[i] != NULL; i++) {
        if ((c->which >> i & 1U) != 0) {
            c->differs(c->ctx, c->list[i], why);
        }
    }
}

/* Every node, and so every row. */
static int walk(struct db_txn *txn, const struct attested_part *part, uint64_t *rows, struct err *err) {
    struct hash_tree *tree;
    struct hash_tree_cursor cursor = {0};
    struct bytes key, value;
    int rc = hash_tree_open(txn, part->projection->name, part->root, &tree, err);
    if (rc != 0) return rc;
    rc = hash_tree_seek(&cursor, tree, bytes_of(""), err);
    while (rc == 0 && (rc = hash_tree_next(&cursor, &key, &value, err)) == 0) {
        (*rows)++;
    }
    hash_tree_cursor_done(&cursor);
    hash_tree_close(tree);
    return rc < 0 ? rc : 0;
}

static int check_head(const struct checking *c, struct db_txn *txn, const struct attested_head *head, uint64_t *rows,
                      struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < head->n && rc == 0; i++) {
        struct err why = {0};
        rc = is_asked(c, head->part[i].projection) ? walk(txn, &head->part[i], rows, &why) : 0;
        if (rc == ERR_CORRUPT) {
            c->differs(c->ctx, head->part[i].projection, why.msg);
            rc = 0;
        } else if (rc != 0) {
            err_set(err, rc, "%s", why.msg);
        }
    }
    return rc;
}

int attested_check(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint32_t which,
                   void (*differs)(void *ctx, const struct projection *projection, const char *why), void *ctx,
                   uint64_t *rows, struct err *err) {
    const struct checking c = {list, which, differs, ctx};
    struct attested_heads *heads = calloc(1, sizeof(*heads));
    struct attested_head *head = calloc(1, sizeof(*head));
    struct bytes record;
    bool newest = false;
    int rc = heads == NULL || head == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    if (rc == 0) rc = attested_heads_get(txn, list, heads, err);
    if (rc == 0 && heads->n == 0 && db_get(txn, DERIVED_STATE, bytes_of(ATTESTED_RECORD), &record, err) == 0) {
        report_all(&c, "the record of the rows that gates use does not parse");
    }
    if (rc == 0 && heads->n > 0) {
        rc = attested_find(ledger, txn, list, LOG_NO_SEQ, head, &newest, err);
        if (rc >= 0 && !newest && heads->head[0].seq != LOG_NO_SEQ) {
            report_all(&c, "no event vouches for the rows that gates use");
        }
        rc = rc == 0 ? check_head(&c, txn, head, rows, err) : rc < 0 ? rc : 0;
    }
    free(head);
    free(heads);
    return rc;
}
