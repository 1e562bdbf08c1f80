/* One query in each direction finds both ends of a range. */
#include "lib/handover/narrow.h"

#include "ledger/dedup/vouch.h"
#include "query/query.h"

/* The first match in one direction. */
static int first_match(const struct export_options *options, struct ledger *ledger, bool last, uint64_t *ret,
                       struct err *err) {
    struct query_value value[EXPORT_TERMS_MAX];
    struct query_term term[EXPORT_TERMS_MAX];
    struct query_cursor *cursor = NULL;
    struct query query;
    query_init(&query);
    for (size_t i = 0; i < options->n_terms; i++) {
        const struct export_term *t = &options->terms[i];
        if (t->value.n == 0) { /* every text begins with it, even an absent one */
            continue;
        }
        value[i] = (struct query_value){.type = QUERY_TEXT, .text = t->value};
        term[query.n_terms++] = (struct query_term){.field = query_field_find(bytes_of(t->field)),
                                                    .op = t->op == EXPORT_EQUALS ? QUERY_EQ : QUERY_PREFIX,
                                                    .values = &value[i],
                                                    .n_values = 1};
    }
    query.terms = term;
    query.proven = true; /* the bundle claims that nothing is missing in between */
    query.descending = last;
    query.limit = 1;
    int rc = query_open(ledger, &query, &cursor, err);
    if (rc == 0) rc = query_next(cursor, err);
    if (rc == 0) {
        *ret = query_seq(cursor);
    }
    query_close(cursor);
    return rc == 1 ? err_set(err, ERR_NOTFOUND, "no event matches") : rc;
}

int narrow_range(struct export_options *options, struct ledger *ledger, bool build, struct err *err) {
    uint64_t first, last;
    if (options->n_terms == 0 || options->seqs != NULL) return 0;
    for (size_t i = 0; i < options->n_terms; i++) {
        const struct export_term *t = &options->terms[i];
        if (t->op == EXPORT_EQUALS && t->value.n == 0) {
            return err_set(err, ERR_INVALID,
                           "--%s '': events without it have a range only with --whole, --since or --until", t->field);
        }
    }
    vouch_load(ledger, NULL); /* without the log key all events are read */
    if (build) {
        query_index_build(ledger, NULL, NULL);
    }
    int rc = first_match(options, ledger, false, &first, err);
    if (rc == 0) rc = first_match(options, ledger, true, &last, err);
    if (rc == 0) {
        options->from = first;
        options->to = last + 1;
    }
    return rc;
}

void narrow_words(const struct export_options *options, struct buf *out) {
    if (options->seqs != NULL) {
        buf_printf(out, "%zu chosen", options->n_seqs);
    } else if (options->n_terms == 0) {
        buf_put_str(out, "everything");
    }
    for (size_t i = 0; i < options->n_terms; i++) {
        const struct export_term *t = &options->terms[i];
        buf_printf(out, "%s%s = ", i == 0 ? "" : ", ", t->field);
        buf_put_bytes(out, t->value);
        buf_put_str(out, t->op == EXPORT_PREFIX ? "*" : "");
    }
}
