/* A step without bubblewrap: nothing confines it, but its user, its limits and its end are as ever. */
#include "tests/work/sandbox.h"

static struct sandbox loose(const char *script) {
    return (struct sandbox){.host = {.bwrap = "/no/bwrap", .unconfined = true},
                            .argv = {"sh", "-c", script, NULL},
                            .process = {.program = "/bin/sh", .limit.wall_ms = 60000}};
}

static const char *told(const struct sandbox *s, const char *what) {
    static char text[4096];
    snprintf(text, sizeof text, "%s: rc %d (%s), %s %d (%s), said '%.300s', error '%.900s'", what, s->rc, s->err.msg,
             work_end_name(s->result.end), s->result.code, s->result.why, s->out, s->error);
    return text;
}

static const char *runs(void *ctx) {
    (void)ctx;
    struct sandbox s = loose("echo \"$A $PWD\"; test $(/usr/bin/id -u) != 0 && exit 7");
    s.process.environment = (const char *const[]){"A=b", NULL};
    s.process.directory = "/";
    sandbox_run(&s);
    const struct work_result *r = &s.result;
    bool good = s.rc == 0 && r->end == WORK_EXITED && r->code == 7 && strcmp(s.out, "b /\n") == 0 && r->uid != 0;
    const char *wrong = good ? NULL : told(&s, "runs");
    if (wrong == NULL && (r->confined || r->execute != WORK_EXEC_ANY || r->bwrap[0] != 0 || r->proxy)) {
        wrong = "it passes for confined";
    }
    sandbox_done(&s);
    return wrong;
}

static void a_step_without_confinement_says_so(void **state) {
    (void)state;
    sandbox_each_user(runs, NULL);
}

static const char *leaves(void *ctx) {
    (void)ctx;
    struct sandbox s = loose("(setsid sleep 86421 >/dev/null 2>&1 &) ; sleep 86421 & echo left");
    const char *wrong = sandbox_says(&s, "left\n");
    return wrong != NULL ? wrong : sandbox_alive("86421") ? "a process outlived its step" : NULL;
}

static void what_it_leaves_is_ended_all_the_same(void **state) {
    (void)state;
    sandbox_each_user(leaves, NULL);
}

static const char *killed(void *ctx) {
    (void)ctx;
    struct sandbox s = loose("trap '' TERM HUP; (setsid sleep 86422 &) ; sleep 86422 & wait; wait");
    pid_t runner = fork();
    if (runner == 0) {
        sandbox_run(&s);
        _exit(0);
    }
    if (!sandbox_becomes_alive("86422", true)) {
        return "the step did not start";
    }
    kill(runner, SIGKILL);
    waitpid(runner, NULL, 0);
    return sandbox_becomes_alive("86422", false) ? NULL : "a step outlived its runner";
}

static void it_does_not_outlive_a_killed_runner(void **state) {
    (void)state;
    sandbox_each_user(killed, NULL);
}

static const char *bounded(void *ctx) {
    const bool *supervisor = ctx;
    static const struct {
        const char *script;
        enum work_end end;
    } rows[] = {
        {"trap '' TERM; sleep 86423 & wait", WORK_TIMEOUT},
        {"while :; do echo 0123456789; done", WORK_OUTPUT_OUT},
        {"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do sleep 86423 & done; wait", WORK_PROCESSES_OUT},
    };
    const char *wrong = NULL;
    for (size_t i = 0; wrong == NULL && i < sizeof rows / sizeof *rows; i++) {
        struct sandbox s = loose(rows[i].script);
        s.host.supervisor = *supervisor;
        s.process.limit.wall_ms = rows[i].end == WORK_TIMEOUT ? 300 : 60000;
        s.process.limit.grace_ms = 50;
        s.process.limit.output = 100000;
        s.process.limit.processes = 10;
        sandbox_run(&s);
        wrong = s.rc == 0 && s.result.end == rows[i].end ? NULL : told(&s, rows[i].script);
        sandbox_done(&s);
    }
    return wrong != NULL ? wrong : sandbox_alive("86423") ? "a process outlived its step" : NULL;
}

static void its_limits_are_kept(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        bool supervisor = i == 0;
        sandbox_each_user(bounded, &supervisor);
    }
}

static void a_program_that_is_not_there_is_named(void **state) {
    (void)state;
    struct sandbox s = loose("");
    s.process.program = "/no/program";
    sandbox_run(&s);
    assert_int_equal(s.rc, 0);
    assert_int_equal(s.result.end, WORK_NOT_STARTED);
    assert_string_equal(s.result.why, "cannot execute '/no/program': No such file or directory");
    sandbox_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_without_confinement_says_so),   cmocka_unit_test(what_it_leaves_is_ended_all_the_same),
        cmocka_unit_test(it_does_not_outlive_a_killed_runner),  cmocka_unit_test(its_limits_are_kept),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
