/* Routes and their proofs, for tests: digests that are easy to tell apart, and the events of a proven route. */
#ifndef TESTS_PROJECTIONS_PROOF_BOX_H
#define TESTS_PROJECTIONS_PROOF_BOX_H

#include "projections/rows/list.h"
#include "tests/projections/state_box.h"

#define R16(c)    c c c c c c c c c c c c c c c c
#define DIGEST(c) "sha256:" R16(c) R16(c) R16(c) R16(c)

#define WEIGHTS   DIGEST("a") /* what the route is proven with */
#define WEIGHTS2  DIGEST("b")
#define CONFIG    DIGEST("c")
#define CONFIG2   DIGEST("d")
#define SUITE     DIGEST("5")
#define SUITE2    DIGEST("6")
#define MANIFEST  DIGEST("1")
#define MANIFEST2 DIGEST("2")
#define PROGRAM   DIGEST("7")
#define PROGRAM2  DIGEST("8")

/* An evaluation's end: a full pass for route r with all bindings, and whatever else is given (", \"partial\": true"). Equal
 * names would be refused, so bindings that differ are given as a whole. */
#define BINDINGS                                                                                                           \
    "\"route\": \"r\", \"suite\": \"s\", \"suite_digest\": \"" SUITE "\", \"digest\": \"" WEIGHTS                          \
    "\", \"config_digest\": \"" CONFIG "\", \"pack\": \"p\", \"pack_version\": \"1\""
#define PASS(more) "{" BINDINGS ", \"verdict\": \"pass\"" more "}"
#define FAIL(more) "{" BINDINGS ", \"verdict\": \"fail\"" more "}"

#define SCORED "{\"task\": \"t\", \"metric\": \"acc\", \"value\": 0.9, \"threshold\": 0.8, \"higher_is_better\": true}"

/* An evaluation with one passing score, and its end. Returns the seq of the end. */
static inline uint64_t box_eval(struct box *box, const char *subject, const char *end) {
    box_event(box, "eval.scored", subject, SCORED);
    return box_event(box, "eval.finished", subject, end);
}

/* Route r of pack p, whose model is the tag m of ollama. */
static inline uint64_t box_route(struct box *box) {
    return box_event(box, "route.declared", "route/r",
                     "{\"pack\": \"p\", \"pack_version\": \"1\", \"config_digest\": \"" CONFIG
                     "\", \"model\": \"m\", \"runtime\": \"ollama\", \"suite\": \"s\", \"suite_digest\": \"" SUITE "\"}");
}

static inline uint64_t box_tag(struct box *box, const char *kind, const char *digest) {
    char body[256];
    bool alias = strcmp(kind, "model.alias_set") == 0;
    snprintf(body, sizeof(body), "{\"%s\": \"m\", \"runtime\": \"ollama\", \"digest\": \"%s\"}", alias ? "alias" : "model",
             digest);
    return box_event(box, kind, alias ? "alias/m" : "model/m", body);
}

/* Ready: the tag was seen, the route declared, and the evaluation e passed. Returns the seq of its end. */
static inline uint64_t box_ready(struct box *box) {
    box_tag(box, "model.observed", WEIGHTS);
    box_route(box);
    return box_eval(box, "eval/e", PASS(""));
}

static inline void box_says(struct box *box, const char *column, const char *part) {
    struct bytes got = row_text(&box->row, box_column(box, column));
    if (got.n == 0 || memmem(got.p, got.n, part, strlen(part)) == NULL) {
        fail_msg("%s.%s is '%.*s', without '%s'", box->row.table->name, column, (int)got.n,
                 got.n > 0 ? (const char *)got.p : "", part);
    }
}

/* The evidence includes this seq. */
static inline void box_cites(struct box *box, uint64_t seq) {
    uint64_t seqs[ROW_SEQS_MAX];
    size_t n = row_seqs(&box->row, box_column(box, "evidence"), seqs, ROW_SEQS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (seqs[i] == seq) return;
    }
    fail_msg("%s does not cite event %llu", box->row.table->name, (unsigned long long)seq);
}

static inline void box_null(struct box *box, const char *column) {
    if (row_has(&box->row, box_column(box, column))) {
        fail_msg("%s.%s is not null", box->row.table->name, column);
    }
}

/* The remedy of this rule for route r; it is found. */
static inline void box_remedy(struct box *box, const char *rule, const char *expected) {
    struct list list;
    struct bytes item, name, remedy = {0};
    const struct cell *cell = &box->row.cells[box_column(box, "missing")];
    bool found = false;
    list_open(&list, cell->type == CELL_LIST ? cell->text : (struct bytes){0});
    while (!found && list_next(&list, &item)) {
        found = list_text(item, "rule", &name) && bytes_is(name, rule);
        remedy = found && !list_text(item, "remedy", &remedy) ? (struct bytes){0} : remedy;
    }
    if (!found || !bytes_is(remedy, expected)) {
        fail_msg("%s: %s, '%.*s'", rule, found ? "found" : "not found", (int)remedy.n,
                 remedy.n > 0 ? (const char *)remedy.p : "");
    }
}

/* Route r in the newest view: its state, and part of its reason (NULL: there is none). */
static inline void box_route_is(struct box *box, const char *state, const char *reason) {
    box_view(box, LOG_NO_SEQ, 0);
    assert_true(box_row(box, "routes", "r", NULL));
    box_text(box, "state", state);
    if (reason != NULL) {
        box_says(box, "reason", reason);
    } else {
        box_null(box, "reason");
    }
}

#endif
