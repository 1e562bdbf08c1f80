/* Installing and removing, with the process killed at each call that changes a file, or that call and all after it failing as
 * on a full disk: what the states say is true, what is installed is whole, and doing it again completes it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <sys/wait.h>

#include "base/file.h"
#include "packs/life/assess.h"
#include "packs/life/change.h"
#include "packs/manifest/fresh.h"
#include "projections/ready/pack.h"
#include "projections/view/look.h"
#include "tests/ledger/scratch.h"
#include "tests/ledger/syscalls.h"

static struct scratch s;
static char from[FILE_PATH_MAX];

static int start(void **state) {
    struct buf manifest = {.max = 65536};
    (void)state;
    memset(&syscalls, 0, sizeof(syscalls));
    scratch_new(&s, 0);
    snprintf(from, sizeof(from), "%s", scratch_at(&s, "source"));
    must(file_make_dirs(scratch_at(&s, "source/bin/deep"), &why));
    must(fresh_manifest(bytes_of("p"), bytes_of("example.org/p"), &manifest, &why));
    scratch_write(scratch_at(&s, "source/pack.yaml"), bytes_of_buf(&manifest));
    scratch_write(scratch_at(&s, "source/bin/deep/tool"), bytes_of("#!/bin/sh\n"));
    scratch_close(&s);
    buf_done(&manifest);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* ---- what is done ----------------------------------------------------------------------------------------------------- */

static int do_install(const struct change *change, struct err *err) {
    const struct plan_options o = {.ledger_dir = log_dir(change->ledger), .from = from, .dpkg_dir = s.top};
    struct grants grants = {0};
    struct state_view *view = NULL;
    struct plan plan;
    uint64_t seq = 0;
    life_plan_init(&plan);
    int rc = assess_read(&plan, &o, err);
    if (rc == 0) rc = change_view(change->ledger, &view, err);
    if (rc == 0) rc = assess_judge(&plan, &o, view, err);
    state_close(view);
    if (rc == 0 && plan.n_refused > 0) rc = err_set(err, ERR_INVALID, "refused: %s", plan.lines[0].text);
    if (rc == 0) rc = change_install(change, &plan, from, &grants, &seq, err);
    life_plan_done(&plan);
    return rc;
}

static int do_remove(const struct change *change, struct err *err) {
    const struct change_removal removal = {0};
    const char *kind = NULL;
    uint64_t seq = 0;
    int rc = change_remove(change, bytes_of("p"), &removal, &seq, &kind, err);
    return rc == 0 ? change_sweep(change, NULL, NULL, err) : rc;
}

typedef int work_fn(const struct change *change, struct err *err);

/* In a process of its own or not. */
static int work(work_fn *fn, struct err *err) {
    struct log_open_options options = {0};
    struct depot depot = {.lock = -1};
    struct change change = {.depot = &depot, .actor = "user:alice"};
    int rc = log_open(s.dir, &options, &change.ledger, err);
    if (rc == 0) rc = depot_open(s.dir, 0, &depot, err);
    if (rc == 0) rc = change_sweep(&change, NULL, NULL, err);
    if (rc == 0) rc = fn(&change, err);
    depot_close(&depot);
    log_close(change.ledger);
    return rc;
}

/* False: there is no such call any more. */
static bool is_interrupted(work_fn *fn, long at, bool dies) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        syscalls.fail_at = at;
        syscalls.dies = dies;
        syscalls.forever = !dies;
        syscalls.error = ENOSPC;
        syscalls.on = true;
        int rc = work(fn, &err);
        _exit(!syscalls.hit ? 0 : rc == 0 ? 2 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) ? dies && WTERMSIG(status) == SIGKILL : true);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* ---- what is there afterwards ----------------------------------------------------------------------------------------- */

static size_t count_names(const char *prefix) {
    size_t n = 0;
    DIR *d = opendir(scratch_at(&s, "box/packs"));
    for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
        n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0 && strstr(entry->d_name, ".stat") == NULL;
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

/* The state, and that what it says of files is true. */
static void take_state(char ret[32], int64_t *ret_violations) {
    struct state_view *view = NULL;
    struct row row;
    struct bytes name = bytes_of("p");
    struct content *tree = NULL;
    struct manifest *manifest = NULL;
    scratch_open(&s);
    must(change_view(s.ledger, &view, &why));
    must(look_judged(view, "packs", &name, 1, &row, NULL, &why));
    struct bytes state = row_text(&row, PACK_STATE);
    snprintf(ret, 32, "%.*s", (int)state.n, state.n > 0 ? (const char *)state.p : "");
    *ret_violations = row_int(&row, PACK_BASE + FOLD_VIOLATIONS);
    if (installed_is(&row)) {
        must(installed_open(s.dir, &row, &tree, &manifest, &why));
        assert_int_equal(content_count(tree), 2);
    }
    manifest_free(manifest);
    content_free(tree);
    row_done(&row);
    state_close(view);
    scratch_close(&s);
}

static void is_one_of(const char *state, const char *words) {
    char padded[64];
    snprintf(padded, sizeof(padded), "|%s|", state);
    if (strstr(words, padded) == NULL) fail_msg("the state is '%s', not one of %s", state, words);
}

static void complete(work_fn *fn, const char *states, const char *after, size_t copies) {
    char state[32];
    int64_t violations = 0;
    take_state(state, &violations);
    is_one_of(state, states);
    int rc = work(fn, &why);
    if (rc != 0 && !(fn == do_remove && rc == ERR_NOTFOUND)) fail_msg("after '%s': %s", state, why.msg);
    take_state(state, &violations);
    assert_string_equal(state, after);
    assert_int_equal(violations, 0);
    assert_int_equal(count_names("sha256-"), copies);
    assert_int_equal(count_names("incoming-"), 0);
}

static void interrupt_each(bool dies) {
    bool more = true;
    long at = 1;
    for (; more; at++) {
        more = is_interrupted(do_install, at, dies);
        complete(do_install, "||removed|incomplete|blocked|", "blocked", 1);
        bool removing = is_interrupted(do_remove, at, dies);
        complete(do_remove, "|blocked|removed|", "removed", 0);
        more = more || removing;
    }
    assert_true(at > 25); /* calls that were interrupted */
    scratch_open(&s);
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

static void a_kill_at_any_call_leaves_a_true_state_and_the_next_command_completes_it(void **state) {
    (void)state;
    interrupt_each(true);
}

static void a_full_disk_at_any_call_leaves_a_true_state_and_the_next_command_completes_it(void **state) {
    (void)state;
    interrupt_each(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kill_at_any_call_leaves_a_true_state_and_the_next_command_completes_it, start,
                                        finish),
        cmocka_unit_test_setup_teardown(a_full_disk_at_any_call_leaves_a_true_state_and_the_next_command_completes_it,
                                        start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
