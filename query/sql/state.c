/* The state of one statement, and single events by their seq. */
#include "query/sql/state.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3ext.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "projections/view/state.h"
#include "query/sql/pool.h"

#define SUBTYPE_JSON 74
#define RANGES_MAX   65536
#define SCRATCH_MAX  ((size_t)64 << 20)

const struct sqlite3_api_routines *sqlite3_api;

/* ---- one event by its seq ---- */

int sql_point_go(struct sql_point *point, struct ledger *ledger, uint64_t seq, struct err *err) {
    int rc = 0;
    if (point->at && point->event.seq == seq) return 0;
    point->at = false;
    if (point->reader == NULL) rc = log_reader_open(ledger, 0, LOG_NO_SEQ, &point->reader, err);
    if (rc == 0) {
        log_reader_seek(point->reader, seq);
        rc = log_reader_next(point->reader, &point->event, err);
    }
    point->at = rc == 0;
    return rc;
}

int sql_point_private(struct sql_point *point, struct buf *out, struct err *err) {
    return log_reader_private(point->reader, out, err);
}

void sql_point_done(struct sql_point *point) {
    log_reader_close(point->reader);
    *point = (struct sql_point){0};
}

/* ---- the state ---- */

struct sql_state *sql_state_new(void) {
    struct sql_state *state = calloc(1, sizeof(*state));
    if (state != NULL) {
        state->size = LOG_NO_SEQ;
        buf_init(&state->scratch, SCRATCH_MAX);
    }
    return state;
}

void sql_state_free(struct sql_state *state) {
    if (state != NULL) {
        state_close(state->view);
        sql_point_done(&state->point);
        if (state->owned) {
            sql_pool_close(state->ledger);
        }
        free(state->damage.range);
        buf_done(&state->scratch);
        free(state);
    }
}

void sql_state_begin(struct sql_state *state) {
    state->size = LOG_NO_SEQ;
    state->now = 0;
    state->err = (struct err){0};
    state->damage.code = 0;
    state->damage.first = (struct err){0};
    state->damage.n = 0;
    state->cost = (struct query_cost){0};
    state->note[0] = '\0';
    sql_point_done(&state->point);
    state_close(state->view);
    state->view = NULL;
}

void sql_state_enter(struct sql_state *state) {
    if (state->shell && state->cursors == NULL && state->states_open == 0) {
        sql_state_begin(state);
    }
}

/* The directory as the ledger program finds it. */
static int find_dir(char ret[FILE_PATH_MAX], struct err *err) {
    const char *dir = getenv("LEDGER_DIR"), *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char base[FILE_PATH_MAX];
    if (dir != NULL && *dir != '\0') return file_join(ret, dir, "", err);
    if (xdg != NULL && xdg[0] == '/') return file_join(ret, xdg, "ledger", err);
    if (home == NULL || home[0] != '/') {
        const struct passwd *user = getpwuid(geteuid());
        home = user == NULL ? NULL : user->pw_dir;
    }
    if (home == NULL || home[0] != '/') {
        return err_set(err, ERR_NOTFOUND, "neither $LEDGER_DIR nor $HOME names a directory");
    }
    int rc = file_join(base, home, ".local/state", err);
    if (rc == 0) rc = file_join(ret, base, "ledger", err);
    return rc;
}

int sql_state_ledger(struct sql_state *state, struct err *err) {
    char dir[FILE_PATH_MAX];
    if (state->ledger != NULL) return 0;
    int rc = find_dir(dir, err);
    if (rc == 0) rc = sql_pool_open(dir, &state->ledger, err);
    if (rc != 0) {
        err_prefix(err, "no ledger is open (SELECT ledger_open('DIR') opens one)");
        return rc;
    }
    state->owned = true;
    return 0;
}

int sql_state_settle(struct sql_state *state, struct err *err) {
    struct log_head head;
    int rc = sql_state_ledger(state, err);
    if (rc == 0 && state->size == LOG_NO_SEQ) {
        rc = log_head(state->ledger, &head, err);
        state->size = rc == 0 ? head.size : LOG_NO_SEQ;
        state->cost.size = rc == 0 ? head.size : 0;
    }
    return rc;
}

/* ---- damage ---- */

/* Ranges stay sorted and apart: a join reads the same damage many times. */
void sql_state_damage(struct sql_state *state, const struct err *why, int code, uint64_t first, uint64_t n) {
    struct sql_damage *d = &state->damage;
    struct sql_range new = {first, first + n};
    size_t from = 0, to;
    if (d->code == 0) {
        d->code = code;
        d->first = *why;
    }
    while (from < d->n && d->range[from].end < new.first) {
        from++;
    }
    for (to = from; to < d->n && d->range[to].first <= new.end; to++) {
        new.first = d->range[to].first < new.first ? d->range[to].first : new.first;
        new.end = d->range[to].end > new.end ? d->range[to].end : new.end;
    }
    if (to == from && d->n == d->cap) {
        size_t cap = d->cap == 0 ? 16 : 2 * d->cap;
        struct sql_range *more = cap > RANGES_MAX ? NULL : realloc(d->range, cap * sizeof(*more));
        if (more == NULL) {
            return; /* the count is then too small, but damage is still reported */
        }
        d->range = more;
        d->cap = cap;
    }
    memmove(d->range + from + 1, d->range + to, (d->n - to) * sizeof(*d->range));
    d->n = d->n + 1 - (to - from);
    d->range[from] = new;
}

static uint64_t count_lost(const struct sql_state *state) {
    uint64_t n = 0;
    for (size_t i = 0; i < state->damage.n; i++) {
        n += state->damage.range[i].end - state->damage.range[i].first;
    }
    return n;
}

int sql_state_damaged(const struct sql_state *state, struct err *err) {
    const struct sql_damage *d = &state->damage;
    uint64_t lost = count_lost(state);
    return err_set(err, d->code, "%.700s; in all %llu event%s that may belong to the answer could not be read",
                   d->first.msg, (unsigned long long)lost, lost == 1 ? "" : "s");
}

/* ---- notes, time, failures ---- */

void sql_state_note(struct sql_state *state, const char *fmt, ...) {
    if (state->note[0] == '\0') {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(state->note, sizeof(state->note), fmt, ap);
        va_end(ap);
    }
}

uint64_t sql_state_now(struct sql_state *state) {
    if (state->now == 0 || state->shell) {
        state->now = clock_wall_ns();
    }
    return state->now;
}

int sql_state_fail(struct sql_state *state, const struct err *why) {
    state->err = *why;
    return why->code == ERR_NOMEM ? SQLITE_NOMEM : why->code == ERR_BUSY ? SQLITE_INTERRUPT : SQLITE_ERROR;
}

/* ---- virtual tables ---- */

struct vtab {
    sqlite3_vtab base;
    void *aux;
};

int sql_vtab_connect(sqlite3 *db, struct buf *declaration, void *aux, sqlite3_vtab **ret) {
    int rc = declaration->fail != 0 ? SQLITE_NOMEM : sqlite3_declare_vtab(db, (const char *)declaration->p);
    buf_done(declaration);
    if (rc != SQLITE_OK) return rc;
    struct vtab *table = sqlite3_malloc64(sizeof(*table));
    if (table == NULL) return SQLITE_NOMEM;
    *table = (struct vtab){.aux = aux};
    *ret = &table->base;
    return SQLITE_OK;
}

int sql_vtab_disconnect(sqlite3_vtab *table) {
    sqlite3_free(table);
    return SQLITE_OK;
}

void *sql_vtab_aux(sqlite3_vtab *table) {
    return ((struct vtab *)table)->aux;
}

int sql_vtab_fail(sqlite3_vtab *table, struct sql_state *state, const struct err *why) {
    sqlite3_free(table->zErrMsg);
    table->zErrMsg = sqlite3_mprintf("%s", why->msg);
    return sql_state_fail(state, why);
}

void sql_give_json(sqlite3_context *ctx, struct sql_state *state, struct bytes raw) {
    struct err why = {0};
    buf_clear(&state->scratch);
    if (json_from_mp(raw, JSON_LINE, &state->scratch, &why) != 0) {
        sqlite3_result_error(ctx, why.msg, -1);
        return;
    }
    sqlite3_result_text64(ctx, (const char *)state->scratch.p, state->scratch.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    sqlite3_result_subtype(ctx, SUBTYPE_JSON);
}
