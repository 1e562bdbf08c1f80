/* What a run rests on, though it happened before: the causes that lead up to its beginning, and the events that its beginning
 * names as evidence, with theirs. So the tree of a pack's run begins with the plan of its installation. */
#include <stdlib.h>

#include "base/mp.h"
#include "cli/events/timeline.h"

#define CHAIN_MAX 4096 /* events */

struct chain {
    struct timeline *t;
    struct log_reader *reader;
    uint64_t *seqs; /* found; the first `done` are in the tree */
    size_t n, done;
    bool evidence; /* they are, or led to it */
};

static void find(struct chain *c, uint64_t seq) {
    bool there = c->n == CHAIN_MAX || seq == LOG_NO_SEQ;
    for (size_t i = 0; i < c->n; i++) {
        there = there || c->seqs[i] == seq;
    }
    if (!there) c->seqs[c->n++] = seq;
}

static void find_evidence(struct chain *c, struct bytes body) {
    struct bytes raw;
    struct mp_reader r;
    struct mp_item list, item;
    if (mp_map_get(body, "evidence", &raw) != 0) return;
    mp_reader_init(&r, raw);
    if (mp_next(&r, &list, NULL) != 0 || list.type != MP_ARRAY) return;
    for (uint32_t i = 0; i < list.count && mp_next(&r, &item, NULL) == 0 && item.type == MP_UINT; i++) {
        find(c, item.uint);
    }
}

enum reading { CAUSES, EVIDENCE, BEFORE };

/* CAUSES, EVIDENCE: of the beginning of the run, which is in the tree already. */
static int read_one(struct chain *c, uint64_t seq, enum reading what, struct err *err) {
    struct timeline *t = c->t;
    struct log_event event;
    struct err why = {0};
    log_reader_seek(c->reader, seq);
    int rc = log_reader_next(c->reader, &event, &why);
    if (rc == 1) return 0; /* it names an event that does not exist */
    if (rc != 0) return damage_pass(&t->damage, rc, &why, err);
    if (event.has_cause) find(c, event.cause);
    if (what == CAUSES) t->tree.rests = event.has_cause ? event.cause : LOG_NO_SEQ;
    if (what == EVIDENCE) find_evidence(c, event.body);
    if (what != BEFORE) return 0;
    rc = tree_add(&t->tree, &event, err);
    if (rc == 0) {
        t->tree.nodes[t->tree.n - 1].before = true;
        t->tree.nodes[t->tree.n - 1].evidence = c->evidence;
    }
    return rc;
}

/* The beginning of the run itself, not of one that it started; SIZE_MAX. */
static size_t beginning_of(const struct timeline *t) {
    static const char prefix[] = "run/";
    const struct bytes about = bytes_of(t->about);
    const size_t skip = bytes_has_prefix(about, prefix) ? sizeof(prefix) - 1 : 0;
    const struct bytes run = {about.p + skip, about.n - skip};
    for (size_t i = 0; i < t->tree.n; i++) {
        const struct tree_node *node = &t->tree.nodes[i];
        if (node->mark == TREE_EVENT && bytes_is(tree_text(&t->tree, node->kind), "run.started") &&
            bytes_eq(tree_text(&t->tree, node->run), run)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool is_of_tree(const struct timeline *t, uint64_t seq, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (t->tree.nodes[i].seq == seq) return true;
    }
    return false;
}

static int read_all(struct chain *c, uint64_t started, size_t own, struct err *err) {
    int rc = read_one(c, started, c->evidence ? EVIDENCE : CAUSES, err);
    for (; rc == 0 && c->done < c->n; c->done++) {
        bool there = c->seqs[c->done] >= started || is_of_tree(c->t, c->seqs[c->done], own);
        rc = there ? 0 : read_one(c, c->seqs[c->done], BEFORE, err);
    }
    return rc;
}

int timeline_add_before(struct timeline *t, struct err *err) {
    size_t first = beginning_of(t), own = t->tree.n;
    struct chain c = {.t = t};
    if (first == SIZE_MAX) return 0;
    uint64_t started = t->tree.nodes[first].seq;
    c.seqs = calloc(CHAIN_MAX, sizeof(*c.seqs));
    int rc = c.seqs != NULL ? log_reader_open(t->ledger, 0, t->size, &c.reader, err)
                            : err_set(err, ERR_NOMEM, "no memory for the events");
    if (rc == 0) rc = read_all(&c, started, own, err);
    c.evidence = true;
    if (rc == 0) rc = read_all(&c, started, own, err);
    log_reader_close(c.reader);
    free(c.seqs);
    return rc;
}
