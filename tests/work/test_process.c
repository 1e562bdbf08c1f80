/* Requests and hosts that are refused before anything runs. */
#include "tests/work/sandbox.h"

struct place {
    char dir[512];
    int granted;
};

static void put(const char *dir, const char *name, const char *text) {
    char path[FILE_PATH_MAX];
    assert_int_equal(file_join(path, dir, name, NULL), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int setup(void **state) {
    static struct place p;
    const char *tmp = getenv("TMPDIR");
    snprintf(p.dir, sizeof p.dir, "%s/process-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(p.dir));
    p.granted = open(p.dir, O_PATH | O_CLOEXEC);
    *state = &p;
    return p.granted >= 0 ? 0 : -1;
}

static int teardown(void **state) {
    struct place *p = *state;
    close(p->granted);
    return file_remove_tree(p->dir, NULL);
}

static void a_wrong_request_is_refused_before_anything_runs(void **state) {
    struct place *p = *state;
    static const struct {
        const char *inside, *why;
    } rows[] = {{"/proc/x", "nothing can be bound at '/proc/x': it is in a directory of the system"},
                {"/usr/lib/x", "nothing can be bound at '/usr/lib/x': it is in a directory of the system"},
                {"/run/ledger", "nothing can be bound at '/run/ledger': it is in a directory of the system"},
                {"a", "nothing can be bound at 'a': it is not an absolute path"},
                {"/", "nothing can be bound at '/': it is not in plain form"},
                {"/a/../b", "nothing can be bound at '/a/../b': it is not in plain form"},
                {"/a//b", "nothing can be bound at '/a//b': it is not in plain form"},
                {"/a/", "nothing can be bound at '/a/': it is not in plain form"},
                {"/tmp", "nothing can be bound at '/tmp': it is a directory of every step"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct work_bind bind = {.fd = p->granted, .inside = rows[i].inside};
        struct sandbox s = {
            .argv = {"true", NULL}, .process.program = "/bin/true", .process.binds = &bind, .process.binds_n = 1};
        sandbox_run(&s);
        assert_int_equal(s.rc, ERR_INVALID);
        assert_string_equal(s.err.msg, rows[i].why);
        sandbox_done(&s);
    }
    static const struct {
        const char *path, *why;
    } files[] = {{"/", "what is to be bound at '/a' is the root directory of this machine"},
                 {"/proc", "what is to be bound at '/a' is part of a file system of the kernel"},
                 {"/proc/self", "what is to be bound at '/a' is part of a file system of the kernel"},
                 {"/dev/null", "what is to be bound at '/a' is neither a file nor a directory"}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct work_bind bind = {.fd = open(files[i].path, O_PATH | O_CLOEXEC), .inside = "/a"};
        struct sandbox s = {
            .argv = {"true", NULL}, .process.program = "/bin/true", .process.binds = &bind, .process.binds_n = 1};
        sandbox_run(&s);
        assert_int_equal(s.rc, ERR_INVALID);
        assert_string_equal(s.err.msg, files[i].why);
        sandbox_done(&s);
        close(bind.fd);
    }
    struct work_bind twice[] = {{.fd = p->granted, .inside = "/a"}, {.fd = p->granted, .inside = "/a"}};
    struct sandbox s = {
        .argv = {"true", NULL}, .process.program = "/bin/true", .process.binds = twice, .process.binds_n = 2};
    sandbox_run(&s);
    assert_int_equal(s.rc, ERR_INVALID);
    assert_string_equal(s.err.msg, "'/a' is bound twice");
    sandbox_done(&s);
}

static int no_line(void *ctx, struct bytes line, struct err *err) {
    (void)ctx;
    (void)line;
    (void)err;
    return 0;
}

static void a_variable_of_the_confinement_is_not_set_from_outside(void **state) {
    (void)state;
    static const struct {
        const char *variable, *why;
    } rows[] = {{"no equals", "'no equals' is not a variable (expected NAME=value)"},
                {"=x", "'=x' is not a variable (expected NAME=value)"},
                {"HTTPS_PROXY=x", "the variable 'HTTPS_PROXY' is set by the confinement itself"},
                {"LEDGER_SOCKET=x", "the variable 'LEDGER_SOCKET' is set by the confinement itself"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *environment[] = {rows[i].variable, NULL}, *egress[] = {"localhost:1", NULL};
        struct sandbox s = {
            .argv = {"true", NULL},
            .process = {.program = "/bin/true", .environment = environment, .egress = egress, .report = no_line}};
        sandbox_run(&s);
        assert_int_equal(s.rc, ERR_INVALID);
        assert_string_equal(s.err.msg, rows[i].why);
        sandbox_done(&s);
    }
}

static void a_bubblewrap_without_binds_by_descriptor_is_refused(void **state) {
    struct place *p = *state;
    char path[FILE_PATH_MAX];
    struct err err;
    struct work_host *host = NULL;
    put(p->dir, "bwrap", "#!/bin/sh\ncase $1 in --version) echo bubblewrap 0.8.0;; *) echo --args --seccomp;; esac\n");
    snprintf(path, sizeof path, "%s/bwrap", p->dir);
    assert_int_equal(chmod(path, 0755), 0);
    struct work_host_options options = {.bwrap = path};
    assert_int_equal(work_host_open(&options, &host, &err), ERR_VERSION);
    assert_string_equal(err.msg,
                        "bubblewrap 0.8.0 has no option --ro-bind-fd; 0.10.0 has it, and Debian 12's 0.8.0-2+deb12u1");
    options.bwrap = "/no/bwrap";
    assert_int_equal(work_host_open(&options, &host, &err), ERR_NOTFOUND);
    assert_string_equal(err.msg, "'/no/bwrap' is not an executable file; Debian's package is 'bubblewrap'");
}

static void roots_steps_are_never_roots(void **state) {
    (void)state;
    SANDBOX_ROOT_NEEDED();
    struct err err;
    struct work_host *host = NULL;
    struct work_host_options options = {.user = "root"};
    assert_int_equal(work_host_open(&options, &host, &err), ERR_INVALID);
    assert_string_equal(err.msg, "user 'root' is root; a step runs as an unprivileged user");
    options.user = "no-such-user";
    assert_int_equal(work_host_open(&options, &host, &err), ERR_NOTFOUND);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_request_is_refused_before_anything_runs),
        cmocka_unit_test(a_variable_of_the_confinement_is_not_set_from_outside),
        cmocka_unit_test(a_bubblewrap_without_binds_by_descriptor_is_refused),
        cmocka_unit_test(roots_steps_are_never_roots),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
