/* Conditions on headers as people write them: equal to a value or, with '*' at its end, to a prefix. */
#include "cli/evidence/cut_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/call/opt.h"
#include "cli/print/when.h"
#include "ledger/dedup/vouch.h"
#include "projections/rows/projection.h"
#include "query/sql/sql.h"

#define SEQS_MAX 1000000

const struct opt cut_options[CUT_OPTIONS + 1] = {
    [CUT_OUTPUT] = {"output", 'o', "FILE", "write the bundle to FILE, which must not exist; - for standard output"},
    [CUT_KIND] = {"kind", 'k', "KIND", "events of this kind; a trailing * matches a prefix, here and below"},
    [CUT_SUBJECT] = {"subject", 's', "SUBJECT", "about this subject"},
    [CUT_RUN] = {"run", 'r', "RUN", "of this run"},
    [CUT_ACTOR] = {"actor", 'a', "WHO", "caused by this actor"},
    [CUT_SOURCE] = {"source", 0, "SOURCE", "from this source"},
    [CUT_GRADE] = {"grade", 'g', "GRADE", "with exactly this grade"},
    [CUT_KEY] = {"key", 0, "KEY", "with this idempotency key"},
    [CUT_SINCE] = {"since", 0, "WHEN", "from " WHEN_HELP},
    [CUT_UNTIL] = {"until", 0, "WHEN", "up to and including this moment; for a date, its end"},
    [CUT_WHOLE] = {"whole", 0, NULL, "the range is the whole log, not just from the first match to the last"},
    [CUT_BODIES] = {"bodies", 0, "WHICH", "which bodies are disclosed: matching (default), all, none"},
    [CUT_PRIVATE] = {"private", 0, "FIELDS", "private fields to disclose: comma-separated names, or none (default)"},
    [CUT_ARTIFACTS] = {"artifacts", 0, NULL, "include the artifacts that disclosed events name"},
    [CUT_STATES] = {"states", 0, "NAMES", "include the states of these projections, or of all"},
    [CUT_SPARSE] = {"sparse", 0, "SEQS", "only these events, each with its own proof; no claim of completeness"},
    [CUT_SQL] = {"sql", 0, "SELECT", "the same for the sequence numbers in a statement's first column"},
    [CUT_PLAIN] = {"plain", 0, NULL, "write a tar archive without compression"},
    [CUT_DRY_RUN] = {"dry-run", 'n', NULL, "only list what would be disclosed"},
    [CUT_RECIPIENT] = {"recipient", 0, "WHO", "for whom it is; a private field of the event that records the export"},
    [CUT_NOTE] = {"note", 0, "TEXT", "why; private too"},
    {0},
};

/* ---- conditions ---- */

int cut_args_terms(const struct opt_args *args, const struct opt *options, size_t n, struct export_term *terms,
                   size_t *ret_n, struct err *err) {
    size_t found = 0;
    for (size_t i = 0; i < n; i++) {
        const struct opt *opt = &options[i];
        const char *value = opt_text(args, opt);
        size_t at = 0, times = 0;
        while (opt_next(args, opt, &at) != NULL) {
            times++;
        }
        if (times > 1) {
            return err_set(err, ERR_INVALID, "--%s is given twice: all conditions must hold for an event", opt->name);
        }
        if (value == NULL) continue;
        struct export_term *t = &terms[found++];
        size_t len = strlen(value);
        bool prefix = len > 0 && value[len - 1] == '*';
        *t =
            (struct export_term){opt->name, prefix ? EXPORT_PREFIX : EXPORT_EQUALS, {(const uint8_t *)value, len - prefix}};
        if (memchr(value, '*', len - prefix) != NULL || strchr(value, '?') != NULL) {
            return err_set(
                err, ERR_INVALID,
                "--%s '%.100s': only a '*' at the end can be proven to be complete; 'ledger query' knows patterns",
                opt->name, value);
        }
    }
    *ret_n = found;
    return 0;
}

/* Reads the moment of an option; *ret_given false: the option was not given. */
static int read_when(const struct opt_args *args, const struct opt *option, bool last, struct ledger *ledger,
                     struct when *ret, bool *ret_given, struct err *err) {
    const char *text = opt_text(args, option);
    struct log_head head;
    *ret_given = text != NULL;
    if (text == NULL) return 0;
    int rc = log_head(ledger, &head, err);
    if (rc == 0) rc = when_parse(text, last, ret, err);
    if (rc == 0) rc = when_check(ret, text, head.size, err);
    if (rc != 0) {
        err_prefix(err, "--%s", option->name);
    }
    return rc;
}

/* Both ends are included, as everywhere; the export room takes seqs up to the first one outside the range, and times up
 * to the first one after it. */
static int read_range(const struct opt_args *args, struct ledger *ledger, struct cut_args *cut, struct err *err) {
    struct export_options *o = &cut->options;
    struct when since, until;
    bool has_since, has_until;
    int rc = read_when(args, &cut_options[CUT_SINCE], false, ledger, &since, &has_since, err);
    if (rc == 0) rc = read_when(args, &cut_options[CUT_UNTIL], true, ledger, &until, &has_until, err);
    if (rc != 0) return rc;
    if (has_since && since.is_seq) {
        o->from = since.at;
    } else if (has_since) {
        o->has_since = true;
        o->since = since.at;
    }
    if (has_until && until.is_seq) {
        o->to = until.at + 1;
    } else if (has_until) {
        o->has_until = true;
        o->until = until.at + 1;
    }
    cut->given = has_since || has_until || opt_has(args, &cut_options[CUT_WHOLE]);
    return 0;
}

/* ---- names ---- */

int cut_args_names(const struct opt_args *args, const struct opt *opt, struct buf *own, const char **names, size_t max,
                   size_t *ret_n, struct err *err) {
    const char *value;
    size_t at = 0, n = 0;
    while ((value = opt_next(args, opt, &at)) != NULL) {
        for (size_t len; (len = strcspn(value, ",")) > 0 || *value == ','; value += len + (value[len] == ',')) {
            if (len == 0 || n == max) {
                return err_set(err, ERR_INVALID, "--%s takes at most %zu comma-separated names", opt->name, max);
            }
            char *name = (char *)own->p + own->n;
            buf_put(own, value, len);
            buf_put_u8(own, 0);
            size_t place = n;
            while (place > 0 && strcmp(names[place - 1], name) > 0) {
                place--;
            }
            if (place > 0 && strcmp(names[place - 1], name) == 0) {
                return err_set(err, ERR_INVALID, "--%s names '%.60s' twice", opt->name, name);
            }
            memmove(&names[place + 1], &names[place], (n - place) * sizeof(names[0]));
            names[place] = name;
            n++;
        }
    }
    *ret_n = n;
    return 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_states(const struct opt_args *args, struct cut_args *cut, struct err *err) {
    size_t n = 0;
    int rc = cut_args_names(args, &cut_options[CUT_STATES], &cut->names, cut->states, EXPORT_STATES_MAX, &n, err);
    if (rc == 0 && n == 1 && strcmp(cut->states[0], "all") == 0) {
        for (n = 0; projection_all[n] != NULL && n < EXPORT_STATES_MAX; n++) {
            cut->states[n] = projection_all[n]->name;
        }
        qsort(cut->states, n, sizeof(cut->states[0]), by_name);
    }
    for (size_t i = 0; i < n && rc == 0; i++) {
        size_t p = 0;
        while (projection_all[p] != NULL && strcmp(projection_all[p]->name, cut->states[i]) != 0) {
            p++;
        }
        if (projection_all[p] == NULL) {
            rc = err_set(err, ERR_INVALID, "--states: unknown projection '%.60s'; 'ledger state' lists them",
                         cut->states[i]);
        }
    }
    cut->options.states = cut->states;
    cut->options.n_states = n;
    return rc;
}

static int read_bodies(const struct opt_args *args, struct cut_args *cut, struct err *err) {
    const char *given = opt_text(args, &cut_options[CUT_BODIES]);
    if (given != NULL && !export_bodies_find(bytes_of(given), &cut->options.bodies)) {
        return err_set(err, ERR_INVALID, "--bodies '%.60s': expected matching, all or none", given);
    }
    return 0;
}

/* ---- chosen events ---- */

static int add_seq(struct cut_args *cut, uint64_t seq, struct err *err) {
    if (cut->seqs.n == SEQS_MAX) {
        return err_set(err, ERR_LIMIT, "a sparse bundle has at most %d events", SEQS_MAX);
    }
    return seqs_add(&cut->seqs, seq, err);
}

static int read_seqs(const char *text, struct cut_args *cut, struct err *err) {
    for (size_t n; *text != '\0'; text += n + (text[n] == ',')) {
        uint64_t seq;
        n = strcspn(text, ",");
        if (text_parse_u64((struct bytes){(const uint8_t *)text, n}, &seq) != 0) {
            return err_set(err, ERR_INVALID, "--sparse: '%.*s' is not a sequence number (expected SEQ,SEQ,...)",
                           n < 40 ? (int)n : 40, text);
        }
        int rc = add_seq(cut, seq, err);
        if (rc != 0) return rc;
    }
    return 0;
}

static int take_row(void *ctx, const struct sql_row *row, struct err *err) {
    if (row->n == 0 || row->values[0].type != QUERY_INT || row->values[0].int_ < 0) {
        return err_set(err, ERR_INVALID, "--sql: the first column is not a sequence number");
    }
    return add_seq(ctx, (uint64_t)row->values[0].int_, err);
}

static int ask_seqs(const char *statement, struct ledger *ledger, struct cut_args *cut, struct err *err) {
    struct sql *sql = NULL;
    const struct sql_options options = {.proven = true};
    int rc = sql_open(ledger, &options, &sql, err);
    if (rc == 0) rc = sql_run(sql, bytes_of(statement), NULL, take_row, cut, err);
    if (rc == 0 && tier_count_mentioned(statement)) {
        tier_count_ask(sql, NULL, &cut->tiers);
    }
    sql_close(sql);
    return rc;
}

static int read_chosen(const struct opt_args *args, struct ledger *ledger, struct cut_args *cut, struct err *err) {
    const char *list = opt_text(args, &cut_options[CUT_SPARSE]), *statement = opt_text(args, &cut_options[CUT_SQL]);
    if (list == NULL && statement == NULL) return 0;
    if ((list != NULL && statement != NULL) || cut->options.n_terms > 0 || cut->given) {
        return err_set(err, ERR_INVALID, "--sparse or --sql choose the events: no conditions and no range beside them");
    }
    int rc = list != NULL ? read_seqs(list, cut, err) : ask_seqs(statement, ledger, cut, err);
    if (rc == 0 && cut->seqs.n == 0) rc = err_set(err, ERR_NOTFOUND, "no event was chosen");
    if (rc == 0) {
        cut->options.seqs = cut->seqs.seq;
        cut->options.n_seqs = cut->seqs.n = seqs_sort(cut->seqs.seq, cut->seqs.n);
    }
    return rc;
}

/* ---- all together ---- */

int cut_args_read(const struct opt_args *args, struct ledger *ledger, struct cut_args *ret, struct err *err) {
    *ret = (struct cut_args){0};
    export_options_init(&ret->options);
    buf_init(&ret->names, 1 << 16);
    buf_room(&ret->names, 1 << 16); /* pointers to names are kept: it must not move */
    int rc = buf_check(&ret->names, "names", err);
    ret->options.terms = ret->term;
    if (rc == 0)
        rc = cut_args_terms(args, &cut_options[CUT_KIND], CUT_SINCE - CUT_KIND, ret->term, &ret->options.n_terms, err);
    if (rc == 0) rc = read_range(args, ledger, ret, err);
    if (rc == 0) rc = read_bodies(args, ret, err);
    if (rc == 0)
        rc = cut_args_names(args, &cut_options[CUT_PRIVATE], &ret->names, ret->private_, EXPORT_PRIVATE_MAX,
                            &ret->options.n_private, err);
    if (ret->options.n_private == 1 && strcmp(ret->private_[0], "none") == 0) {
        ret->options.n_private = 0; /* as for bodies */
    }
    ret->options.private_ = ret->private_;
    if (rc == 0) rc = buf_check(&ret->names, "names", err);
    if (rc == 0) rc = read_states(args, ret, err);
    ret->options.artifacts = opt_has(args, &cut_options[CUT_ARTIFACTS]);
    ret->options.plain = opt_has(args, &cut_options[CUT_PLAIN]);
    if (rc == 0) rc = read_chosen(args, ledger, ret, err);
    return rc;
}

int cut_args_narrow(struct cut_args *args, struct ledger *ledger, bool build, struct err *err) {
    return args->given ? 0 : narrow_range(&args->options, ledger, build, err);
}

void cut_args_done(struct cut_args *args) {
    buf_done(&args->names);
    free(args->seqs.seq);
}
