/* Older events whose body names something other than their subject: the subject wins, in every fold. */
#include "tests/projections/state_box.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct box b;

/* An event about x whose body says y, the affected table, and the column with its name. */
static const struct {
    const char *kind, *subject, *json, *table, *column, *is, *is_not;
} rows[] = {
    {"pack.installed", "pack/x", "{\"pack\":\"y\"}", "packs", "pack", "x", "y"},
    {"pack.installed", "pack/x", "{\"pack\":\"y\"}", "verdicts", "pack", "x", "y"},
    {"route.declared", "route/x", "{\"route\":\"y\"}", "routes", "route", "x", "y"},
    {"model.observed", "model/x", "{\"model\":\"y\",\"runtime\":\"r\",\"digest\":\"" D1 "\"}", "model_names", "model", "x",
     "y"},
    {"model.observed", "model/" D1, "{\"runtime\":\"r\",\"digest\":\"" D2 "\"}", "models", "digest", D1, D2},
    {"model.alias_set", "alias/x", "{\"alias\":\"y\",\"digest\":\"" D1 "\"}", "model_names", "model", "x", "y"},
    {"eval.benchmarked", "model/x", "{\"model\":\"y\",\"tokens_per_second\":1}", "model_speeds", "model", "x", "y"},
    {"eval.benchmarked", "model/" D1, "{\"digest\":\"" D2 "\",\"tokens_per_second\":1}", "model_speeds", "of", D1, D2},
    {"runtime.observed", "runtime/x", "{\"runtime\":\"y\",\"endpoint\":\"e\"}", "runtimes", "runtime", "x", "y"},
    {"runtime.observed", "runtime/x@h", "{\"runtime\":\"x\",\"endpoint\":\"e\"}", "runtimes", "runtime", "x", "x@h"},
    {"install.installed", "package/x/p", "{\"manager\":\"y\",\"package\":\"p\"}", "installs", "manager", "x", "y"},
    {"install.installed", "package/pip/x", "{\"package\":\"y\"}", "installs", "package", "x", "y"},
    {"install.installed", "package/dpkg/p:x", "{\"package\":\"p\",\"arch\":\"y\"}", "installs", "arch", "x", "y"},
    {"doctor.observed", "check/x", "{\"check\":\"y\",\"status\":\"ok\"}", "checks", "check", "x", "y"},
    {"doctor.remedied", "check/x", "{\"check\":\"y\",\"outcome\":\"ok\"}", "repairs", "check", "x", "y"},
    {"doctor.judged", "pack/x", "{\"pack\":\"y\",\"verdict\":\"fail\"}", "verdicts", "pack", "x", "y"},
    {"ledger.imported", "import/x", "{\"source\":\"y\"}", "imports", "source", "x", "y"},
    {"policy.declared", "policy/x", "{\"policy\":\"y\"}", "policies", "policy", "x", "y"},
    {"permission.requested", "tool/x", "{\"tool\":\"y\"}", "tools", "tool", "x", "y"},
    {"permission.requested", "agent/x", "{\"agent\":\"y\",\"tool\":\"t\"}", "tools", "agent", "x", "y"},
    {"permission.decided", "server/x", "{\"server\":\"y\",\"tool\":\"t\",\"decision\":\"deny\"}", "tools", "server", "x",
     "y"},
    {"permission.granted", "pack/x", "{\"group\":\"exec\",\"pack\":\"y\"}", "permissions", "who", "pack/x", "pack/y"},
    {"eval.started", "eval/x", "{\"eval\":\"y\",\"suite\":\"s\"}", "evals", "eval", "x", "y"},
    {"promotion.planned", "promotion/x", "{\"promotion\":\"y\"}", "promotions", "promotion", "x", "y"},
};

static bool has(const char *table, const char *column, const char *text) {
    struct state_rows *open = NULL;
    const struct row *row;
    bool found = false;
    size_t t = state_table_find(b.view, table);
    if (t == SIZE_MAX) {
        fail_msg("there is no table '%s'", table);
    }
    assert_int_equal(state_rows_open(b.view, t, NULL, 0, &open, &b.err), 0);
    while (state_rows_next(open, &row, &b.err) == 0) {
        size_t c = projection_column(row->table, column);
        if (c == SIZE_MAX) {
            fail_msg("'%s' has no column '%s'", table, column);
        }
        found = found || row_is(row, c, text);
    }
    state_rows_close(open);
    return found;
}

static void the_subject_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        box_open(&b);
        box_odd(&b, rows[i].kind, rows[i].subject, rows[i].json);
        box_view(&b, LOG_NO_SEQ, 0);
        if (!has(rows[i].table, rows[i].column, rows[i].is) || has(rows[i].table, rows[i].column, rows[i].is_not)) {
            fail_msg("%s %s %s", rows[i].kind, rows[i].subject, rows[i].json);
        }
        box_close(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_subject_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
