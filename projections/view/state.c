/* Opening a view: stored rows, then the events since, folded in memory. If that is too much for memory, they are stored
 * first or, where nothing can be stored, built in a scratch environment. */
#include "projections/view/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "projections/fold/correct.h"
#include "projections/store/build.h"
#include "projections/store/rebuild.h"
#include "projections/view/view.h"

#define PROGRESS_NS (CLOCK_NS_PER_S / 10)

/* ---- a view's parts ---- */

void view_guest_done(struct view_guest *guest) {
    if (guest->p != NULL) {
        guest->free(guest->p);
    }
    *guest = (struct view_guest){0};
}

static void let_go(struct state_view *view) {
    view_forget_again(view);
    view->files.pack[0] = '\0';
    view_guest_done(&view->read);
    for (size_t i = 0; i < view->n; i++) {
        struct view_projection *p = &view->projection[i];
        fold_free(p->fold);
        rows_free(p->overlay);
        stored_done(&p->base);
        *p = (struct view_projection){.projection = p->projection, .first_table = p->first_table};
    }
    for (size_t i = 0; i < view->n_tables; i++) {
        struct view_table *t = &view->table[i];
        free(t->map);
        free(t->changed);
        view_guest_done(&t->history);
        *t = (struct view_table){.table = t->table, .projection = t->projection, .number = t->number};
    }
    db_abort(view->txn);
    view->txn = NULL;
    view->db = NULL;
    view->corrected = view->store_later = false;
    db_abort(view->scratch_txn);
    view->scratch_txn = NULL;
    db_close(view->scratch);
    view->scratch = NULL;
}

void state_close(struct state_view *view) {
    if (view != NULL) {
        bool store = view->store_later;
        struct err ignored;
        let_go(view);
        if (store) {
            rebuild_catch_up(view->ledger, &view->options, &ignored);
        }
        free(view->projection);
        free(view->table);
        free(view);
    }
}

static int view_new(struct ledger *ledger, const struct state_options *options, struct state_view **ret, struct err *err) {
    const struct projection *const *list = state_list_of(options);
    struct state_view *view = calloc(1, sizeof(*view));
    size_t n = 0, tables = 0;
    while (list[n] != NULL && n < PROJECTIONS_MAX) {
        tables += list[n++]->n_tables;
    }
    if (view != NULL) {
        view->projection = calloc(n + 1, sizeof(*view->projection));
        view->table = calloc(tables + 1, sizeof(*view->table));
    }
    if (view == NULL || view->projection == NULL || view->table == NULL) {
        state_close(view);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    view->ledger = ledger;
    view->options = *options;
    view->list = list;
    view->damaged = LOG_NO_SEQ;
    view->n = n;
    for (size_t i = 0; i < n; i++) {
        view->projection[i].projection = list[i];
        view->projection[i].first_table = view->n_tables;
        for (size_t t = 0; t < list[i]->n_tables; t++) {
            view->table[view->n_tables++] = (struct view_table){.table = &list[i]->tables[t], .projection = i, .number = t};
        }
    }
    *ret = view;
    return 0;
}

/* ---- what is stored ---- */

/* What cannot be read counts as absent. */
static int open_derived(struct state_view *view, struct err *err) {
    struct err why = {0};
    int rc = view->options.no_write ? derived_look(view->ledger, &view->db, &why)
                                    : derived_open(view->ledger, false, &view->db, &why);
    if (rc == 0) rc = db_begin(view->db, false, &view->txn, &why);
    if (rc != 0) {
        view->db = NULL;
        view->txn = NULL;
    }
    return rc == ERR_NOMEM ? err_set(err, rc, "%s", why.msg) : 0;
}

static int load_maps(struct state_view *view, struct view_projection *p, struct err *err) {
    struct store_map maps[STORE_TABLES_MAX];
    int rc = store_maps(view->txn, p->gen.slot, p->projection, maps, err);
    for (size_t t = 0; t < p->projection->n_tables && rc == 0; t++) {
        struct view_table *table = &view->table[p->first_table + t];
        table->map = malloc(sizeof(*table->map));
        if (table->map == NULL) return err_set(err, ERR_NOMEM, "out of memory");
        *table->map = maps[t];
    }
    return rc;
}

static int place(struct state_view *view, struct view_projection *p, struct replay *replay, struct err *err) {
    uint64_t segment = state_tuning()->segment, from = p->gen.position;
    int rc = 0;
    p->base.bound = STORE_ANY;
    if (p->use == STORED_NOT) {
        p->base.txn = NULL;
        from = 0;
    } else if (from > view->at) {
        from = view->at - view->at % segment;
        p->base.bound = from;
    }
    p->part.position = from;
    p->part.failed_seq = p->use != STORED_NOT && p->base.bound == STORE_ANY ? p->gen.failed_seq : LOG_NO_SEQ;
    memcpy(p->part.failed, p->gen.failed, sizeof(p->part.failed));
    if (p->use != STORED_NOT && p->base.bound == STORE_ANY) {
        memcpy(p->part.leaf, p->gen.leaf, LOG_HASH);
    } else if (from < view->at && from / EVENT_GROUP == view->size / EVENT_GROUP) {
        rc =
            replay_leaf(replay, from, p->part.leaf, NULL, err); /* the events after it are read from the tail, as a chain */
    }
    return err_is_damage(rc) ? 0 : rc; /* the next read meets it again */
}

/* Uses the attested rows; without an event, nothing is stored. */
static int take_attested(struct state_view *view, size_t i, struct replay *replay, struct err *err) {
    struct view_projection *p = &view->projection[i];
    const uint8_t *root = view->has_attested ? attested_root(&view->attested, p->projection) : NULL;
    int rc = 0;
    p->gen = (struct store_generation){.failed_seq = LOG_NO_SEQ};
    p->use = STORED_NOT;
    p->base = (struct stored){.projection = p->projection, .bound = STORE_ANY};
    p->part = (struct replay_part){.projection = p->projection, .failed_seq = LOG_NO_SEQ};
    if (root != NULL && (view->distrusted >> i & 1U) == 0) {
        p->use = STORED_GOOD;
        p->gen.version = p->projection->version;
        p->gen.position = p->part.position = view->attested.position;
        p->base.txn = view->txn;
        rc = hash_tree_open(view->txn, p->projection->name, root, &p->base.tree, err);
        if (rc == 0) rc = replay_leaf(replay, p->part.position, p->part.leaf, NULL, err);
    }
    return err_is_damage(rc) ? 0 : rc; /* the next read meets it again */
}

static int find_attested(struct state_view *view, struct err *err) {
    view->has_attested = false;
    if (view->options.base != STATE_ATTESTED || view->txn == NULL) return 0;
    int rc = attested_find(view->ledger, view->txn, view->list, view->at, &view->attested, &view->attested_newest, err);
    view->has_attested = rc == 0;
    return rc < 0 ? rc : 0;
}

static int take_stored(struct state_view *view, size_t i, struct replay *replay, struct err *err) {
    struct view_projection *p = &view->projection[i];
    struct store_record record = {0};
    int rc = view->txn != NULL ? store_get(view->txn, p->projection->name, &record, err) : 0;
    if (rc == ERR_CORRUPT) rc = 0;
    p->gen = record.current;
    if ((view->distrusted >> i & 1U) != 0) {
        p->gen.there = false;
    }
    if (rc == 0) rc = stored_judge(&p->gen, p->projection, state_tuning()->segment, replay, &p->use, err);
    p->base = (struct stored){.projection = p->projection, .txn = view->txn, .slot = p->gen.slot};
    p->part = (struct replay_part){.projection = p->projection};
    if (rc == 0 && p->use == STORED_STALE) {
        rc = load_maps(view, p, err);
        if (rc == ERR_CORRUPT) { /* their form is unknown */
            p->use = STORED_NOT;
            rc = 0;
        }
    }
    if (rc == 0) rc = place(view, p, replay, err);
    return rc;
}

/* Derived first: then what is stored there comes from events that the log snapshot has. */
static int gather(struct state_view *view, struct replay **ret, struct err *err) {
    int rc = open_derived(view, err);
    uint64_t generation = view->generation = derived_generation(view->ledger);
    if (rc == 0) rc = replay_open(view->ledger, &correct_effect, ret, err);
    if (rc != 0) return rc;
    view->erasing = !replay_may_read(*ret, generation);
    if (view->erasing) {
        db_abort(view->txn);
        view->txn = NULL;
        view->db = NULL;
    }
    view->size = replay_size(*ret);
    view->at = view->options.at == LOG_NO_SEQ ? view->size : view->options.at;
    if (view->at > view->size) {
        return err_set(err, ERR_INVALID, "the log has %llu event%s, there is no state as of %llu",
                       (unsigned long long)view->size, text_s(view->size), (unsigned long long)view->at);
    }
    rc = find_attested(view, err);
    for (size_t i = 0; i < view->n && rc == 0; i++) {
        rc = view->options.base == STATE_STORED ? take_stored(view, i, *ret, err) : take_attested(view, i, *ret, err);
    }
    return rc;
}

/* Whether the lag is too large to fold on every read. Does not apply at a past boundary; and a view of the past folds up to
 * a segment in any case. */
static bool is_far_behind(const struct state_view *view) {
    const struct state_tuning *tuning = state_tuning();
    uint64_t most = view->at < view->size && tuning->segment > tuning->lag_max ? tuning->segment : tuning->lag_max;
    for (size_t i = 0; i < view->n; i++) {
        const struct view_projection *p = &view->projection[i];
        if (p->use != STORED_STALE && p->base.bound == STORE_ANY && view->at - p->part.position > most) {
            return true;
        }
    }
    return false;
}

/* ---- the events since ---- */

struct shown {
    const struct state_options *options;
    uint64_t total, at;
};

static void show(void *ctx, uint64_t done) {
    struct shown *shown = ctx;
    uint64_t now = clock_monotonic_ns();
    if (shown->at == 0) {
        shown->at = now;
    } else if (now - shown->at >= PROGRESS_NS) {
        shown->at = now;
        shown->options->progress(shown->options->progress_ctx, done < shown->total ? done : shown->total, shown->total);
    }
}

static int prepare(struct view_projection *p, struct err *err) {
    const struct rows_base base = {stored_get, &p->base};
    int rc = rows_new(&base, &p->overlay, err);
    if (rc == 0) rc = fold_new(p->projection, p->overlay, &p->fold, err);
    p->part.rows = p->overlay;
    p->part.fold = p->fold;
    return rc;
}

int view_prepare(struct state_view *view, size_t i, struct replay *replay, struct err *err) {
    struct view_projection *p = &view->projection[i];
    int rc = p->overlay == NULL ? prepare(p, err) : 0;
    if (rc == 0 && !p->part.stopped) rc = replay_leaf(replay, p->part.position, p->part.leaf, NULL, err);
    return rc;
}

/* Handles what is not a failure of the view: a log that cannot be read stops all projections, and each says so. */
static void stop_all(struct state_view *view, uint64_t seq, const struct err *why) {
    view->damaged = seq;
    size_t n = text_utf8_valid((const uint8_t *)why->msg, strnlen(why->msg, sizeof(view->damage) - 1));
    snprintf(view->damage, sizeof(view->damage), "%.*s", (int)n, why->msg);
    for (size_t i = 0; i < view->n; i++) {
        struct replay_part *part = &view->projection[i].part;
        if (view->projection[i].use != STORED_STALE && !part->stopped && part->position < view->at) {
            part->stopped = true;
            part->failed_seq = seq;
            snprintf(part->failed, sizeof(part->failed), "%s", view->damage);
        }
    }
}

int view_fold_since(struct state_view *view, struct replay *replay, bool *ret_more, struct err *err) {
    struct replay_part *part[PROJECTIONS_MAX];
    struct err why = {0};
    struct shown shown = {.options = &view->options};
    struct replay_limits limits = {.bytes_max = state_tuning()->overlay_bytes,
                                   .stop = view->options.stop,
                                   .progress = view->options.progress != NULL ? show : NULL,
                                   .progress_ctx = &shown};
    uint64_t came = view->at, least = view->at;
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; i < view->n && rc == 0; i++) {
        struct view_projection *p = &view->projection[i];
        if (p->use != STORED_STALE && p->part.position < view->at) {
            rc = p->overlay == NULL ? prepare(p, err) : 0;
            part[n++] = &p->part;
            least = p->part.position < least ? p->part.position : least;
        }
    }
    *ret_more = false;
    if (rc != 0 || n == 0) return rc;
    shown.total = view->at - least;
    replay_parts(replay, part, n);
    rc = replay_run(replay, view->at, &limits, &came, &why);
    if (err_is_damage(rc) && replay_damaged(replay) != LOG_NO_SEQ) {
        stop_all(view, replay_damaged(replay), &why);
        return 0;
    }
    view->corrected = replay_affected(replay);
    *ret_more = came < view->at;
    return rc != 0 ? err_set(err, rc, "%s", why.msg) : 0;
}

/* ---- in a scratch environment ---- */

static int take_built(struct state_view *view, struct err *err) {
    int rc = db_begin(view->scratch, false, &view->scratch_txn, err);
    for (size_t i = 0; i < view->n && rc == 0; i++) {
        struct view_projection *p = &view->projection[i];
        struct store_record record;
        if (p->use == STORED_STALE) continue;
        rc = store_get(view->scratch_txn, p->projection->name, &record, err);
        fold_free(p->fold);
        rows_free(p->overlay);
        stored_done(&p->base);
        p->fold = NULL;
        p->overlay = NULL;
        p->base.txn = view->scratch_txn;
        p->base.slot = record.current.slot;
        p->base.bound = STORE_ANY;
        p->part.position = record.current.position;
        p->part.failed_seq = record.current.failed_seq;
        memcpy(p->part.failed, record.current.failed, sizeof(p->part.failed));
    }
    return rc;
}

static int build_scratch(struct state_view *view, struct err *err) {
    struct build *build = NULL;
    struct err why = {0};
    int rc = derived_scratch(view->ledger, &view->scratch, err);
    if (rc == 0) rc = build_open(view->ledger, view->scratch, &view->options, &build, err);
    for (size_t i = 0; i < view->n && rc == 0; i++) {
        if (view->projection[i].use != STORED_STALE) {
            rc = build_add(build, view->projection[i].projection, false, view->at, err);
        }
    }
    if (rc == 0) rc = build_run(build, &why);
    bool damaged = err_is_damage(rc);
    uint64_t seq = build != NULL ? build_damaged(build) : LOG_NO_SEQ;
    build_close(build);
    if (rc != 0 && why.code != 0 && !(damaged && seq != LOG_NO_SEQ)) {
        return err_set(err, rc, "%s", why.msg);
    }
    if (rc == 0 || damaged) rc = take_built(view, err);
    if (rc == 0 && damaged) {
        stop_all(view, seq, &why);
    }
    return rc;
}

/* ---- opening ---- */

static bool was_stopped(const struct state_options *options) {
    return options->stop != NULL && *options->stop != 0;
}

bool view_find_spoiled(struct state_view *view) {
    bool any = false;
    for (size_t i = 0; i < view->n; i++) {
        if (view->projection[i].base.spoiled) {
            view_distrust(view, i);
            any = true;
        }
    }
    return any;
}

int view_find_now(struct state_view *view, struct replay *replay, struct err *err) {
    view->now = view->options.now;
    int rc = replay_leaf(replay, view->at, view->leaf, view->now == 0 ? &view->now : NULL, err);
    return err_is_damage(rc) ? 0 : rc; /* that event cannot be read; stop_all has reported it */
}

/* *ret_again: something has changed, and the caller should start over. */
static int try_open(struct state_view *view, bool *may_write, bool *ret_again, struct err *err) {
    struct replay *replay = NULL;
    struct err why = {0};
    bool more = false;
    *ret_again = false;
    int rc = gather(view, &replay, err);
    bool can_store = rc == 0 && *may_write && !view->erasing, store = can_store && is_far_behind(view);
    if (rc == 0 && !store) {
        rc = view_fold_since(view, replay, &more, err);
        view->store_later = rc == 0 && can_store && view->corrected && view->at == view->size;
        store = view->store_later && view->txn == NULL; /* nothing is stored: a walk could not store its result either */
    }
    if (store) {
        replay_close(replay);
        *may_write = false;
        let_go(view);
        rc = rebuild_catch_up(view->ledger, &view->options, &why);
        *ret_again = rc != ERR_NOMEM && !(rc != 0 && was_stopped(&view->options));
        return *ret_again ? 0 : err_set(err, rc, "%s", why.msg);
    }
    if ((rc == 0 || rc == ERR_CORRUPT) && view_find_spoiled(view)) {
        replay_close(replay);
        let_go(view);
        *ret_again = true;
        return 0;
    }
    if (rc == 0) rc = view_find_now(view, replay, err);
    replay_close(replay);
    if (rc == 0 && more) rc = build_scratch(view, err);
    return rc;
}

int state_open(struct ledger *ledger, const struct state_options *options, struct state_view **ret, struct err *err) {
    struct state_view *view = NULL;
    bool may_write = !options->no_write && !ledger->leaves_derived && options->base == STATE_STORED, again = true;
    int rc = view_new(ledger, options, &view, err);
    if (rc != 0) return rc;
    for (unsigned tries = 0; rc == 0 && again; tries++) {
        rc = try_open(view, &may_write, &again, err);
        if (rc == 0 && again && tries > PROJECTIONS_MAX) {
            rc = err_set(err, ERR_CORRUPT, "what is stored of the projections is damaged");
        }
    }
    if (rc != 0) {
        state_close(view);
        return rc;
    }
    view->options.progress = NULL; /* its context may be gone when the view opens others */
    view->options.progress_ctx = NULL;
    *ret = view;
    return 0;
}

void view_distrust(struct state_view *view, size_t i) {
    struct view_projection *p = &view->projection[i];
    view->distrusted |= 1U << i;
    if (!view->options.no_write && view->options.base == STATE_STORED) {
        rebuild_distrust(view->ledger, p->projection, p->gen.slot);
    }
}

/* ---- asking ---- */

uint64_t state_at(const struct state_view *view) {
    return view->at;
}

uint64_t state_now(const struct state_view *view) {
    return view->now;
}

bool state_pack_files(struct state_view *view, const struct row *pack, char ret[STATE_FILES_WORDS]) {
    const struct state_options *o = &view->options;
    char key[VIEW_FILES_KEY];
    if (o->pack_files == NULL || view->at != view->size) return false;
    const struct bytes name = row_text(pack, 0); /* its key */
    (void)snprintf(key, sizeof(key), "%.*s", (int)(name.n < sizeof(key) ? name.n : 0),
                   name.n > 0 ? (const char *)name.p : "");
    if (key[0] == '\0' || strcmp(key, view->files.pack) != 0) {
        view->files.words[0] = '\0';
        view->files.changed = o->pack_files(o->pack_files_ctx, pack, view->files.words);
        memcpy(view->files.pack, key, sizeof(key));
    }
    memcpy(ret, view->files.words, sizeof(view->files.words));
    return view->files.changed;
}

bool state_past(struct state_view *view, int64_t moment) {
    if (view->watched != NULL) {
        view->watched->time(view->watched, moment);
    }
    return moment <= 0 || view->now >= (uint64_t)moment;
}

void state_worked(struct state_view *view, size_t rows) {
    if (view->watched != NULL) {
        view->watched->work(view->watched, rows);
    }
}

size_t state_projections(const struct state_view *view) {
    return view->n;
}

int state_whole(const struct state_view *view, struct err *err) {
    return view->damaged == LOG_NO_SEQ
               ? 0
               : err_set(
                     err, ERR_TAMPERED,
                     "the evidence cannot be read from event %llu on, and states end before it: %s; run 'ledger verify'",
                     (unsigned long long)view->damaged, view->damage);
}

void state_status(const struct state_view *view, size_t i, struct state_status *ret) {
    const struct view_projection *p = &view->projection[i];
    bool stored = p->use != STORED_NOT;
    watch_look(view->watched, WATCH_STATUS, 0, (struct bytes){0});
    *ret = (struct state_status){.projection = p->projection,
                                 .stored = stored,
                                 .version = stored ? p->gen.version : 0,
                                 .stale = p->use == STORED_STALE,
                                 .position = p->part.position,
                                 .stored_position = stored ? p->gen.position : 0,
                                 .rows = LOG_NO_SEQ,
                                 .damaged = view->damaged != LOG_NO_SEQ && p->part.failed_seq == view->damaged,
                                 .failed_seq = p->part.failed_seq};
    ret->lag = view->size > ret->stored_position ? view->size - ret->stored_position : 0;
    if (p->part.failed_seq != LOG_NO_SEQ) {
        memcpy(ret->failed, p->part.failed, sizeof(ret->failed));
    }
}

size_t state_find(const struct state_view *view, const char *projection) {
    for (size_t i = 0; i < view->n; i++) {
        if (strcmp(view->projection[i].projection->name, projection) == 0) return i;
    }
    return SIZE_MAX;
}

size_t state_tables(const struct state_view *view) {
    return view->n_tables;
}

const struct state_table *state_table(const struct state_view *view, size_t table) {
    return view->table[table].table;
}

size_t state_table_projection(const struct state_view *view, size_t table) {
    return view->table[table].projection;
}

size_t state_table_find(const struct state_view *view, const char *name) {
    for (size_t i = 0; i < view->n_tables; i++) {
        if (strcmp(view->table[i].table->name, name) == 0) return i;
    }
    for (size_t i = 0; i < view->n_tables; i++) {
        if (strcmp(view->table[i].table->noun, name) == 0) return i;
    }
    return SIZE_MAX;
}
