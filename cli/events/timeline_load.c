/* Loads the events of a timeline: of a run and the runs it started, of a subject, or of a time range, with the gaps. */
#include "cli/events/timeline.h"
#include "cli/log/corrected.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX  1024
#define RUNS_NAMED 4 /* of several runs with the prefix */

static int add_subject(struct timeline *t, const struct query *base, struct err *err) {
    struct bytes text = bytes_of(t->about);
    struct query_value value = {.type = QUERY_TEXT, .text = text};
    struct query_term terms[4];
    struct query q = *base;
    bool prefix = text.n > 0 && text.p[text.n - 1] == '*';
    value.text.n -= prefix ? 1 : 0;
    if (base->n_terms > 0) {
        memcpy(terms, base->terms, base->n_terms * sizeof(terms[0])); /* two for times at most */
    }
    terms[q.n_terms++] = (struct query_term){
        .field = QUERY_SUBJECT, .op = prefix ? QUERY_PREFIX : QUERY_EQ, .values = &value, .n_values = 1};
    q.terms = terms;
    return tree_add_query(&t->tree, t->ledger, &q, damage_note, &t->damage, err);
}

/* Adds gaps between the first event and the last. */
static int add_gaps(struct timeline *t, const struct query *base, struct err *err) {
    struct query_value gap = {.type = QUERY_TEXT, .text = bytes_of("ledger.gap")};
    const struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &gap, .n_values = 1};
    struct query q = *base;
    uint64_t first = LOG_NO_SEQ, last = 0;
    for (size_t i = 0; i < t->tree.n; i++) {
        first = t->tree.nodes[i].seq < first ? t->tree.nodes[i].seq : first;
        last = t->tree.nodes[i].seq > last ? t->tree.nodes[i].seq : last;
    }
    if (t->tree.n == 0 || !t->about) return 0;
    q.terms = &term;
    q.n_terms = 1;
    q.from = first;
    q.to = last + 1;
    return tree_add_query(&t->tree, t->ledger, &q, damage_note, &t->damage, err);
}

/* Runs with a prefix. */
struct runs {
    uint64_t n;
    char names[RUNS_NAMED][TIMELINE_RUN_MAX];
};

static int take_run(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct runs *runs = ctx;
    struct bytes name = values[0].text;
    (void)count;
    (void)err;
    if (values[0].type == QUERY_TEXT && runs->n++ < RUNS_NAMED) {
        snprintf(runs->names[runs->n - 1], TIMELINE_RUN_MAX, "%.*s",
                 (int)(name.n < TIMELINE_RUN_MAX ? name.n : TIMELINE_RUN_MAX - 1), (const char *)name.p);
    }
    return 0;
}

static int several_runs(const struct runs *runs, struct bytes beginning, struct err *err) {
    struct buf names = {.max = NAMES_MAX};
    for (size_t i = 0; i < runs->n && i < RUNS_NAMED; i++) {
        buf_printf(&names, "%s'%.60s'", i > 0 ? ", " : "", runs->names[i]);
    }
    buf_put_str(&names, runs->n > RUNS_NAMED ? ", ..." : "");
    err_set(err, ERR_NOTFOUND, "%llu runs begin with '%.*s': %.*s", (unsigned long long)runs->n,
            beginning.n < 60 ? (int)beginning.n : 60, (const char *)beginning.p, (int)names.n, (const char *)names.p);
    buf_done(&names);
    return ERR_NOTFOUND;
}

/* Run IDs are long: a unique prefix is enough. 1: there is none. */
static int find_run(struct timeline *t, struct bytes beginning, const struct query *base, struct err *err) {
    struct query_value value = {.type = QUERY_TEXT, .text = beginning};
    const struct query_term term = {.field = QUERY_RUN, .op = QUERY_PREFIX, .values = &value, .n_values = 1};
    const size_t by = QUERY_RUN;
    struct query_cost cost;
    struct err ignored = {0};
    uint64_t lost = 0;
    struct runs runs = {.n = 0};
    struct query q;
    query_init(&q);
    q.stop = base->stop;
    q.terms = &term;
    q.n_terms = 1;
    int rc = query_count(t->ledger, &q, &by, 1, take_run, &runs, &cost, &lost, &ignored);
    if (rc < 0) {
        *err = ignored;
        return rc;
    }
    if (runs.n == 0) return 1;
    if (runs.n > 1) return several_runs(&runs, beginning, err);
    buf_put_str(&t->run, runs.names[0]);
    buf_put_u8(&t->run, 0);
    t->about = (const char *)t->run.p;
    return buf_check(&t->run, "the run", err);
}

/* The run with that ID, or the only one with that prefix. */
static int load_run(struct timeline *t, struct bytes name, const struct query *base, struct err *err) {
    t->of_run = true;
    int rc = tree_add_run(&t->tree, t->ledger, name, base, damage_note, &t->damage, err);
    if (rc != 0 || t->tree.n > 0) return rc;
    name.n -= name.n > 0 && name.p[name.n - 1] == '*' ? 1 : 0;
    rc = find_run(t, name, base, err);
    if (rc == 0) {
        rc = tree_add_run(&t->tree, t->ledger, bytes_of(t->about), base, damage_note, &t->damage, err);
    }
    return rc < 0 ? rc : 0;
}

static int mark_corrected(struct timeline *t, struct err *err) {
    struct corrected corrected = {0};
    int rc = corrected_load(t->ledger, 0, &corrected, err);
    if (rc == 0) rc = tree_mark_corrected(&t->tree, t->ledger, &corrected, LOG_NO_SEQ, err);
    corrected_done(&corrected);
    return rc;
}

int timeline_load(struct timeline *t, const struct query *base, struct err *err) {
    static const char prefix[] = "run/";
    int rc;
    if (!t->about) {
        rc = tree_add_query(&t->tree, t->ledger, base, damage_note, &t->damage, err);
    } else if (strncmp(t->about, prefix, sizeof(prefix) - 1) == 0 && !strchr(t->about, '*')) {
        rc = load_run(t, bytes_of(t->about + sizeof(prefix) - 1), base, err);
    } else if (strchr(t->about, '/')) {
        rc = add_subject(t, base, err);
    } else {
        rc = load_run(t, bytes_of(t->about), base, err);
    }
    if (rc == 0) rc = add_gaps(t, base, err);
    if (rc == 0 && t->of_run && base->n_terms == 0) rc = timeline_add_before(t, err);
    if (rc == 0) rc = mark_corrected(t, err);
    if (rc == 0) rc = tree_link(&t->tree, err);
    return rc;
}

/* Of the run: its parent, if it has one, is from before. */
static bool is_top(const struct timeline *t, size_t i) {
    const struct tree_node *node = &t->tree.nodes[i];
    return !node->before && (node->parent == SIZE_MAX || t->tree.nodes[node->parent].before);
}

void timeline_hang_gaps(struct timeline *t) {
    size_t root = 0;
    while (root < t->tree.n && (t->tree.nodes[root].mark != TREE_EVENT || !is_top(t, root))) {
        root++;
    }
    for (size_t i = root + 1; t->of_run && i < t->tree.n; i++) {
        struct tree_node *node = &t->tree.nodes[i];
        if (node->mark != TREE_EVENT && node->parent == SIZE_MAX) {
            node->parent = root;
        }
    }
}
