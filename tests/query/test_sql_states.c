/* States as SQL tables: next to the events they rest on, at one tree size, as of any moment. */
#include "query/sql/sql.h"
#include "tests/projections/state_box.h"

static struct box box;
static struct sql *sql;
static struct err why;

static int start(void **state) {
    (void)state;
    box_open(&box);
    box_event(
        &box, "pack.installed", "pack/pdf-ops",
        "{\"version\": \"1.0\", \"permissions\": [{\"group\": \"exec\", \"required\": true, \"scope\": \"\"}]}"); /* 1 */
    box_event(&box, "permission.requested", "pack/pdf-ops", "{\"group\": \"exec\"}");                             /* 2 */
    box_event(&box, "permission.granted", "pack/pdf-ops", "{\"group\": \"exec\"}");                               /* 3 */
    box_event(&box, "pack.installed", "pack/notes", "{\"version\": \"2.0\"}");                                    /* 4 */
    return sql_open(box.ledger, NULL, &sql, &why);
}

static int finish(void **state) {
    (void)state;
    sql_close(sql);
    box_close(&box);
    return 0;
}

static int put_row(void *ctx, const struct sql_row *row, struct err *err) {
    struct buf *out = ctx;
    (void)err;
    for (size_t i = 0; i < row->n; i++) {
        const struct query_value *v = &row->values[i];
        buf_put_str(out, i == 0 ? "" : "|");
        if (v->type == QUERY_INT) {
            buf_printf(out, "%lld", (long long)v->int_);
        } else if (v->type != QUERY_NULL) {
            buf_put_bytes(out, v->text);
        }
    }
    return buf_put_str(out, "\n");
}

static int ask(const char *statement, struct buf *out) {
    buf_init(out, 1 << 20);
    int rc = sql_run(sql, bytes_of(statement), NULL, put_row, out, &why);
    buf_put_u8(out, 0);
    return rc;
}

static void gives(const char *statement, const char *expected) {
    struct buf out;
    if (ask(statement, &out) != 0) {
        fail_msg("%s: %s", statement, why.msg);
    }
    assert_string_equal((const char *)out.p, expected);
    buf_done(&out);
}

static void refuses(const char *statement, const char *words) {
    struct buf out;
    assert_int_not_equal(ask(statement, &out), 0);
    if (strstr(why.msg, words) == NULL) {
        fail_msg("%s: %s", statement, why.msg);
    }
    buf_done(&out);
}

static void states_are_tables(void **state) {
    (void)state;
    gives("SELECT pack, version, step FROM packs ORDER BY pack", "notes|2.0|installed\npdf-ops|1.0|installed\n");
    gives("SELECT who, \"group\", scope, state FROM permissions", "pack/pdf-ops|exec||granted\n");
    gives("SELECT state FROM permissions WHERE who = 'pack/pdf-ops' AND \"group\" = 'exec'", "granted\n");
    gives("SELECT count(*) FROM permissions WHERE who = 'pack/other'", "0\n");
    gives("SELECT count(*) FROM permissions WHERE who = 5", "0\n");
}

static void a_state_is_joined_with_its_evidence(void **state) {
    (void)state;
    gives("SELECT e.seq, e.kind FROM permissions p, json_each(p.evidence) j, events e WHERE e.seq = j.value ORDER BY 1",
          "2|permission.requested\n3|permission.granted\n");
    gives("SELECT e.kind, p.version FROM events e JOIN packs p ON p.pack = substr(e.subject, 6) WHERE e.kind = "
          "'pack.installed' ORDER BY e.seq",
          "pack.installed|1.0\npack.installed|2.0\n");
}

static void a_table_is_given_as_of_any_moment(void **state) {
    (void)state;
    gives("SELECT state FROM permissions(4)", "granted\n");
    gives("SELECT state FROM permissions(3)", "requested\n");
    gives("SELECT count(*) FROM permissions(2)", "0\n");
    gives("SELECT count(*) FROM packs WHERE as_of = 2", "1\n");
    gives("SELECT n.value, (SELECT count(*) FROM packs(n.value)) FROM json_each('[1,2,5]') n", "1|0\n2|1\n5|2\n");
    refuses("SELECT * FROM packs(-1)", "as_of must be a number of events from 0 to 5");
    refuses("SELECT * FROM packs(6)", "as_of must be a number of events from 0 to 5");
    refuses("SELECT * FROM packs('x')", "as_of must be a number of events from 0 to 5");
}

static void a_statement_sees_one_moment(void **state) {
    (void)state;
    gives("SELECT count(*) FROM packs a, packs b", "4\n");
    box_event(&box, "pack.removed", "pack/notes", NULL);
    gives("SELECT step FROM packs WHERE pack = 'notes'", "removed\n");
    gives("SELECT a.step, b.step FROM packs a, packs(5) b WHERE a.pack = 'notes' AND b.pack = 'notes'",
          "removed|installed\n");
}

static void names_that_are_not_there_have_a_nearest_one(void **state) {
    (void)state;
    refuses("SELECT * FROM pack", "no such table: pack; did you mean 'packs'?");
    refuses("SELECT * FROM zzzzzz", "no such table: zzzzzz; known tables: events, ");
    refuses("SELECT lifetme FROM permissions", "did you mean 'lifetime'?");
    refuses("DELETE FROM packs", "may not be modified");
    refuses("INSERT INTO packs(pack) VALUES('x')", "writing is refused");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_tables),
        cmocka_unit_test(a_state_is_joined_with_its_evidence),
        cmocka_unit_test(a_table_is_given_as_of_any_moment),
        cmocka_unit_test(a_statement_sees_one_moment),
        cmocka_unit_test(names_that_are_not_there_have_a_nearest_one),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
