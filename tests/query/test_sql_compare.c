/* Values in SQL compare as in an ordinary SQLite table, whatever is passed to the index; and a statement from which SQLite
 * does not return is reported to the caller. */
#include <sys/wait.h>
#include <unistd.h>

#include "query/index/index.h"
#include "query/sql/sql.h"
#include "tests/query/random_log.h"

#define TIME_LIMIT 50000000

static struct sql *sql;
static struct buf answer;

static int put_row(void *ctx, const struct sql_row *row, struct err *err) {
    (void)ctx;
    (void)err;
    for (size_t i = 0; i < row->n; i++) {
        const struct query_value *v = &row->values[i];
        if (v->type == QUERY_INT) {
            buf_printf(&answer, "%lld ", (long long)v->int_);
        } else {
            buf_put_bytes(&answer, v->type == QUERY_TEXT ? v->text : bytes_of("? "));
        }
    }
    return 0;
}

static void gives(const char *statement, const char *expected) {
    answer.max = 65536;
    buf_clear(&answer);
    if (sql_run(sql, bytes_of(statement), NULL, put_row, NULL, &why) != 0) {
        fail_msg("%s: %s", statement, why.msg);
    }
    buf_put(&answer, "", 1);
    if (strcmp((const char *)answer.p, expected) != 0) {
        fail_msg("%s gives '%s', not '%s'", statement, (const char *)answer.p, expected);
    }
}

/* One event of a custom kind with a body from JSON: names and values in turn. */
struct pair {
    const char *name;
    struct query_value v;
};

#define TEXT_OF(t)                                                                                                         \
    {                                                                                                                      \
        .type = QUERY_TEXT, .text = {(const uint8_t *)(t), sizeof(t) - 1 }                                                 \
    }
#define NUMBER_OF(n)                                                                                                       \
    { .type = QUERY_INT, .int_ = (n) }

static void put_event(const struct pair *pairs, uint32_t n) {
    static struct random_draft d;
    struct log_batch *batch;
    buf_init(&d.body, 65536);
    buf_init(&d.open, 4096);
    log_draft_init(&d.draft);
    mp_put_map(&d.body, n);
    mp_put_array(&d.open, n);
    for (uint32_t i = 0; i < n; i++) {
        mp_put_str(&d.body, bytes_of(pairs[i].name));
        mp_put_str(&d.open, bytes_of(pairs[i].name));
        if (pairs[i].v.type == QUERY_INT) {
            mp_put_uint(&d.body, (uint64_t)pairs[i].v.int_);
        } else {
            mp_put_str(&d.body, pairs[i].v.text);
        }
    }
    d.draft.kind = bytes_of("x.acme.thing");
    d.draft.subject = bytes_of("thing/1");
    d.draft.actor = bytes_of("tool:test");
    d.draft.source = bytes_of("test");
    d.draft.grade = bytes_of("measured");
    d.draft.body = bytes_of_buf(&d.body);
    d.draft.open = bytes_of_buf(&d.open);
    must(log_batch_new(s.ledger, &batch, &why));
    must(log_batch_add(batch, &d.draft, &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    buf_done(&d.body);
    buf_done(&d.open);
}

/* Events 1 to 6, and enough others that all of them are indexed. */
static int start(void **state) {
    static const struct pair first[] = {{"model", TEXT_OF("ab")}, {"value", NUMBER_OF(10)}};
    static const struct pair second[] = {{"model", TEXT_OF("abc")}, {"value", TEXT_OF("10")}};
    static const struct pair third[] = {{"model", TEXT_OF("\357\277\275x")}, {"value", TEXT_OF("10.0")}};
    static const struct pair fourth[] = {{"error", TEXT_OF("b")}, {"outcome", TEXT_OF("a")}, {"value", NUMBER_OF(9)}};
    static const struct pair fifth[] = {{"error", TEXT_OF("a")}, {"outcome", TEXT_OF("b")}};
    static const struct pair sixth[] = {{"error", TEXT_OF("c")}, {"outcome", TEXT_OF("b")}};
    (void)state;
    random_start();
    scratch_in_memory();
    scratch_new(&s, (uint64_t)256 << 20);
    put_event(first, 2);
    put_event(second, 2);
    put_event(third, 2);
    put_event(fourth, 3);
    put_event(fifth, 2);
    put_event(sixth, 2);
    log_fill(s.ledger, 600);
    must(index_build(s.ledger, 256, UINT64_MAX, NULL, NULL, &why));
    must(sql_open(s.ledger, NULL, &sql, &why));
    return 0;
}

static int finish(void **state) {
    (void)state;
    sql_close(sql);
    buf_done(&answer);
    scratch_done(&s);
    return 0;
}

static void a_column_of_several_types_converts_nothing(void **state) {
    (void)state;
    gives("SELECT seq FROM events WHERE value = 10 AND seq < 7", "1 ");
    gives("SELECT seq FROM events WHERE value = '10' AND seq < 7", "2 ");
    gives("SELECT seq FROM events WHERE value || '' = '10' ORDER BY seq", "1 2 ");
    gives("SELECT seq FROM events WHERE value IN ('10', 9) ORDER BY seq", "2 4 ");
    gives("SELECT seq FROM events WHERE value > 9 AND seq < 7 ORDER BY seq", "1 2 3 "); /* a text is above all numbers */
    gives("SELECT seq FROM events WHERE value >= '10' AND seq < 7 ORDER BY seq", "2 3 ");
}

static void a_pattern_ends_at_its_first_nul(void **state) {
    (void)state;
    gives("SELECT seq FROM events WHERE model GLOB 'ab' || char(0) || 'x' AND seq < 7", "1 ");
    gives("SELECT seq FROM events WHERE kind LIKE 'x.acme.thing' || char(0) || 'y' AND seq < 3 ORDER BY seq", "1 2 ");
}

static void broken_utf8_in_a_pattern_stands_for_what_it_stands_for_in_sqlite(void **state) {
    (void)state;
    gives("SELECT seq FROM events WHERE model GLOB CAST(x'ff2a' AS TEXT) AND seq < 7", "3 ");
    gives("SELECT seq FROM events WHERE model LIKE CAST(x'ff25' AS TEXT) AND seq < 7", "3 ");
}

static void bytes_are_above_every_time_that_is_text(void **state) {
    (void)state;
    gives("SELECT count(*) FROM events WHERE at < x'00' AND seq < 7", "7 ");
    gives("SELECT count(*) FROM events WHERE at > x'00'", "0 ");
}

static void a_limit_counts_the_rows_that_fulfil_all_conditions(void **state) {
    (void)state;
    gives("SELECT seq FROM events WHERE outcome < error AND seq < 7 ORDER BY seq LIMIT 1", "4 ");
    gives("SELECT seq FROM events WHERE error < outcome AND seq < 7 ORDER BY seq LIMIT 1", "5 ");
    gives("SELECT seq FROM events WHERE outcome < error AND seq < 7 ORDER BY seq DESC LIMIT 1 OFFSET 1", "4 ");
}

/* ---- within one step ---- */

static volatile int stop;

static int ask_to_stop(void *ctx, const struct sql_row *row, struct err *err) {
    (void)ctx;
    (void)row;
    (void)err;
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED); /* a thread watches it */
    return 0;
}

static void leave(void *ctx, const struct err *reason) {
    _exit(strstr(reason->msg, ctx) != NULL ? 7 : 8);
}

/* In a child, which ends within the statement; the ledger is closed meanwhile, as threads do not survive a fork. */
static void is_stuck(const struct sql_options *options, const char *statement) {
    int status = 0;
    sql_close(sql);
    scratch_close(&s);
    pid_t pid = fork();
    if (pid == 0) {
        struct sql *q = NULL;
        scratch_open(&s);
        if (sql_open(s.ledger, options, &q, &why) == 0) {
            sql_run(q, bytes_of(statement), ask_to_stop, put_row, NULL, &why);
        }
        _exit(9);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    scratch_open(&s);
    must(sql_open(s.ledger, NULL, &sql, &why));
}

static void a_statement_that_does_not_come_back_is_told_to_who_asked(void **state) {
    static const char statement[] =
        "SELECT instr(printf('%.*c', 60000000, 'a'), printf('%.*c', 30000000, 'a') || 'b') FROM events WHERE seq = 1";
    char late[] = "takes longer than its limit", asked[] = "interrupted";
    (void)state;
    is_stuck(&(struct sql_options){.time_ns = TIME_LIMIT, .stuck = leave, .stuck_ctx = late}, statement);
    is_stuck(&(struct sql_options){.stop = &stop, .stuck = leave, .stuck_ctx = asked}, statement);
}

/* ---- the check ---- */

static void differs(void *ctx, uint64_t first, const char *reason) {
    (void)ctx;
    fail_msg("segment of event %llu: %s", (unsigned long long)first, reason);
}

/* Once: what arrives while the check runs. */
static void append_and_build(void *ctx, uint64_t done, uint64_t total) {
    bool *grown = ctx;
    (void)done;
    (void)total;
    if (!*grown) {
        *grown = true;
        log_fill(s.ledger, 1000);
        must(index_build(s.ledger, 256, UINT64_MAX, NULL, NULL, &why));
    }
}

static void segments_that_come_while_the_index_is_checked_are_no_difference(void **state) {
    bool grown = false;
    const struct query_index_progress progress = {append_and_build, &grown};
    uint64_t covered = 0;
    (void)state;
    must(query_index_check(s.ledger, &progress, differs, NULL, &covered, &why));
    assert_true(grown && covered >= 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_column_of_several_types_converts_nothing),
        cmocka_unit_test(a_pattern_ends_at_its_first_nul),
        cmocka_unit_test(broken_utf8_in_a_pattern_stands_for_what_it_stands_for_in_sqlite),
        cmocka_unit_test(bytes_are_above_every_time_that_is_text),
        cmocka_unit_test(a_limit_counts_the_rows_that_fulfil_all_conditions),
        cmocka_unit_test(a_statement_that_does_not_come_back_is_told_to_who_asked),
        cmocka_unit_test(segments_that_come_while_the_index_is_checked_are_no_difference),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
