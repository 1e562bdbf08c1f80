/* SQLite as an application would use it for the same purpose: one table, prepared statements, one transaction for many
 * rows, indexes on queried columns; and, to be tamper-evident, its own hash chain and signature.
 *
 * The comparison covers the whole way from fields to disk: the baseline binds columns and stores the body as the same
 * msgpack, but neither checks fields nor scans for secrets. */
#include <openssl/evp.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "bench/base/base.h"
#include "bench/metric.h"

struct base_sqlite {
    sqlite3 *db;
    sqlite3_stmt *insert, *sign;
    enum base_sqlite_form form;
    char path[FILE_PATH_MAX];
    uint64_t next;
    uint8_t last[LOG_HASH]; /* the newest row's hash */
    unsigned char secret[crypto_sign_SECRETKEYBYTES];
    EVP_MD *md;
    EVP_MD_CTX *ctx;
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
    "CREATE TABLE events(seq INTEGER PRIMARY KEY, time INTEGER, kind TEXT, subject TEXT, actor TEXT,"
    " source TEXT, grade TEXT, run TEXT, model TEXT, route TEXT, body BLOB, hash BLOB);"
    "CREATE TABLE seals(seq INTEGER PRIMARY KEY, signature BLOB);";
static const char indexes[] =
    "CREATE INDEX by_kind ON events(kind); CREATE INDEX by_run ON events(run); CREATE INDEX by_model ON events(model);"
    "CREATE INDEX by_route ON events(route); CREATE INDEX by_time ON events(time);";

static int failed(struct base_sqlite *base, const char *what, struct err *err) {
    return err_set(err, ERR_IO, "SQLite: %s: %s", what, sqlite3_errmsg(base->db));
}

static int run_sql(struct base_sqlite *base, const char *sql, struct err *err) {
    return sqlite3_exec(base->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(base, sql, err);
}

int base_sqlite_open(const char *path, enum base_sqlite_form form, struct base_sqlite **ret, struct err *err) {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    struct base_sqlite *base = calloc(1, sizeof(*base));
    if (base == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    base->form = form;
    base->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    base->ctx = EVP_MD_CTX_new();
    int rc = 0;
    if (base->md == NULL || base->ctx == NULL || sodium_init() < 0 || crypto_sign_keypair(public_key, base->secret) != 0 ||
        strlen(path) >= sizeof(base->path)) {
        rc = err_set(err, ERR_IO, "%s: no digest, no key, or too long a path", path);
        goto out;
    }
    memcpy(base->path, path, strlen(path) + 1);
    if (sqlite3_open(path, &base->db) != SQLITE_OK) {
        rc = failed(base, "open", err);
        goto out;
    }
    rc = run_sql(base, schema, err);
    if (rc == 0 && form != BASE_SQLITE_PLAIN) rc = run_sql(base, indexes, err);
    if (rc == 0 && (sqlite3_prepare_v2(base->db, "INSERT INTO events VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", -1, &base->insert,
                                       NULL) != SQLITE_OK ||
                    sqlite3_prepare_v2(base->db, "INSERT INTO seals VALUES(?,?)", -1, &base->sign, NULL) != SQLITE_OK)) {
        rc = failed(base, "prepare", err);
    }
out:
    if (rc != 0) {
        base_sqlite_close(base);
        return rc;
    }
    *ret = base;
    return 0;
}

static void bind_text(sqlite3_stmt *stmt, int at, struct bytes text) {
    sqlite3_bind_text(stmt, at, (const char *)text.p, (int)text.n, SQLITE_STATIC);
}

/* hash = SHA-256(previous hash || every column) */
static void chain(struct base_sqlite *base, const struct log_draft *d, uint64_t now) {
    const struct bytes part[] = {d->kind, d->subject, d->actor, d->source, d->grade, d->run, d->body};
    uint8_t fixed[16];
    be64_put(fixed, base->next);
    be64_put(fixed + 8, now);
    EVP_DigestInit_ex2(base->ctx, base->md, NULL);
    EVP_DigestUpdate(base->ctx, base->last, sizeof(base->last));
    EVP_DigestUpdate(base->ctx, fixed, sizeof(fixed));
    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        EVP_DigestUpdate(base->ctx, part[i].p, part[i].n);
    }
    EVP_DigestFinal_ex(base->ctx, base->last, NULL);
}

static int insert(struct base_sqlite *base, const struct workload *w, uint64_t now, struct err *err) {
    const struct log_draft *d = &w->draft;
    sqlite3_stmt *s = base->insert;
    sqlite3_bind_int64(s, 1, (sqlite3_int64)base->next);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)now);
    bind_text(s, 3, d->kind);
    bind_text(s, 4, d->subject);
    bind_text(s, 5, d->actor);
    bind_text(s, 6, d->source);
    bind_text(s, 7, d->grade);
    bind_text(s, 8, d->run);
    bind_text(s, 9, bytes_of(w->model));
    bind_text(s, 10, bytes_of(w->route));
    sqlite3_bind_blob(s, 11, d->body.p, (int)d->body.n, SQLITE_STATIC);
    if (base->form == BASE_SQLITE_CHAINED) {
        chain(base, d, now);
        sqlite3_bind_blob(s, 12, base->last, sizeof(base->last), SQLITE_STATIC);
    }
    if (sqlite3_step(s) != SQLITE_DONE || sqlite3_reset(s) != SQLITE_OK) {
        return failed(base, "insert", err);
    }
    base->next++;
    return 0;
}

static int seal(struct base_sqlite *base, struct err *err) {
    unsigned char signature[crypto_sign_BYTES];
    if (base->form != BASE_SQLITE_CHAINED) return 0;
    crypto_sign_detached(signature, NULL, base->last, sizeof(base->last), base->secret);
    sqlite3_bind_int64(base->sign, 1, (sqlite3_int64)base->next);
    sqlite3_bind_blob(base->sign, 2, signature, sizeof(signature), SQLITE_STATIC);
    return sqlite3_step(base->sign) == SQLITE_DONE && sqlite3_reset(base->sign) == SQLITE_OK ? 0
                                                                                             : failed(base, "seal", err);
}

int base_sqlite_put(struct base_sqlite *base, const struct load *load, double *ret_s, struct err *err) {
    int rc = 0;
    double start = metric_now();
    for (size_t i = 0; i < load->n && rc == 0; i++) {
        rc = i % LOAD_COMMIT != 0 ? 0 : run_sql(base, "BEGIN IMMEDIATE", err);
        if (rc == 0) rc = insert(base, &load->w[i], clock_wall_ns(), err);
        if (rc == 0 && ((i + 1) % LOAD_COMMIT == 0 || i + 1 == load->n)) {
            rc = seal(base, err);
            if (rc == 0) rc = run_sql(base, "COMMIT", err);
        }
    }
    if (rc == 0) {
        *ret_s = metric_now() - start;
    }
    return rc;
}

int base_sqlite_size(struct base_sqlite *base, uint64_t *ret_bytes, uint64_t *ret_rows, struct err *err) {
    struct stat st;
    int rc = run_sql(base, "PRAGMA wal_checkpoint(TRUNCATE)", err);
    if (rc == 0 && stat(base->path, &st) != 0) rc = err_set(err, ERR_IO, "%s: no size", base->path);
    if (rc == 0) {
        *ret_bytes = (uint64_t)st.st_size;
        *ret_rows = base->next;
    }
    return rc;
}

void base_sqlite_close(struct base_sqlite *base) {
    if (base == NULL) return;
    sqlite3_finalize(base->insert);
    sqlite3_finalize(base->sign);
    sqlite3_close(base->db);
    EVP_MD_CTX_free(base->ctx);
    EVP_MD_free(base->md);
    sodium_memzero(base->secret, sizeof(base->secret));
    free(base);
}
