/* sources: the table. Who runs a source is said by its locks, what it has recorded by the ledger, the rest by what it writes about
 * itself; whatever of that is missing is left blank. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/text.h"
#include "capture/sources/place.h"
#include "capture/sources/status.h"
#include "cli/capture/newest.h"
#include "cli/capture/sources.h"
#include "cli/capture/sources_state.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"
#include "cli/print/when.h"
#include "ingest/jsonl/position.h"
#include "query/query.h"

#define HOUR_NS (3600 * CLOCK_NS_PER_S)
#define ROOM    64

/* What the ledger has of one source. */
struct recorded {
    uint64_t events, hour; /* all; of the last hour */
    uint64_t at, seq;      /* the newest; LOG_NO_SEQ: none */
};

struct listing {
    struct cli *cli;
    struct ledger *ledger;
    uint64_t now;
    struct recorded *recorded; /* by index of the source */
    struct fact_table table;
};

/* ---- what the ledger knows ---------------------------------------------------------------------------------------- */

static size_t index_of(struct bytes name) {
    for (size_t i = 0; i < ingest_source_count(); i++) {
        if (bytes_is(name, ingest_source_at(i)->name)) return i;
    }
    return SIZE_MAX;
}

static int on_all(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct listing *l = ctx;
    size_t i = values[0].type == QUERY_TEXT ? index_of(values[0].text) : SIZE_MAX;
    (void)err;
    if (i != SIZE_MAX) {
        l->recorded[i].events = count;
    }
    return 0;
}

static int on_hour(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct listing *l = ctx;
    size_t i = values[0].type == QUERY_TEXT ? index_of(values[0].text) : SIZE_MAX;
    (void)err;
    if (i != SIZE_MAX) {
        l->recorded[i].hour = count;
    }
    return 0;
}

static int ask_ledger(struct listing *l, struct err *err) {
    static const size_t by = QUERY_SOURCE;
    const struct query_value since = {.type = QUERY_INT, .int_ = (int64_t)(l->now > HOUR_NS ? l->now - HOUR_NS : 0)};
    const struct query_term term = {.field = QUERY_TIME, .op = QUERY_GE, .values = &since, .n_values = 1};
    struct query q;
    uint64_t lost = 0;
    query_init(&q);
    int rc = query_count(l->ledger, &q, &by, 1, on_all, l, NULL, &lost, err);
    q.terms = &term;
    q.n_terms = 1;
    if (rc == 0) rc = query_count(l->ledger, &q, &by, 1, on_hour, l, NULL, &lost, err);
    for (size_t i = 0; rc == 0 && i < ingest_source_count(); i++) {
        l->recorded[i].seq = LOG_NO_SEQ;
        if (l->recorded[i].events > 0) {
            struct newest newest = {.seq = LOG_NO_SEQ};
            rc = newest_find(l->ledger, QUERY_SOURCE, ingest_source_at(i)->name, &newest, err);
            l->recorded[i].seq = newest.seq;
            l->recorded[i].at = newest.time;
        }
    }
    return rc;
}

/* Bytes of the followed file that are not read yet; UINT64_MAX: unknown. */
static uint64_t bytes_behind(const struct listing *l, const struct sources_entry *entry) {
    char name[FILE_POSITION_NAME_LEN];
    struct buf value = {.max = 4096};
    struct file_position position = {0}, file = {0};
    struct stat st;
    const char *path = entry->n_paths > 0 ? entry->paths[0] : NULL;
    if (path == NULL || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return UINT64_MAX;
    bool known = file_position_name(path, name, NULL) == 0 && log_cursor_get(l->ledger, name, &value, NULL) == 0 &&
                 file_position_decode(bytes_of_buf(&value), &position) == 0 &&
                 file_position_identify(AT_FDCWD, path, &file) && file_position_same_file(&position, &file);
    uint64_t size = (uint64_t)st.st_size, read = known ? position.offset : 0;
    buf_done(&value);
    return size > read ? size - read : 0;
}

/* ---- rows --------------------------------------------------------------------------------------------------------- */

static void put_rate(char ret[ROOM], uint64_t hour) {
    snprintf(ret, ROOM, hour % 60 == 0 ? "%.0f" : "%.2f", (double)hour / 60);
}

static void put_ago(char ret[ROOM], uint64_t ns, uint64_t now) {
    struct buf text = {.max = ROOM - 1};
    ret[0] = '\0';
    if (ns != UINT64_MAX) {
        when_text(&text, ns, WHEN_RELATIVE, now);
        snprintf(ret, ROOM, "%.*s", (int)text.n, (const char *)text.p);
    }
    buf_done(&text);
}

/* How far it is behind, for people. */
static void put_lag(char ret[ROOM], uint64_t bytes, uint64_t seconds) {
    struct buf text = {.max = ROOM - 1};
    ret[0] = '\0';
    if (bytes != UINT64_MAX) {
        out_size(ret, bytes);
    } else if (seconds != UINT64_MAX) {
        when_length(&text, (double)seconds * 1000);
        snprintf(ret, ROOM, "%.*s", (int)text.n, (const char *)text.p);
    }
    buf_done(&text);
}

static uint64_t or_none(bool known, uint64_t n) {
    return known ? n : UINT64_MAX;
}

/* `entry` NULL: a source that is not configured. */
static void put_row(struct listing *l, const struct sources_entry *entry, const struct ingest_source *source,
                    const struct sources_state *row) {
    const struct recorded *r = &l->recorded[index_of(bytes_of(source->name))];
    const struct sources_status *s = &row->status;
    const char *state = entry != NULL ? row->state : "not configured";
    bool news = s->accepted > 0 && s->last_at > 0, poller = entry != NULL && sources_entry_manner(entry) == SOURCES_POLLER;
    bool any = r->seq != LOG_NO_SEQ;
    uint64_t at = news ? s->last_at : any ? r->at : UINT64_MAX, seq = news ? s->last_seq : any ? r->seq : UINT64_MAX;
    uint64_t bytes = entry != NULL && entry->follow ? bytes_behind(l, entry) : UINT64_MAX;
    uint64_t seconds =
        or_none(poller && s->looked_at > 0 && s->looked_at <= l->now, (l->now - s->looked_at) / CLOCK_NS_PER_S);
    char rate[ROOM], ago[ROOM], lag[ROOM];
    put_rate(rate, r->hour);
    put_ago(ago, at, l->now);
    put_lag(lag, bytes, seconds);
    const struct fact facts[] = {
        fact_text("NAME", "name", entry != NULL ? entry->name : source->name),
        fact_text("SOURCE", "source", source->name),
        fact_text(NULL, "manner", entry != NULL ? sources_manner_name(sources_entry_manner(entry)) : NULL),
        fact_text("STATE", "state", state),
        fact_count("PID", "pid", or_none(row->pid > 0, (uint64_t)row->pid)),
        fact_count(NULL, "keeper", or_none(row->keeper > 0, (uint64_t)row->keeper)),
        fact_text(NULL, "unit", s->unit[0] != '\0' ? s->unit : NULL),
        fact_text(NULL, "address", s->address[0] != '\0' ? s->address : NULL),
        fact_said(fact_time("NEWEST", "last_at", at), ago),
        fact_count("SEQ", "last_seq", seq),
        fact_count(NULL, "events", r->events),
        fact_said(fact_count("PER MINUTE", "events_last_hour", r->hour), rate),
        fact_said(fact_count("BEHIND", "behind_bytes", bytes), lag),
        fact_count(NULL, "behind_seconds", seconds),
        fact_count("ERRORS", "errors", entry != NULL ? s->errors : UINT64_MAX),
        fact_count(NULL, "restarts", entry != NULL ? s->restarts : UINT64_MAX),
        fact_text("NEWEST ERROR", "error",
                  row->error[0] != '\0' ? row->error
                  : l->cli->json        ? NULL
                                        : ""),
    };
    fact_row(&l->table, facts, sizeof(facts) / sizeof(facts[0]));
}

static bool is_configured(const struct sources_conf *conf, const struct ingest_source *source) {
    for (size_t i = 0; i < conf->n; i++) {
        if (conf->entries[i].source == source) return true;
    }
    return false;
}

static int print(struct listing *l, const struct sources_conf *conf) {
    struct obj obj = {0};
    bool any = conf->n > 0;
    for (size_t i = 0; i < conf->n; i++) {
        struct sources_state row = {0};
        sources_state_find(l->cli->dir, conf->entries[i].name, &row);
        put_row(l, &conf->entries[i], conf->entries[i].source, &row);
    }
    for (size_t i = 0; i < ingest_source_count(); i++) {
        const struct sources_state none = {0};
        if (l->recorded[i].events > 0 && !is_configured(conf, ingest_source_at(i))) {
            put_row(l, NULL, ingest_source_at(i), &none);
            any = true;
        }
    }
    if (!any && !l->cli->json) {
        out_str(l->cli, "no source is configured, and none has recorded anything; for example\n"
                        "  ledger sources add traces otlp --listen 127.0.0.1:4318\n");
    }
    int exit_code = fact_end(&l->table, &obj, "sources");
    obj_done(&obj);
    return exit_code;
}

int sources_list(struct cli *cli, const struct opt_args *args) {
    struct listing l = {.cli = cli, .now = clock_wall_ns(), .table = {.cli = cli}};
    struct sources_conf conf = {0};
    struct err err = {0};
    (void)args;
    int exit_code = sources_load(cli, &conf);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_READ, &l.ledger);
    if (exit_code == 0) {
        l.recorded = calloc(ingest_source_count(), sizeof(*l.recorded));
        int rc = l.recorded == NULL ? err_set(&err, ERR_NOMEM, "out of memory") : ask_ledger(&l, &err);
        exit_code = rc == 0 ? print(&l, &conf) : cli_fail(cli, &err);
    }
    free(l.recorded);
    log_close(l.ledger);
    sources_conf_done(&conf);
    return exit_code;
}
