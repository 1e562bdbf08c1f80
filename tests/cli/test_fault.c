/* Crashes while reading a database, in any thread: derived data is set aside; for the evidence it is a verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/thread.h"
#include "cli/call/cli.h"
#include "cli/call/fault.h"
#include "ledger/store/db.h"

#define VALUES 2000

static char dir[300], database[340], data[360];
static struct db *db;

static void be_open(const char *name) {
    static const char *const tables[] = {"table"};
    const struct db_options options = {.tables = tables, .n_tables = 1, .map_bytes = 64 << 20, .create = true};
    static const uint8_t value[500] = {1};
    struct db_txn *txn;
    struct err err = {0};
    snprintf(database, sizeof(database), "%s/%s", dir, name);
    snprintf(data, sizeof(data), "%s/data.mdb", database);
    if (file_make_dirs(database, &err) != 0 || db_open(database, &options, &db, &err) != 0 ||
        db_begin(db, true, &txn, &err) != 0) {
        _exit(99);
    }
    for (uint64_t i = 0; i < VALUES; i++) {
        db_put_u64(txn, 0, i, (struct bytes){value, sizeof(value)}, DB_APPEND, &err);
    }
    if (db_commit(txn, &err) != 0 || truncate(data, 4 * 4096) != 0) {
        _exit(98);
    }
}

static void *read_all(void *ctx) {
    struct db_txn *txn;
    struct bytes value;
    (void)ctx;
    if (db_begin(db, false, &txn, NULL) == 0) {
        for (uint64_t i = 0; i < VALUES; i++) {
            db_get_u64(txn, 0, i, &value, NULL);
        }
    }
    return NULL;
}

/* A process that reads a database of this name, which is truncated while it is open. */
static int ended_with(const char *name, bool aside) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        pthread_t thread;
        be_open(name);
        fault_catch(fault_exit);
        if (aside && thread_start(&thread, read_all, NULL) == 0) {
            pthread_join(thread, NULL);
        }
        read_all(NULL);
        _exit(97);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int start(void **state) {
    (void)state;
    snprintf(dir, sizeof(dir), "%s/test_fault.XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    return mkdtemp(dir) == NULL;
}

static int finish(void **state) {
    (void)state;
    return file_remove_tree(dir, NULL);
}

static bool is_there(const char *name) {
    char path[340];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return file_exists(path);
}

static void derived_data_that_cannot_be_read_is_set_aside(void **state) {
    (void)state;
    for (int round = 1; round <= 3; round++) { /* what was set aside before stays */
        char aside[32];
        snprintf(aside, sizeof(aside), "derived.2.damaged-%d", round);
        assert_int_equal(ended_with("derived.2", round == 2), EXIT_SYSTEM);
        assert_false(is_there("derived.2"));
        assert_true(is_there(aside));
    }
}

static void evidence_that_cannot_be_read_is_a_verdict_and_stays(void **state) {
    (void)state;
    assert_int_equal(ended_with("evidence", false), EXIT_INVALID);
    assert_true(is_there("evidence/data.mdb"));
    assert_int_equal(ended_with("evidence.1", true), EXIT_INVALID);
    assert_true(is_there("evidence.1/data.mdb"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(derived_data_that_cannot_be_read_is_set_aside, start, finish),
        cmocka_unit_test_setup_teardown(evidence_that_cannot_be_read_is_a_verdict_and_stays, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
