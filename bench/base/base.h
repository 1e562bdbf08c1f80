/* The baselines: what the same machine does with the same bytes and nothing else. Each is one vendor library or system
 * call, used the way its makers recommend for speed, with the durability that the ledger promises.
 *
 * Every `ret_s` is in seconds and covers only the baseline's own work. Failures are ERR_IO with the vendor's message. */
#ifndef BENCH_BASE_BASE_H
#define BENCH_BASE_BASE_H

#include "bench/load.h"

/* Raw LMDB: default sync, MDB_APPEND, be64 keys, header and payload as the value, LOAD_COMMIT events a transaction. */
struct base_lmdb;
int base_lmdb_open(const char *dir, struct base_lmdb **ret, struct err *err);
int base_lmdb_put(struct base_lmdb *base, const struct wire *wire, double *ret_s, struct err *err);
/* One transaction with one put. */
int base_lmdb_one(struct base_lmdb *base, struct bytes value, double *ret_s, struct err *err);
void base_lmdb_close(struct base_lmdb *base); /* NULL is allowed */

/* A plain file: LOAD_COMMIT events a write(2) and fdatasync(2). */
int base_file_open(const char *path, int *ret_fd, struct err *err);
int base_file_put(int fd, const struct wire *wire, double *ret_s, struct err *err);

/* SQLite, WAL and synchronous=FULL, LOAD_COMMIT rows a transaction. */
enum base_sqlite_form {
    BASE_SQLITE_PLAIN,
    BASE_SQLITE_INDEXED, /* kind, run, model, route, time */
    BASE_SQLITE_CHAINED /* the same, with a SHA-256 over the previous hash in each row and an Ed25519 signature per transaction */
};
struct base_sqlite;
int base_sqlite_open(const char *path, enum base_sqlite_form form, struct base_sqlite **ret, struct err *err);
int base_sqlite_put(struct base_sqlite *base, const struct load *load, double *ret_s, struct err *err);
/* Bytes on disk, after the write-ahead log was merged into the database. */
int base_sqlite_size(struct base_sqlite *base, uint64_t *ret_bytes, uint64_t *ret_rows, struct err *err);
void base_sqlite_close(struct base_sqlite *base); /* NULL is allowed */

/* SHA-256 over the inputs of leaves, bodies and nodes, all prepared beforehand; one context. */
int base_sha256(const struct wire *wire, double *ret_s, struct err *err);
/* zstd level 1 over headers and payloads, 256 events a frame, one context. *ret_n: compressed bytes. */
int base_zstd(const struct wire *wire, double *ret_s, size_t *ret_n, struct err *err);
/* jansson alone: parses each line of the text and frees the result. */
int base_jansson(struct bytes text, double *ret_s, struct err *err);
/* SHA-256 over the whole text at once. */
int base_sha256_text(struct bytes text, double *ret_s, struct err *err);
/* n Ed25519 signatures over a text the size of a checkpoint. */
int base_ed25519(size_t n, double *ret_s, struct err *err);

#endif
