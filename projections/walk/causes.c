/* Two walks through the window. The first one only folds, and notes which rows events changed; where the state comes about,
 * right before and after, it asks the row's judge, and so learns what that reads. The second one follows these rows: it
 * has them judged again when something that they depend on changes, and notes what they were before and after.
 *
 * A walk that is tired knows the oldest part of the window, which is the one that matters least: it is repeated for the
 * newest part, at last without rows that no event changed there. */
#include "projections/walk/causes.h"

#include <stdlib.h>
#include <string.h>

#include "projections/fold/fold.h"
#include "projections/fold/replay.h"
#include "projections/view/view.h"
#include "projections/walk/causes_track.h"
#include "projections/walk/walk.h"

#define NARROWER   8 /* a part of the window */
#define ATTEMPTS   3
#define NO_MAXIMUM ((size_t)1 << 20)

struct search {
    struct state_view *view;
    struct causes_options options;
    size_t table;
    struct bytes key;
    uint64_t seq; /* of the event since which the state is so; LOG_NO_SEQ: time alone */
    uint64_t end; /* the number of events then, and the time */
    uint64_t time;
    uint64_t from, from_now; /* where the window begins, as walk_plan has it */
    struct track track;
};

void causes_options_init(struct causes_options *options) {
    *options =
        (struct causes_options){.window = CAUSES_WINDOW, .events = CAUSES_EVENTS, .max = CAUSES_MAX, .work = CAUSES_WORK};
}

void causes_done(struct causes *causes) {
    for (size_t i = 0; i < causes->n; i++) {
        row_done(&causes->list[i].before);
        row_done(&causes->list[i].after);
        free(causes->list[i].kind);
    }
    free(causes->list);
    *causes = (struct causes){0};
}

/* ---- the window ---- */

static int time_of(struct ledger *ledger, uint64_t seq, uint64_t *ret, struct err *err) {
    struct replay *replay = NULL;
    int rc = replay_open(ledger, NULL, &replay, err);
    if (rc == 0) rc = replay_leaf(replay, seq + 1, NULL, ret, err);
    replay_close(replay);
    return rc;
}

/* The number of events written before that time. */
static int count_before(struct ledger *ledger, uint64_t time, uint64_t *ret, struct err *err) {
    *ret = 0;
    return time == 0 ? 0 : state_at_time(ledger, time - 1, ret, err);
}

/* When the row's state came about; false: that is not known. */
static int find_end(struct search *s, const struct row *row, bool *ret_known, struct err *err) {
    size_t since = projection_column(row->table, "since"), seq = projection_column(row->table, "since_seq");
    bool has_seq = seq != SIZE_MAX && row_has(row, seq), has = since != SIZE_MAX && row_has(row, since);
    int rc = 0;
    *ret_known = has_seq ? (uint64_t)row_int(row, seq) < s->view->at : has && row_int(row, since) > 0;
    if (*ret_known && has_seq) {
        s->seq = (uint64_t)row_int(row, seq);
        s->end = s->seq + 1;
        rc = time_of(s->view->ledger, s->seq, &s->time, err);
    } else if (*ret_known) {
        s->seq = LOG_NO_SEQ;
        s->time = (uint64_t)row_int(row, since);
        s->time = s->time < s->view->now ? s->time : s->view->now;
        rc = count_before(s->view->ledger, s->time, &s->end, err);
        s->end = s->end < s->view->at ? s->end : s->view->at;
    }
    return rc;
}

static int find_begin(struct search *s, struct err *err) {
    uint64_t begin = s->time > s->options.window ? s->time - s->options.window : 0, few = 0;
    uint64_t before = s->seq != LOG_NO_SEQ ? s->seq : s->end;
    int rc = count_before(s->view->ledger, begin, &s->from, err);
    few = before > s->options.events ? before - s->options.events : 0;
    s->from_now = begin;
    if (rc == 0 && few > s->from) {
        s->from = few;
        s->from_now = 0;
    }
    return rc;
}

/* ---- the first walk ---- */

static uint64_t no_columns(void *ctx, const struct state_table *table) {
    (void)ctx;
    (void)table;
    return 0;
}

static int open_walk(struct search *s, const struct walk_notes *notes, void *ctx, struct walk **ret, struct err *err) {
    struct walk_plan plan = {.ledger = s->view->ledger,
                             .options = s->view->options,
                             .from = s->from,
                             .from_now = s->from_now,
                             .columns = no_columns,
                             .ctx = ctx,
                             .work = s->options.work,
                             .notes = notes};
    plan.options.base = s->view->options.base == STATE_STORED ? STATE_STORED : STATE_EVENTS;
    plan.options.pack_files = NULL;
    return walk_open(&plan, ret, err);
}

struct look {
    struct search *search;
    struct err *err;
};

static bool is_own(const struct search *s, size_t table, struct bytes key) {
    return table == s->table && bytes_eq(key, s->key);
}

static int on_touched(void *ctx, size_t table, struct bytes key, uint64_t seq, struct err *err) {
    struct look *look = ctx;
    return is_own(look->search, table, key) ? 0 : track_want(&look->search->track, table, key, false, seq + 1, err);
}

static int on_asked(void *ctx, size_t table, struct bytes key) {
    struct look *look = ctx;
    return is_own(look->search, table, key) ? 0 : track_want(&look->search->track, table, key, true, 0, look->err);
}

/* Notes the rows that events changed, and those that the row's judge asks. */
static int look_around(struct search *s, struct err *err) {
    static const struct walk_notes notes = {.stored = on_touched};
    struct look look = {.search = s, .err = err};
    struct walk *walk = NULL;
    bool event = s->seq != LOG_NO_SEQ;
    int rc = open_walk(s, &notes, &look, &walk, err);
    if (rc == 0) rc = walk_to(walk, s->end - event, event ? s->time : s->time - 1, err);
    if (rc == 0) rc = walk_add(walk, s->table, s->key, err);
    if (rc == 0) rc = walk_to(walk, s->end, s->time, err);
    if (rc == 0) rc = walk_judged(walk, on_asked, &look);
    track_sort(&s->track);
    for (size_t i = 0; i < s->track.n && rc == 0; i++) {
        struct track_row *row = &s->track.rows[i];
        row->read = walk_has_read(walk, row->table, row->key, false);
        row->read_in_line = walk_has_read(walk, row->table, row->key, true);
    }
    walk_close(walk);
    return rc;
}

/* ---- the second walk ---- */

/* `few`: only rows that events changed in the window. */
static int follow(struct search *s, bool few, bool *ret_tired, struct err *err) {
    static const struct walk_notes notes = {.stored = track_stored, .judged = track_judged, .step = track_step};
    struct walk *walk = NULL;
    track_again(&s->track);
    int rc = open_walk(s, &notes, &s->track, &walk, err);
    for (size_t i = 0; rc == 0 && i < s->track.n; i++) {
        const struct track_row *row = &s->track.rows[i];
        bool touched = row->touched > s->from;
        rc = touched || (row->judged && !few) ? walk_add(walk, row->table, row->key, err) : 0;
        if (rc == 0 && walk_is_tired(walk)) {
            rc = err_set(err, ERR_BUSY, "it would take too long");
        }
    }
    if (rc == 0) rc = track_step(&s->track, &(struct walk_cause){0}, err);
    s->track.begun = true;
    if (rc == 0) rc = walk_to(walk, s->end, s->time, err);
    *ret_tired = rc == ERR_BUSY && walk != NULL && (walk_is_tired(walk) || s->track.full);
    walk_close(walk);
    return rc;
}

static void narrow(struct search *s) {
    uint64_t n = (s->end - s->from) / NARROWER, least = s->seq != LOG_NO_SEQ;
    uint64_t from = s->end - (n > least ? n : least);
    s->from_now = from == s->from ? s->from_now : 0;
    s->from = from;
}

static int follow_newest(struct search *s, bool *ret_whole, struct err *err) {
    bool tired = false;
    struct err why = {0};
    int rc = follow(s, false, &tired, &why);
    *ret_whole = !tired;
    for (int i = 1; tired && i < ATTEMPTS; i++) {
        if (i == 1) {
            narrow(s);
        }
        rc = follow(s, i + 1 == ATTEMPTS, &tired, &why);
    }
    if (tired) {
        track_again(&s->track);
        return 0;
    }
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
}

/* ---- the answer ---- */

struct ranked {
    const struct track_change *change;
    bool of_state; /* or it came, or went */
};

static int by_rank(const void *a, const void *b) {
    const struct ranked *x = a, *y = b;
    if (x->change->direct != y->change->direct) return x->change->direct ? -1 : 1;
    if (x->change->step != y->change->step) return x->change->step > y->change->step ? -1 : 1;
    if (x->of_state != y->of_state) return x->of_state ? -1 : 1;
    return x->change->row > y->change->row ? 1 : -1; /* by table and key; a row changes once in a step */
}

static int give_one(struct search *s, struct replay *replay, const struct track_change *change, struct cause *ret,
                    struct err *err) {
    uint8_t leaf[LOG_HASH];
    ret->table = state_table(s->view, s->track.rows[change->row].table);
    ret->direct = change->direct;
    ret->seq = change->cause.seq;
    ret->time = change->cause.at;
    int rc = track_side(&s->track, change, false, &ret->before, err);
    struct err *why = rc == 0 ? err : NULL;
    int also = track_side(&s->track, change, true, &ret->after, why);
    rc = rc != 0 ? rc : also;
    size_t state = projection_state(ret->table);
    if (state != SIZE_MAX && (change->columns >> state & 1) != 0) {
        ret->columns[ret->n++] = state;
    }
    for (size_t i = 0; i < ret->table->n_columns; i++) {
        if (i != state && (change->columns >> i & 1) != 0) {
            ret->columns[ret->n++] = i;
        }
    }
    if (rc == 0 && ret->seq != LOG_NO_SEQ) rc = replay_leaf(replay, ret->seq + 1, NULL, &ret->time, err);
    if (rc == 0 && ret->seq != LOG_NO_SEQ) rc = replay_kind(replay, ret->seq, leaf, &ret->kind, err);
    return rc;
}

static int give(struct search *s, struct causes *ret, struct err *err) {
    struct replay *replay = NULL;
    size_t n = 0, max = s->options.max < NO_MAXIMUM ? s->options.max : NO_MAXIMUM;
    struct ranked *all = calloc(s->track.n_changes + 1, sizeof(*all));
    if (all == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    for (size_t i = 0; i < s->track.n_changes; i++) {
        const struct track_change *change = &s->track.changes[i];
        size_t state = projection_state(state_table(s->view, s->track.rows[change->row].table));
        uint64_t mark = WALK_PRESENCE | (state != SIZE_MAX ? UINT64_C(1) << state : 0);
        if (change->columns != 0) {
            all[n++] = (struct ranked){change, (change->columns & mark) != 0};
        }
    }
    qsort(all, n, sizeof(*all), by_rank);
    max = n < max ? n : max;
    ret->more = n - max;
    ret->list = calloc(max + 1, sizeof(*ret->list));
    int rc =
        ret->list == NULL ? err_set(err, ERR_NOMEM, "out of memory") : replay_open(s->view->ledger, NULL, &replay, err);
    while (rc == 0 && ret->n < max) {
        rc = give_one(s, replay, all[ret->n].change, &ret->list[ret->n], err);
        ret->n++;
    }
    replay_close(replay);
    free(all);
    return rc;
}

/* Stale rows stay as they are. */
static bool is_stale(const struct state_view *view) {
    bool stale = false;
    for (size_t i = 0; i < view->n; i++) {
        stale = stale || view->projection[i].use == STORED_STALE;
    }
    return stale;
}

int causes_find(struct state_view *view, const struct row *row, const struct causes_options *options, struct causes *ret,
                struct err *err) {
    struct search s = {.view = view, .key = row->key};
    struct causes causes = {0};
    struct err why = {0};
    bool known = false;
    causes_options_init(&s.options);
    s.options = options != NULL ? *options : s.options;
    while (s.table < view->n_tables && view->table[s.table].table != row->table) {
        s.table++;
    }
    track_init(&s.track, view);
    int rc = s.table < view->n_tables ? find_end(&s, row, &known, &why) : 0;
    if (rc == 0 && known) {
        rc = find_begin(&s, &why);
        if (rc == 0) rc = look_around(&s, &why);
        if (rc == 0) rc = follow_newest(&s, &causes.whole, &why);
        if (rc == 0) rc = give(&s, &causes, &why);
        causes.whole = causes.whole && !is_stale(view);
    }
    track_done(&s.track);
    if (rc == ERR_INVALID || err_is_damage(rc) || rc == ERR_NOTFOUND) { /* as of since_find */
        causes_done(&causes);
        rc = 0;
    }
    if (rc != 0) {
        causes_done(&causes);
        return err_set(err, rc, "%s", why.msg);
    }
    *ret = causes;
    return 0;
}
