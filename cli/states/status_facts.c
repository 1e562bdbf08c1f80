/* Everything comes from existing data: counts from the index, states from the projections. The suggested next steps
 * follow first from what is wrong, then from what was never recorded, then from what is always useful. */
#include "cli/states/status_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "cli/call/cli.h"
#include "cli/print/cell.h"
#include "cli/view/entity.h"
#include "projections/decide/step.h"
#include "query/query.h"

#define TEXT_MAX ((size_t)1 << 16)

/* ---- damage ---- */

/* For an answer that met evidence that cannot be read: notes the damage and returns 0. */
static int note_damage(struct status *s, int rc, const struct err *why, struct err *err) {
    if (err_is_damage(rc)) {
        s->damage = s->damage.msg[0] == '\0' ? *why : s->damage;
        return 0;
    }
    if (rc < 0) {
        *err = *why;
    }
    return rc;
}

/* The next row after what cannot be read; 1: the end. */
static int next_row(struct status *s, struct query_cursor *cursor, struct err *err) {
    int rc;
    do {
        struct err why = {0};
        rc = query_next(cursor, &why);
        if (rc >= 0) return rc;
        rc = note_damage(s, rc, &why, err);
    } while (rc == 0);
    return rc;
}

/* ---- sources ---- */

static int each_source(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct status *s = ctx;
    (void)err;
    if (values[0].type == QUERY_TEXT && s->n_sources < STATUS_SOURCES) {
        struct status_source *source = &s->source[s->n_sources++];
        size_t n = values[0].text.n < sizeof(source->name) - 1 ? values[0].text.n : sizeof(source->name) - 1;
        memcpy(source->name, values[0].text.p, n);
        source->name[n] = '\0';
        source->events = count;
    }
    return 0;
}

/* The newest event that meets one condition; LOG_NO_SEQ: none. */
static int newest(struct status *s, size_t field, const char *word, uint64_t *ret_seq, uint64_t *ret_time,
                  struct err *err) {
    struct query query;
    struct query_cursor *cursor = NULL;
    struct query_value value = {.type = QUERY_TEXT, .text = bytes_of(word)}, time;
    struct query_term term = {.field = field, .op = QUERY_EQ, .values = &value, .n_values = 1};
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.descending = true;
    query.limit = 1;
    query.stop = s->view->stop;
    struct err why = {0};
    int rc = query_open_at(s->view->ledger, &query, s->view->head.size, &cursor, err);
    if (rc == 0) rc = next_row(s, cursor, err);
    if (rc == 0) {
        *ret_seq = query_seq(cursor);
        time = (struct query_value){0};
        rc = note_damage(s, query_get(cursor, QUERY_TIME, &time, &why), &why, err);
        *ret_time = rc == 0 && time.type == QUERY_INT && time.int_ >= 0 ? (uint64_t)time.int_ : 0;
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

static int by_seq(const void *a, const void *b) {
    const struct status_source *x = a, *y = b;
    return x->seq > y->seq ? -1 : x->seq < y->seq ? 1 : 0;
}

static int find_sources(struct status *s, struct err *err) {
    const size_t by = QUERY_SOURCE;
    struct query query;
    query_init(&query);
    query.to = s->view->head.size;
    query.stop = s->view->stop;
    struct err why = {0};
    uint64_t lost = 0;
    int rc = query_count(s->view->ledger, &query, &by, 1, each_source, s, NULL, &lost, &why);
    rc = note_damage(s, rc == 0 && lost > 0 ? ERR_TAMPERED : rc, &why, err);
    for (size_t i = 0; rc == 0 && i < s->n_sources; i++) {
        rc = newest(s, QUERY_SOURCE, s->source[i].name, &s->source[i].seq, &s->source[i].time, err);
    }
    if (s->n_sources > 1) {
        qsort(s->source, s->n_sources, sizeof(s->source[0]), by_seq);
    }
    return rc;
}

/* ---- the verdict over the box ---- */

static void put_named(struct buf *out, const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    if (i != SIZE_MAX && row_has(row, i)) {
        buf_put_bytes(out, row_text(row, i));
    }
}

static void item_init(struct status_item *item) {
    *item = (struct status_item){.seq = LOG_NO_SEQ};
    buf_init(&item->name, TEXT_MAX);
    buf_init(&item->state, TEXT_MAX);
    buf_init(&item->reason, TEXT_MAX);
    buf_init(&item->remedy, TEXT_MAX);
}

static void item_done(struct status_item *item) {
    buf_done(&item->name);
    buf_done(&item->state);
    buf_done(&item->reason);
    buf_done(&item->remedy);
}

/* Takes the clauses in this state. */
static void take_clauses(struct status *s, struct bytes list, const char *state) {
    struct mp_reader reader;
    struct mp_item item;
    struct bytes map;
    mp_reader_init(&reader, list);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_ARRAY) return;
    for (uint32_t i = 0, n = item.count; i < n && s->n_clauses < STATUS_ROWS && mp_skip(&reader, 1, &map, NULL) == 0; i++) {
        struct status_item *clause = &s->clause[s->n_clauses];
        item_init(clause);
        buf_put_bytes(&clause->state, mp_get_text(map, "state"));
        buf_put_bytes(&clause->name, mp_get_text(map, "id"));
        buf_put_bytes(&clause->reason, mp_get_text(map, "reason"));
        buf_put_bytes(&clause->remedy, mp_get_text(map, "remedy"));
        if (bytes_is(bytes_of_buf(&clause->state), state)) {
            s->n_clauses++;
        } else {
            item_done(clause);
        }
    }
}

static int64_t number(const struct row *row, const char *column) {
    size_t i = projection_column(row->table, column);
    return i != SIZE_MAX && row_has(row, i) ? row_int(row, i) : 0;
}

static int find_verdict(struct status *s, struct err *err) {
    size_t table = entity_table(s->view, bytes_of("verdict"));
    struct bytes box = bytes_of("");
    struct row row;
    if (table == SIZE_MAX) return 0;
    row_init(&row, state_table(s->view->state, table));
    int rc = state_get(s->view->state, table, &box, 1, &row, err);
    if (rc == 0) {
        size_t clauses = projection_column(row.table, "clauses");
        put_named(&s->verdict, &row, "verdict");
        put_named(&s->reason, &row, "reason");
        s->passed = number(&row, "passed");
        s->warned = number(&row, "warned");
        s->failed = number(&row, "failed");
        s->unknown = number(&row, "unknown");
        if (clauses != SIZE_MAX && row.cells[clauses].type == CELL_LIST) {
            struct buf room = {.max = ROW_LIST_MAX};
            struct bytes list = cell_shown(s->view->cli, &row, clauses, &room).text;
            take_clauses(s, list, "fail");
            take_clauses(s, list, "warn");
            take_clauses(s, list, "unknown");
            buf_done(&room);
        }
    }
    row_done(&row);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

/* ---- packs and routes ---- */

static bool is_at_rest(struct bytes state) {
    return bytes_is(state, "ready") || bytes_is(state, "removed") || bytes_is(state, "parked") ||
           bytes_is(state, "retired");
}

static int find_waiting(struct status *s, const char *noun, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    size_t table = entity_table(s->view, bytes_of(noun));
    if (table == SIZE_MAX) return 0;
    int rc = state_rows_open(s->view->state, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next(rows, &row, err)) == 0) {
        size_t state = entity_state(row->table);
        if (state == SIZE_MAX || is_at_rest(row_text(row, state))) continue;
        if (s->n_waiting == STATUS_ROWS) {
            s->more_waiting++;
            continue;
        }
        struct status_item *item = &s->waiting[s->n_waiting++];
        item_init(item);
        entity_name(row, &item->name);
        buf_put_bytes(&item->state, row_text(row, state));
        put_named(&item->reason, row, "reason");
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* ---- uses that were not permitted ---- */

static int find_unpermitted(struct status *s, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row = NULL;
    size_t table = entity_table(s->view, bytes_of("permission"));
    if (table == SIZE_MAX) return 0;
    int rc = state_rows_open(s->view->state, table, NULL, 0, &rows, err);
    while (rc == 0 && (rc = state_rows_next_stored(rows, &row, err)) == 0) {
        int64_t n = number(row, "unpermitted"), seq = number(row, "violation_seq");
        s->unpermitted += n;
        if (n > 0 && seq >= s->violation_seq) {
            s->violation_seq = seq;
            buf_clear(&s->violation);
            entity_name(row, &s->violation);
            buf_put_str(&s->violation, ": ");
            put_named(&s->violation, row, "violation");
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* ---- runs ---- */

static bool has_failed(struct bytes state) {
    static const char *const words[] = {"failed", "aborted", "refused", "timeout"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (bytes_is(state, words[i])) return true;
    }
    return false;
}

static void take_run(struct status *s, const struct row *row, struct query_cursor *cursor) {
    struct status_item *run = &s->run[s->n_runs++];
    struct query_value value;
    size_t pack = projection_column(row->table, "pack"), task = projection_column(row->table, "task");
    int64_t ended = number(row, "finished_at");
    item_init(run);
    entity_name(row, &run->name);
    put_named(&run->state, row, "state");
    put_named(&run->reason, row, pack != SIZE_MAX && row_has(row, pack) ? "pack" : "agent");
    if (task != SIZE_MAX && row_has(row, task)) {
        buf_put_str(&run->reason, run->reason.n > 0 ? " " : "");
        put_named(&run->reason, row, "task");
    }
    if (query_get_body(cursor, bytes_of("error"), &value, NULL) == 0 && value.type == QUERY_TEXT) {
        buf_put_str(&run->reason, run->reason.n > 0 ? ": " : "");
        buf_put_bytes(&run->reason, value.text);
    }
    run->seq = query_seq(cursor);
    run->time = ended > 0 ? (uint64_t)ended : 0;
}

/* Was it taken already? A run whose end is recorded twice counts once. */
static bool is_taken(const struct status *s, struct bytes subject) {
    for (size_t i = 0; i < s->n_runs; i++) {
        if (bytes_eq(bytes_of_buf(&s->run[i].name), subject)) return true;
    }
    return false;
}

static int look_at_end(struct status *s, size_t table, struct query_cursor *cursor, struct err *err) {
    struct query_value subject = {0};
    struct row row;
    struct err why = {0};
    int rc = note_damage(s, query_get(cursor, QUERY_SUBJECT, &subject, &why), &why, err);
    s->looked++;
    if (rc != 0 || subject.type != QUERY_TEXT || !bytes_has_prefix(subject.text, "run/") || is_taken(s, subject.text)) {
        return rc;
    }
    struct bytes id = {subject.text.p + 4, subject.text.n - 4};
    row_init(&row, state_table(s->view->state, table));
    rc = state_get(s->view->state, table, &id, 1, &row, err);
    if (rc == 0 && has_failed(row_text(&row, entity_state(row.table)))) {
        take_run(s, &row, cursor);
    }
    row_done(&row);
    return rc == ERR_NOTFOUND ? 0 : rc;
}

static int find_runs(struct status *s, struct err *err) {
    struct query query;
    struct query_cursor *cursor = NULL;
    struct query_value kind = {.type = QUERY_TEXT, .text = bytes_of("run.finished")};
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1};
    size_t table = entity_table(s->view, bytes_of("run"));
    if (table == SIZE_MAX) return 0;
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.descending = true;
    query.limit = STATUS_RUNS;
    query.stop = s->view->stop;
    int rc = query_open_at(s->view->ledger, &query, s->view->head.size, &cursor, err);
    while (rc == 0 && s->n_runs < STATUS_FAILED && (rc = next_row(s, cursor, err)) == 0) {
        rc = look_at_end(s, table, cursor, err);
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

/* ---- what to do next ---- */

static bool is_offered(const struct status *s, struct bytes command) {
    for (size_t i = 0; i < s->n_next; i++) {
        if (bytes_eq(bytes_of_buf(&s->next[i].command), command)) return true;
    }
    return false;
}

/* Offers a command: the words, and a name that is quoted where a shell needs it. */
static void offer(struct status *s, const char *words, struct bytes name, const char *why) {
    if (s->n_next == STATUS_NEXT) return;
    struct status_step *step = &s->next[s->n_next];
    buf_init(&step->command, TEXT_MAX);
    step->why = why;
    cli_self(s->view->cli, &step->command);
    buf_put_str(&step->command, " ");
    buf_put_str(&step->command, words);
    if (name.n > 0) {
        cli_word(name, &step->command);
    }
    if (is_offered(s, bytes_of_buf(&step->command))) {
        buf_done(&step->command);
    } else {
        s->n_next++;
    }
}

static bool has_source(const struct status *s, const char *name) {
    for (size_t i = 0; i < s->n_sources; i++) {
        if (strcmp(s->source[i].name, name) == 0) return true;
    }
    return false;
}

void status_begin(struct status *s) {
    offer(s, "init", (struct bytes){0}, "make one; --origin NAME names it");
    offer(s, "ingest dpkg", (struct bytes){0}, "then record what was installed; 'ledger ingest --sources' lists more");
}

static void find_next(struct status *s) {
    static const struct bytes none = {0};
    if (s->damage.msg[0] != '\0') {
        offer(s, "verify", none, "what of the evidence is damaged");
    }
    if (s->n_runs > 0) {
        offer(s, "why ", bytes_of_buf(&s->run[0].name), "why it failed");
    }
    if (!s->lockdown.yes) {
        offer(s, "tripcode list", none, "who stopped the guards");
    }
    if (s->unpermitted > 0) {
        offer(s, "permit list --with 'unpermitted=*' --fields who,group,scope,unpermitted,violation", none,
              "uses that were not permitted");
    }
    if (s->failed > 0 || s->warned > 0) {
        offer(s, "doctor", none, "what is not well, since when, and what helps");
    }
    if (s->n_waiting > 0) {
        offer(s, "why ", bytes_of_buf(&s->waiting[0].name), "what it lacks");
    }
    if (!has_source(s, "dpkg") && s->n_sources < 4) {
        offer(s, "ingest dpkg", none, "record what was installed");
    }
    if (!has_source(s, "doctor")) {
        offer(s, "doctor", none, "look at the machine: disks, keys, clock, models");
    }
    offer(s, "diff 24h", none, "what changed since yesterday");
    offer(s, "log -n 20", none, "the newest events");
    offer(s, "verify", none, "check every byte");
}

/* ---- all of it ---- */

int status_gather(struct status *s, struct asof *view, struct err *err) {
    struct err why = {0};
    s->view = view;
    buf_init(&s->verdict, TEXT_MAX);
    buf_init(&s->reason, TEXT_MAX);
    buf_init(&s->violation, TEXT_MAX);
    note_damage(s, state_whole(view->state, &why), &why, err);
    int rc = find_sources(s, err);
    if (rc == 0) rc = find_verdict(s, err);
    if (rc == 0) rc = find_waiting(s, "pack", err);
    if (rc == 0) rc = find_waiting(s, "route", err);
    if (rc == 0) rc = find_unpermitted(s, err);
    if (rc == 0) rc = decide_is_unlocked(view->state, bytes_of("run.started"), &s->lockdown, err);
    if (rc == 0) rc = find_runs(s, err);
    if (rc == 0) {
        find_next(s);
    }
    return rc;
}

static void items_done(struct status_item *items, size_t n) {
    for (size_t i = 0; i < n; i++) {
        item_done(&items[i]);
    }
}

void status_done(struct status *s) {
    buf_done(&s->verdict);
    buf_done(&s->reason);
    buf_done(&s->violation);
    items_done(s->clause, s->n_clauses);
    items_done(s->waiting, s->n_waiting);
    items_done(s->run, s->n_runs);
    for (size_t i = 0; i < s->n_next; i++) {
        buf_done(&s->next[i].command);
    }
}
