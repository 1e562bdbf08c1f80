/* How a database is opened; a handle keeps it. */
#ifndef LEDGER_STORE_DB_OPTIONS_H
#define LEDGER_STORE_DB_OPTIONS_H

#include "ledger/store/db_lock.h"

struct db_options {
    const char *const *tables; /* names; a table is addressed by its index */
    size_t n_tables;
    uint64_t map_bytes;
    uint64_t reserve_bytes; /* part of the map that only db_begin_reserved may use */
    bool read_only;
    bool create;         /* make the environment and its tables */
    bool generations;    /* a newer generation "<dir>.<n>" may exist: see DB_SUPERSEDED */
    bool relaxed;        /* a commit may be lost (never torn) by a power failure: for derived data only */
    bool unsynced;       /* nothing is synced before db_sync: for a database that nobody else uses until then */
    struct db_wait wait; /* for other processes, when it is opened and when something is written */
    bool scratch;        /* temporary, and used by this process only */
    bool own_lock;       /* opening it is ordered apart from other databases of the same directory (db_lock.h) */
    bool keep_readers;   /* opening it clears no dead readers, so that they can be looked at */
    bool begun;          /* an unfinished one (empty, or without a table) is ERR_NOTFOUND, not ERR_CORRUPT */
};

#endif
