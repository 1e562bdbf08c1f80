/* The view advances in its overlay. At each segment boundary it is opened again, if the stored rows go that far: so no more
 * than a segment's rows are kept in memory. What the nodes know outlives the views. */
#include "projections/walk/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "projections/fold/correct.h"
#include "projections/view/state.h"
#include "projections/walk/walk_nodes.h"

#define STEP 64 /* events between two checks whether to end */

struct walk {
    struct walk_plan plan;
    struct state_view *view;
    struct replay *replay;
    struct walk_nodes nodes;
    struct replay_watch watch;
    struct rows_taker {
        struct walk *walk;
        size_t first_table;
    } taker[PROJECTIONS_MAX];
    uint64_t *columns; /* of each table */
    uint32_t stopped;  /* a bit for each projection */
    bool stale;        /* some rows are stale: what is judged by them is unknown */
    struct changed {
        size_t table;
        struct bytes key;
    } * changed; /* by the current event */
    size_t n_changed, changed_cap;
    bool short_of_memory;
    bool corrected;
};

/* ---- rows that change ---- */

static void on_change(void *ctx, size_t table, struct bytes key, struct bytes before, struct bytes after) {
    const struct rows_taker *taker = ctx;
    struct walk *w = taker->walk;
    if (array_room(&w->changed, w->n_changed + 1, &w->changed_cap, sizeof(*w->changed), NULL) != 0) {
        w->short_of_memory = true;
    } else {
        w->changed[w->n_changed++] = (struct changed){taker->first_table + table, key};
    }
    walk_nodes_changed(&w->nodes, taker->first_table + table, key, before, after);
}

/* ---- steps ---- */

static int end_step(struct walk *w, struct err *err) {
    const struct walk_notes *notes = w->plan.notes;
    int rc = walk_nodes_settle(&w->nodes, err);
    return rc == 0 && notes != NULL && notes->step != NULL ? notes->step(w->plan.ctx, &w->nodes.cause, err) : rc;
}

/* ---- time ---- */

/* Applies what time alone changes up to there, one moment after another. */
static int pass_time(struct walk *w, uint64_t now, struct err *err) {
    int rc = 0;
    while (rc == 0 && w->nodes.deadline <= (int64_t)now) {
        if (w->nodes.deadline > (int64_t)w->view->now) {
            w->view->now = (uint64_t)w->nodes.deadline;
        }
        w->nodes.cause = (struct walk_cause){true, LOG_NO_SEQ, w->view->now};
        walk_nodes_due(&w->nodes);
        rc = end_step(w, err);
    }
    w->view->now = now > w->view->now ? now : w->view->now;
    return rc;
}

/* ---- events ---- */

bool walk_is_tired(const struct walk *w) {
    return w->plan.work > 0 && w->nodes.looked > w->plan.work;
}

bool walk_corrected(const struct walk *w) {
    return w->corrected;
}

static int before_event(void *ctx, const struct log_event *event, struct err *err) {
    struct walk *w = ctx;
    w->n_changed = 0;
    w->nodes.cause = (struct walk_cause){true, event->seq, event->time};
    int rc = pass_time(w, event->time, err);
    w->nodes.cause = (struct walk_cause){true, event->seq, event->time};
    return rc;
}

static uint32_t stopped_of(const struct walk *w) {
    uint32_t stopped = 0;
    for (size_t i = 0; i < w->view->n; i++) {
        stopped |= (uint32_t)w->view->projection[i].part.stopped << i;
    }
    return stopped;
}

static int note_stored(const struct walk *w, const struct changed *changed, uint64_t seq, struct err *err) {
    const struct walk_notes *notes = w->plan.notes;
    return notes == NULL || notes->stored == NULL ? 0 : notes->stored(w->plan.ctx, changed->table, changed->key, seq, err);
}

static int after_event(void *ctx, const struct log_event *event, uint64_t at, struct err *err) {
    struct walk *w = ctx;
    uint32_t stopped = stopped_of(w);
    int rc = w->short_of_memory ? err_set(err, ERR_NOMEM, "out of memory for changed rows") : 0;
    w->nodes.cause = (struct walk_cause){true, event->seq, at};
    w->view->at = event->seq + 1;
    view_forget_again(w->view);
    for (size_t i = 0; i < w->n_changed && rc == 0; i++) {
        if (w->changed[i].table == w->view->read_table) {
            view_guest_done(&w->view->read);
        }
        rc = view_add_changed(w->view, w->changed[i].table, w->changed[i].key, err);
        if (rc == 0) rc = note_stored(w, &w->changed[i], event->seq, err);
    }
    if (stopped != w->stopped) {
        w->stopped = stopped;
        walk_nodes_stopped(&w->nodes);
    }
    if (rc == 0) rc = end_step(w, err);
    return rc;
}

/* ---- views ---- */

static void let_go(struct walk *w) {
    replay_close(w->replay);
    state_close(w->view);
    w->replay = NULL;
    w->view = NULL;
}

/* Opens a view as of there, ready to advance. */
static int open_at(struct walk *w, uint64_t at, uint64_t now, struct err *err) {
    struct state_options options = w->plan.options;
    let_go(w);
    options.at = at;
    options.now = now;
    options.no_write = true;
    int rc = state_open(w->plan.ledger, &options, &w->view, err);
    if (rc == 0) rc = replay_open(w->plan.ledger, &correct_effect, &w->replay, err);
    for (size_t i = 0; rc == 0 && i < w->view->n; i++) {
        struct view_projection *p = &w->view->projection[i];
        if (p->use == STORED_STALE) { /* its rows stay as they are */
            w->stale = true;
            continue;
        }
        rc = view_prepare(w->view, i, w->replay, err);
        w->taker[i] = (struct rows_taker){w, p->first_table};
        if (rc == 0) {
            rows_watch(p->overlay, &(struct rows_watch){on_change, &w->taker[i]});
        }
    }
    if (rc == 0) {
        w->view->watched = &w->nodes.watch;
        w->nodes.view = w->view;
        w->stopped = stopped_of(w);
    }
    return rc;
}

/* Could a view begin there from the stored rows? */
static bool is_stored(const struct walk *w, uint64_t at) {
    bool all = true;
    for (size_t i = 0; i < w->view->n; i++) {
        const struct view_projection *p = &w->view->projection[i];
        bool stands = p->base.txn != NULL && p->base.tree == NULL && p->gen.position >= at;
        all = all && w->view->scratch_txn == NULL && (stands || p->use == STORED_STALE);
    }
    return all;
}

/* Walks to `to`, in one view. */
static int advance_to(struct walk *w, uint64_t to, struct err *err) {
    struct replay_part *part[PROJECTIONS_MAX];
    const struct replay_limits limits = {.stop = w->plan.options.stop};
    uint64_t came = to;
    size_t n = 0;
    for (size_t i = 0; i < w->view->n; i++) {
        if (w->view->projection[i].use != STORED_STALE) {
            part[n++] = &w->view->projection[i].part;
        }
    }
    replay_parts(w->replay, part, n);
    replay_watch(w->replay, &w->watch);
    int rc = replay_run(w->replay, to, &limits, &came, err);
    w->corrected = w->corrected || replay_affected(w->replay);
    return rc;
}

/* ---- beginning ---- */

static int take_known(struct walk *w, struct err *err) {
    int rc = 0;
    size_t t = 0, node;
    while (t < w->view->n_tables && state_table(w->view, t) != w->plan.known_table) {
        t++;
    }
    for (size_t i = 0; rc == 0 && i < w->plan.n_known; i++) {
        const struct walk_known *known = &w->plan.known[i];
        rc = walk_nodes_add(&w->nodes, t, known->key, true, &node, err);
        if (rc == 0) {
            w->nodes.nodes[node].there = true;
            memcpy(w->nodes.nodes[node].tracks[0].hash, known->hash, WALK_HASH);
            w->nodes.nodes[node].tracks[0].cause = known->cause;
            walk_nodes_dirty(&w->nodes, node);
        }
    }
    return rc;
}

/* Adds all tracked rows, as they are where the walk begins. */
static int gather(struct walk *w, struct err *err) {
    int rc = 0;
    for (size_t t = 0; rc == 0 && t < w->view->n_tables; t++) {
        struct state_rows *rows = NULL;
        struct bytes key, bytes;
        size_t node;
        rc = w->columns[t] == 0 ? 1 : state_rows_open(w->view, t, NULL, 0, &rows, err);
        while (rc == 0 && (rc = view_rows_raw(rows, &key, &bytes, err)) == 0) {
            if (w->plan.wants == NULL || w->plan.wants(w->plan.ctx, state_table(w->view, t), key)) {
                rc = walk_nodes_add(&w->nodes, t, key, true, &node, err);
                if (rc == 0) {
                    walk_nodes_dirty(&w->nodes, node);
                }
            }
        }
        state_rows_close(rows);
        rc = rc == 1 ? 0 : rc;
    }
    if (rc == 0) rc = walk_nodes_settle(&w->nodes, err);
    return rc;
}

int walk_open(const struct walk_plan *plan, struct walk **ret, struct err *err) {
    struct walk *w = calloc(1, sizeof(*w));
    if (w == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    w->plan = *plan;
    w->watch = (struct replay_watch){w, before_event, after_event};
    walk_nodes_init(&w->nodes, &w->plan, NULL);
    int rc = open_at(w, plan->from, plan->from_now, err);
    if (rc == 0) {
        w->columns = calloc(w->view->n_tables + 1, sizeof(*w->columns));
        rc = w->columns == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    }
    for (size_t t = 0; rc == 0 && t < w->view->n_tables; t++) {
        w->columns[t] = plan->columns(plan->ctx, state_table(w->view, t));
    }
    w->nodes.columns = w->columns;
    if (rc == 0) rc = take_known(w, err);
    if (rc == 0) rc = gather(w, err);
    if (rc != 0) {
        walk_close(w);
        return rc;
    }
    w->nodes.looked = 0; /* so that it advances by at least one event */
    *ret = w;
    return 0;
}

void walk_close(struct walk *w) {
    if (w != NULL) {
        let_go(w);
        walk_nodes_done(&w->nodes);
        free(w->columns);
        free(w->changed);
        free(w);
    }
}

int walk_to(struct walk *w, uint64_t to, uint64_t now, struct err *err) {
    uint64_t segment = state_tuning()->segment, time = now;
    int rc = 0;
    while (rc == 0 && w->view->at < to) {
        uint64_t end = (w->view->at / segment + 1) * segment, step = w->view->at + STEP;
        step = step < end ? step : end;
        rc = advance_to(w, step < to ? step : to, err);
        w->view->at = step < to ? step : to;
        if (rc == 0 && step == end && end < to && is_stored(w, end)) {
            rc = open_at(w, end, w->view->now, err);
        }
        if (rc == 0 && w->view->at < to && walk_is_tired(w)) {
            rc = err_set(err, ERR_BUSY, "it would take too long");
        }
    }
    if (rc == 0 && now == 0) rc = replay_leaf(w->replay, to, NULL, &time, err);
    if (rc == 0) rc = pass_time(w, time, err);
    return rc;
}

int walk_add(struct walk *w, size_t table, struct bytes key, struct err *err) {
    size_t node;
    int rc = walk_nodes_add(&w->nodes, table, key, true, &node, err);
    if (rc == 0) {
        walk_nodes_dirty(&w->nodes, node);
        rc = walk_nodes_settle(&w->nodes, err);
    }
    return rc;
}

/* ---- asking ---- */

bool walk_has_read(const struct walk *w, size_t table, struct bytes key, bool came_or_went) {
    return walk_nodes_read(&w->nodes, table, key, came_or_went);
}

int walk_judged(const struct walk *w, int (*each)(void *ctx, size_t table, struct bytes key), void *ctx) {
    int rc = 0;
    for (size_t i = 0; i < w->nodes.n && rc == 0; i++) {
        rc = w->nodes.nodes[i].part_of == 0 ? each(ctx, w->nodes.nodes[i].table, w->nodes.nodes[i].key) : 0;
    }
    return rc;
}

static const struct walk_node *find(const struct walk *w, const struct state_table *table, struct bytes key) {
    for (size_t t = 0; t < w->view->n_tables; t++) {
        if (state_table(w->view, t) == table) {
            size_t node = walk_nodes_find(&w->nodes, t, key);
            return node != SIZE_MAX && w->nodes.nodes[node].wanted ? &w->nodes.nodes[node] : NULL;
        }
    }
    return NULL;
}

bool walk_column(const struct walk *w, const struct row *row, size_t column, struct walk_cause *ret) {
    const struct walk_node *node = find(w, row->table, row->key);
    uint64_t columns = node != NULL ? w->columns[node->table] : 0, bit = UINT64_C(1) << column;
    uint8_t hash[WALK_HASH];
    if (node == NULL || !node->there || (columns & bit) == 0 || !walk_hash(row, column, hash) ||
        (w->stale && row->table->judge != NULL)) {
        return false;
    }
    const struct walk_track *track = &node->tracks[__builtin_popcountll(columns & (bit - 1))];
    if (memcmp(track->hash, hash, WALK_HASH) != 0) return false;
    *ret = track->cause;
    return true;
}

bool walk_is_whole(const struct walk *w) {
    bool whole = true;
    for (size_t i = 0; i < w->nodes.n; i++) {
        const struct walk_node *node = &w->nodes.nodes[i];
        whole = whole && (!node->wanted || !node->there || node->tracks[0].cause.known);
    }
    return whole;
}

size_t walk_each(const struct walk *w, const struct state_table *table,
                 int (*each)(void *ctx, const struct walk_known *known), void *ctx) {
    size_t n = 0;
    for (size_t i = 0; i < w->nodes.n; i++) {
        const struct walk_node *node = &w->nodes.nodes[i];
        if (!node->wanted || !node->there || state_table(w->view, node->table) != table) continue;
        n++;
        if (each != NULL) {
            struct walk_known known = {.key = node->key, .cause = node->tracks[0].cause};
            memcpy(known.hash, node->tracks[0].hash, WALK_HASH);
            each(ctx, &known);
        }
    }
    return n;
}

static size_t add_seq(const struct walk_cause *cause, uint64_t *ret, size_t n) {
    if (!cause->known || cause->seq == LOG_NO_SEQ) return n;
    if (ret != NULL) {
        ret[n] = cause->seq;
    }
    return n + 1;
}

size_t walk_seqs(const struct walk *w, uint64_t *ret) {
    size_t n = 0;
    for (size_t i = 0; i < w->nodes.n; i++) {
        const struct walk_node *node = &w->nodes.nodes[i];
        size_t tracks = node->tracks == NULL ? 0 : (size_t)__builtin_popcountll(w->columns[node->table] & ~WALK_PRESENCE);
        n = node->wanted ? add_seq(&node->presence, ret, n) : n;
        for (size_t k = 0; k < tracks && node->wanted; k++) {
            n = add_seq(&node->tracks[k].cause, ret, n);
        }
    }
    return n;
}

int walk_where(const struct walk *w, uint64_t *ret_at, uint64_t *ret_now, uint8_t ret_leaf[LOG_HASH], struct err *err) {
    *ret_at = w->view->at;
    *ret_now = w->view->now;
    return replay_leaf(w->replay, w->view->at, ret_leaf, NULL, err);
}

bool walk_presence(const struct walk *w, const struct state_table *table, struct bytes key, struct walk_cause *ret) {
    const struct walk_node *node = find(w, table, key);
    if (node != NULL) {
        *ret = node->presence;
    }
    return node != NULL;
}

bool walk_came(const struct walk *w, const struct state_table *table, struct bytes key, struct row *row) {
    const struct walk_node *node = find(w, table, key);
    size_t map[ROW_COLUMNS_MAX], n = 0;
    if (node == NULL || node->came.n == 0) return false;
    for (uint64_t left = w->columns[node->table] & ~WALK_PRESENCE; left != 0; left &= left - 1) {
        map[n++] = (size_t)__builtin_ctzll(left);
    }
    return row_decode(row, node->came, map, n, NULL) == 0;
}
