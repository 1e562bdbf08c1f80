/* Loads the events of a tree: of a run, of the runs that it started, and so on. */
#include <stdio.h>
#include <string.h>

#include "cli/log/tree.h"

#define RUNS_MAX 64 /* followed at most */

/* Adds the events of the query, except those of run `but`. */
static int add_query(struct tree *tree, struct ledger *ledger, const struct query *q, struct bytes but,
                     tree_damaged_fn *damaged, void *ctx, struct err *err) {
    struct query_cursor *cursor = NULL;
    int rc = query_open(ledger, q, &cursor, err);
    while (rc == 0) {
        const struct log_event *event = NULL;
        struct query_value run = {.type = QUERY_NULL};
        struct err why = {0};
        rc = query_next(cursor, &why);
        if (rc == 0 && but.n != 0) rc = query_get(cursor, QUERY_RUN, &run, &why);
        bool wanted = run.type != QUERY_TEXT || !bytes_eq(run.text, but);
        if (rc == 0 && wanted) rc = query_event(cursor, &event, &why);
        if (rc == 0) {
            rc = wanted ? tree_add(tree, event, err) : 0;
        } else if (err_is_damage(rc)) {
            rc = damaged(ctx, &why) ? tree_add_unreadable(tree, why.msg, err) : 0;
        } else if (rc < 0) {
            *err = why;
        }
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

int tree_add_query(struct tree *tree, struct ledger *ledger, const struct query *query, tree_damaged_fn *damaged, void *ctx,
                   struct err *err) {
    struct query q = *query;
    q.whole = true;
    return add_query(tree, ledger, &q, (struct bytes){NULL, 0}, damaged, ctx, err);
}

/* The same for the base query with one more condition. */
static int add_where(struct tree *tree, struct ledger *ledger, size_t field, struct bytes text, struct bytes but,
                     const struct query *base, tree_damaged_fn *damaged, void *ctx, struct err *err) {
    struct query_value value = {.type = QUERY_TEXT, .text = text};
    struct query_term terms[8];
    struct query q = *base;
    size_t room = sizeof(terms) / sizeof(terms[0]) - 1;
    q.n_terms = q.n_terms < room ? q.n_terms : room;
    if (q.n_terms > 0) {
        memcpy(terms, q.terms, q.n_terms * sizeof(terms[0]));
    }
    terms[q.n_terms++] = (struct query_term){.field = field, .op = QUERY_EQ, .values = &value, .n_values = 1};
    q.terms = terms;
    q.whole = but.n == 0; /* most events about a run also belong to it */
    return add_query(tree, ledger, &q, but, damaged, ctx, err);
}

static int add_one_run(struct tree *tree, struct ledger *ledger, struct bytes run, const struct query *base,
                       tree_damaged_fn *damaged, void *ctx, struct err *err) {
    struct buf subject;
    buf_init(&subject, run.n + 8);
    buf_put_str(&subject, "run/");
    buf_put_bytes(&subject, run);
    int rc = buf_check(&subject, "the run", err);
    if (rc == 0) rc = add_where(tree, ledger, QUERY_RUN, run, (struct bytes){NULL, 0}, base, damaged, ctx, err);
    if (rc == 0) rc = add_where(tree, ledger, QUERY_SUBJECT, bytes_of_buf(&subject), run, base, damaged, ctx, err);
    buf_done(&subject);
    return rc;
}

/* Appends the IDs of the runs started by the run, NUL-terminated. */
static int find_children(struct ledger *ledger, struct bytes run, const struct query *base, struct buf *out,
                         struct err *err) {
    struct query_value kind = {.type = QUERY_TEXT, .text = bytes_of("run.started")},
                       parent = {.type = QUERY_TEXT, .text = run};
    const struct query_term terms[] = {
        {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1},
        {.field = query_field_find(bytes_of("parent")), .op = QUERY_EQ, .values = &parent, .n_values = 1}};
    struct query_cursor *cursor = NULL;
    struct query q = *base;
    q.terms = terms;
    q.n_terms = 2;
    q.limit = RUNS_MAX;
    int rc = query_open(ledger, &q, &cursor, err);
    while (rc == 0) {
        struct query_value id, subject;
        struct err why = {0};
        rc = query_next(cursor, &why);
        if (rc == 0) rc = query_get(cursor, QUERY_RUN, &id, &why);
        if (rc == 0) rc = query_get(cursor, QUERY_SUBJECT, &subject, &why);
        if (rc == 0) {
            bool by_subject = id.type != QUERY_TEXT && subject.type == QUERY_TEXT && bytes_has_prefix(subject.text, "run/");
            id = by_subject ? (struct query_value){.type = QUERY_TEXT, .text = {subject.text.p + 4, subject.text.n - 4}}
                            : id;
            if (id.type == QUERY_TEXT) {
                buf_put_bytes(out, id.text);
                buf_put_u8(out, 0);
            }
        } else if (err_is_damage(rc)) {
            rc = 0; /* reported when the run's own events are read, if it is one of them */
        } else if (rc < 0) {
            *err = why;
        }
    }
    query_close(cursor);
    return rc == 1 ? buf_check(out, "the runs", err) : rc;
}

int tree_add_run(struct tree *tree, struct ledger *ledger, struct bytes run, const struct query *base,
                 tree_damaged_fn *damaged, void *ctx, struct err *err) {
    struct buf runs; /* IDs of all runs, done and still to do */
    size_t at = 0, n = 0;
    buf_init(&runs, (size_t)1 << 20);
    buf_put_bytes(&runs, run);
    buf_put_u8(&runs, 0);
    int rc = buf_check(&runs, "the run", err);
    while (rc == 0 && at < runs.n && n++ < RUNS_MAX) {
        const char *id = (const char *)runs.p + at;
        struct bytes one = bytes_of(id);
        bool before = false;
        for (size_t k = 0; k < at; k += strlen((const char *)runs.p + k) + 1) {
            before = before || bytes_is(one, (const char *)runs.p + k);
        }
        struct buf copy; /* runs may move */
        buf_init(&copy, one.n + 1);
        buf_put_bytes(&copy, one);
        at += one.n + 1;
        if (!before) {
            rc = add_one_run(tree, ledger, bytes_of_buf(&copy), base, damaged, ctx, err);
            if (rc == 0) rc = find_children(ledger, bytes_of_buf(&copy), base, &runs, err);
        }
        buf_done(&copy);
    }
    buf_done(&runs);
    return rc;
}

int tree_mark_corrected(struct tree *tree, struct ledger *ledger, const struct corrected *corrected, uint64_t at,
                        struct err *err) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && corrected->n > 0 && i < tree->n; i++) {
        struct tree_node *node = &tree->nodes[i];
        const struct corrected_one *one = NULL;
        rc = node->mark == TREE_EVENT ? corrected_holds(corrected, ledger, node->seq, at, &one, err) : 0;
        if (one != NULL) {
            char words[64];
            snprintf(words, sizeof(words), "corrected by event %llu", (unsigned long long)one->by);
            node->mark = TREE_CORRECTED;
            node->state = TREE_UNKNOWN;
            node->outcome = tree_node_keep(&tree->text, bytes_of(words));
        }
    }
    return rc;
}
