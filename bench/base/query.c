/* SQLite as an application would query it: the same events in one table, with queried fields in their own columns, the body
 * as JSON text, and an index for each query that one can serve. The numbers for quantiles are in a narrow table of their
 * own, so that nothing else is read. The table is filled once, untimed and without durability; prepared statements are
 * timed over pages that are in memory, and they fetch every column of every row. */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bench/base/query.h"
#include "bench/metric.h"

#define COMMIT 100000 /* rows per transaction while filling */

struct base_query {
    sqlite3 *db;
    sqlite3_stmt *ask[BASE_ASKS];
};

static const char before[] =
    "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;"
    "PRAGMA cache_size=-65536;"
    "CREATE TABLE e(seq INTEGER PRIMARY KEY, time INTEGER, kind TEXT, schema INTEGER, subject TEXT, actor TEXT,"
    " source TEXT, grade TEXT, run TEXT, cause INTEGER, key TEXT, outcome TEXT, model TEXT, latency_ms REAL, body TEXT);";
/* ANALYZE gives SQLite statistics about the indexes. */
static const char after[] = "CREATE TABLE latencies(seq INTEGER PRIMARY KEY, model TEXT, latency_ms REAL);"
                            "INSERT INTO latencies SELECT seq, model, latency_ms FROM e;"
                            "CREATE INDEX by_run ON e(run); CREATE INDEX by_kind ON e(kind, outcome);"
                            "CREATE INDEX by_model ON e(model, latency_ms); PRAGMA analysis_limit=1000; ANALYZE;";
/* All of it in memory, if there is room: pages are used straight from the kernel's cache. */
static const char warm[] = "PRAGMA cache_size=-65536; PRAGMA mmap_size=1099511627776;";

static const char *const statements[BASE_ASKS] = {
    [BASE_ASK_RUN] = "SELECT seq, time, kind, schema, subject, actor, source, grade, run, cause, key, outcome, model,"
                     " latency_ms, body FROM e WHERE run = ?1",
    [BASE_ASK_COUNT] = "SELECT kind, outcome, count(*) FROM e GROUP BY 1, 2",
    [BASE_ASK_P95] = "SELECT model, quantile(latency_ms, 0.95) FROM latencies GROUP BY model",
    [BASE_ASK_P95_INDEXED] = "SELECT model, quantile(latency_ms, 0.95) FROM e GROUP BY model",
    [BASE_ASK_SCAN] = "SELECT count(*), sum(seq) FROM e WHERE seq >= ?1 AND seq < ?2"
                      " AND json_extract(body, '$.result_bytes') > 60000",
};

static int failed(const struct base_query *base, const char *what, struct err *err) {
    return err_set(err, ERR_IO, "SQLite: %s: %s", what, sqlite3_errmsg(base->db));
}

static int run_sql(const struct base_query *base, const char *sql, struct err *err) {
    return sqlite3_exec(base->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(base, sql, err);
}

/* ---- filling ---- */

static void bind(sqlite3_stmt *s, int at, const struct query_value *v) {
    switch (v->type) {
    case QUERY_INT:
        sqlite3_bind_int64(s, at, v->int_);
        break;
    case QUERY_REAL:
        sqlite3_bind_double(s, at, v->real);
        break;
    case QUERY_TEXT:
        sqlite3_bind_text(s, at, (const char *)v->text.p, (int)v->text.n, SQLITE_STATIC);
        break;
    default:
        sqlite3_bind_null(s, at);
    }
}

static int insert(struct base_query *base, sqlite3_stmt *s, struct query_cursor *c, struct buf *json, struct err *err) {
    static const char *const body_fields[] = {"outcome", "model", "latency_ms"};
    const struct log_event *e;
    struct query_value v;
    int rc = query_event(c, &e, err), at = 1;
    for (size_t f = 0; f < QUERY_HEADER_FIELDS && rc == 0; f++) {
        rc = query_get(c, f, &v, err);
        bind(s, at++, &v);
    }
    for (size_t i = 0; i < sizeof(body_fields) / sizeof(body_fields[0]) && rc == 0; i++) {
        rc = query_get_body(c, bytes_of(body_fields[i]), &v, err);
        bind(s, at++, &v);
    }
    buf_clear(json);
    if (rc == 0) rc = json_from_mp(e->body, JSON_LINE, json, err);
    if (rc != 0) return rc;
    sqlite3_bind_text(s, at, (const char *)json->p, (int)json->n, SQLITE_STATIC);
    return sqlite3_step(s) == SQLITE_DONE && sqlite3_reset(s) == SQLITE_OK ? 0 : failed(base, "insert", err);
}

static int fill(struct base_query *base, struct query_cursor *c, struct err *err) {
    sqlite3_stmt *s = NULL;
    struct buf json;
    uint64_t n = 0;
    int rc = run_sql(base, "BEGIN", err);
    buf_init(&json, 1 << 24);
    if (rc == 0 &&
        sqlite3_prepare_v2(base->db, "INSERT INTO e VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1, &s, NULL) != SQLITE_OK) {
        rc = failed(base, "prepare", err);
    }
    while (rc == 0 && (rc = query_next(c, err)) == 0) {
        rc = insert(base, s, c, &json, err);
        if (rc == 0 && ++n % COMMIT == 0) rc = run_sql(base, "COMMIT; BEGIN", err);
    }
    rc = rc != 1 ? rc : run_sql(base, "COMMIT", err);
    sqlite3_finalize(s);
    buf_done(&json);
    return rc;
}

int base_query_build(const char *path, struct ledger *ledger, struct err *err) {
    struct base_query base = {0};
    struct query_cursor *cursor = NULL;
    struct query all;
    query_init(&all);
    all.no_index = all.whole = true; /* what the ledger has, whatever its index says */
    int rc = sqlite3_open(path, &base.db) == SQLITE_OK ? 0 : failed(&base, path, err);
    if (rc == 0) rc = run_sql(&base, before, err);
    if (rc == 0) rc = query_open(ledger, &all, &cursor, err);
    if (rc == 0) rc = fill(&base, cursor, err);
    if (rc == 0) rc = run_sql(&base, after, err);
    query_close(cursor);
    sqlite3_close(base.db);
    return rc;
}

/* ---- querying ---- */

/* The aggregates are those of the query room, from its extension. */
static int prepare(struct base_query *base, const char *extension, struct err *err) {
    if (sqlite3_db_config(base->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, (int *)NULL) != SQLITE_OK ||
        sqlite3_load_extension(base->db, extension, NULL, NULL) != SQLITE_OK) {
        return failed(base, extension, err);
    }
    for (int i = 0; i < BASE_ASKS; i++) {
        if (sqlite3_prepare_v3(base->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &base->ask[i], NULL) != SQLITE_OK) {
            return failed(base, statements[i], err);
        }
    }
    return 0;
}

int base_query_open(const char *path, const char *extension, struct base_query **ret, struct err *err) {
    struct base_query *base = calloc(1, sizeof(*base));
    if (base == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = sqlite3_open_v2(path, &base->db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK ? 0 : failed(base, path, err);
    if (rc == 0) rc = run_sql(base, warm, err);
    if (rc == 0) rc = prepare(base, extension, err);
    if (rc != 0) {
        base_query_close(base);
        return rc;
    }
    *ret = base;
    return 0;
}

static void put_row(sqlite3_stmt *s, struct buf *out) {
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        struct query_value v = {.type = QUERY_NULL};
        switch (sqlite3_column_type(s, i)) {
        case SQLITE_INTEGER:
            v = (struct query_value){.type = QUERY_INT, .int_ = sqlite3_column_int64(s, i)};
            break;
        case SQLITE_FLOAT:
            v = (struct query_value){.type = QUERY_REAL, .real = sqlite3_column_double(s, i)};
            break;
        case SQLITE_TEXT:
            v = (struct query_value){.type = QUERY_TEXT, .text = {sqlite3_column_text(s, i), 0}};
            v.text.n = (size_t)sqlite3_column_bytes(s, i);
            break;
        default:
            break;
        }
        answer_put(out, &v);
    }
    answer_end_row(out);
}

static size_t take_row(sqlite3_stmt *s) {
    size_t sum = 0;
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        int type = sqlite3_column_type(s, i);
        if (type == SQLITE_TEXT) {
            const unsigned char *p = sqlite3_column_text(s, i);
            sum += p == NULL ? 0 : (size_t)p[0] + (size_t)sqlite3_column_bytes(s, i);
        } else if (type != SQLITE_NULL) {
            sum += (size_t)sqlite3_column_int64(s, i);
        }
    }
    return sum;
}

int base_query_ask(struct base_query *base, enum base_ask ask, const struct base_args *args, struct buf *out, double *ret_s,
                   struct err *err) {
    sqlite3_stmt *s = base->ask[ask];
    volatile size_t sum = 0;
    int rc;
    double start = metric_now();
    if (ask == BASE_ASK_RUN) {
        sqlite3_bind_text(s, 1, args->run, -1, SQLITE_STATIC);
    } else if (ask == BASE_ASK_SCAN) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)args->from);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)args->to);
    }
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (out != NULL) {
            put_row(s, out);
        } else {
            sum = sum + take_row(s);
        }
    }
    sqlite3_reset(s);
    *ret_s = metric_now() - start;
    return rc == SQLITE_DONE ? 0 : failed(base, statements[ask], err);
}

void base_query_close(struct base_query *base) {
    if (base != NULL) {
        for (int i = 0; i < BASE_ASKS; i++) {
            sqlite3_finalize(base->ask[i]);
        }
        sqlite3_close(base->db);
        free(base);
    }
}
