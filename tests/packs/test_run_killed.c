/* Running a pack, with the process killed at calls that change a file, or such a call and all after it failing as on a full disk,
 * or killed while a step runs, or asked to stop before each step: what the states say is true, no process and no file is left,
 * and the next run is as good as any. As many points as LEDGER_TEST_KILLS says are taken, spread over the whole of a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "packs/life/assess.h"
#include "packs/life/change.h"
#include "packs/run/left.h"
#include "packs/run/run.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "tests/ledger/scratch.h"
#include "tests/ledger/syscalls.h"
#include "tests/work/sandbox.h"

#define POINTS 20

/* More calls that change files. */
SYSCALLS_EXPORT int mkdir(const char *path, mode_t mode) {
    SYSCALLS_CALL(int, syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
SYSCALLS_EXPORT int unlinkat(int dir, const char *path, int flags) {
    SYSCALLS_CALL(int, syscall(SYS_unlinkat, dir, path, flags));
}

static const char manifest[] =
    "schema: foundry-pack/v0\n"
    "name: p\n"
    "version: 1.0.0\n"
    "summary: Counts and copies\n"
    "publisher: example.org/p\n"
    "permissions:\n"
    "  - {group: exec, scope: wc, tier: T0, required: true, reason: counts}\n"
    "  - {group: exec, scope: cp, tier: T0, required: true, reason: copies}\n"
    "  - {group: exec, scope: sleep, tier: T0, required: true, reason: waits}\n"
    "  - {group: filesystem.read, scope: inbox/**, tier: T0, required: true, reason: reads}\n"
    "routes:\n"
    "  - {name: count, role: tool, program: wc, arguments: [-w]}\n"
    "  - {name: copy, role: tool, program: cp}\n"
    "  - {name: wait, role: tool, program: sleep}\n"
    "inputs:\n"
    "  - {name: document, type: file, required: true}\n"
    "  - {name: wait, type: number}\n"
    "steps:\n"
    "  - {id: count, route: count, inputs: [document], outputs: [words], stdin: document, stdout: words}\n"
    "  - {id: copy, route: copy, inputs: [words], outputs: [copy], arguments: ['${words}', '${copy}']}\n"
    "  - {id: wait, route: wait, inputs: [wait], arguments: ['${wait}'], when: input wait given}\n"
    "artifacts:\n"
    "  - {name: words, required: true}\n"
    "  - {name: copy, required: true}\n";

static struct scratch s;

static void install(void) {
    struct plan_options o = {.ledger_dir = s.dir, .from = scratch_at(&s, "source"), .dpkg_dir = s.top};
    struct grants grants = {.arena = {.max = 4096}};
    struct depot depot = {.lock = -1};
    struct change change = {.ledger = s.ledger, .depot = &depot, .actor = "user:alice"};
    struct state_view *view = NULL;
    struct plan plan;
    uint64_t seq = 0;
    life_plan_init(&plan);
    must(grants_add(&grants, &(struct grant){.group = bytes_of("exec")}, &why));
    must(grants_add(&grants, &(struct grant){.group = bytes_of("filesystem.read")}, &why));
    must(depot_open(s.dir, 0, &depot, &why));
    must(assess_read(&plan, &o, &why));
    must(change_view(s.ledger, &view, &why));
    must(assess_judge(&plan, &o, view, &why));
    state_close(view);
    must(change_install(&change, &plan, o.from, &grants, &seq, &why));
    life_plan_done(&plan);
    grants_done(&grants);
    depot_close(&depot);
}

static int start(void **state) {
    (void)state;
    memset(&syscalls, 0, sizeof(syscalls));
    scratch_new(&s, 0);
    must(file_make_dirs(scratch_at(&s, "source"), &why));
    must(file_make_dirs(scratch_at(&s, "work/inbox"), &why));
    scratch_write(scratch_at(&s, "source/pack.yaml"), bytes_of(manifest));
    scratch_write(scratch_at(&s, "work/inbox/a"), bytes_of("three more words\n"));
    install();
    scratch_close(&s);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

/* ---- a run ------------------------------------------------------------------------------------------------------------ */

struct given_run {
    const char *wait; /* "wait=SECONDS"; NULL */
    const volatile int *stop;
    void (*told)(void *ctx, const struct run_told *told);
};

/* As the command does it: what killed runs left is swept, then the pack runs. */
static int work(const struct given_run *given, struct run_result *result, struct err *err) {
    const char *words[] = {"document=inbox/a", given->wait};
    struct run_options how = {.pack = "p",
                              .words = words,
                              .words_n = given->wait != NULL ? 2 : 1,
                              .workspace = scratch_at(&s, "work"),
                              .out = scratch_at(&s, "work/out"),
                              .actor = "user:alice",
                              .demo = true,
                              .stop = given->stop,
                              .stop_fd = -1,
                              .told = given->told};
    struct log_open_options options = {0};
    int rc = log_open(s.dir, &options, &how.ledger, err);
    if (rc == 0) rc = left_sweep(how.ledger, how.actor, NULL, NULL, err);
    if (rc == 0) rc = run_pack(&how, result, err);
    log_close(how.ledger);
    return rc;
}

enum how { COUNTED, KILLED, FULL };

/* In a process of its own; returns how many such calls it made, and for COUNTED nothing is in their way. */
static long run_apart(enum how how, long at, const char *wait) {
    struct given_run given = {.wait = wait};
    long *count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;
    assert_true(count != MAP_FAILED);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct run_result *result = calloc(1, sizeof(*result));
        struct err err = {0};
        syscalls.fail_at = at;
        syscalls.dies = how == KILLED;
        syscalls.forever = how == FULL;
        syscalls.error = ENOSPC;
        syscalls.on = true;
        int rc = result != NULL ? work(&given, result, &err) : ERR_NOMEM;
        *count = syscalls.count;
        if (how == COUNTED && (rc != 0 || strcmp(result->outcome, "ok") != 0)) {
            fprintf(stderr, "%s: %s\n", rc != 0 ? err.msg : result->outcome, rc != 0 ? "" : result->why);
            _exit(1);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    long n = *count;
    munmap(count, sizeof(*count));
    if (how == KILLED ? !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL : status != 0) {
        fail_msg("at call %ld: it ended with status 0x%x", at, (unsigned)status);
    }
    return n;
}

/* ---- what is there afterwards ----------------------------------------------------------------------------------------- */

struct left_seen {
    size_t n, begun;
    uint64_t files;
};

static void see(void *ctx, const struct left_run *run) {
    struct left_seen *seen = ctx;
    seen->n++;
    seen->begun += run->begun;
    seen->files += run->files;
}

/* Names in a directory that have this in them. */
static size_t count_names(const char *dir, const char *with) {
    size_t n = 0;
    DIR *d = opendir(scratch_at(&s, dir));
    for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
        n += entry->d_name[0] != '.' ? strstr(entry->d_name, with) != NULL : strstr(entry->d_name, ".ledger-tmp-") != NULL;
    }
    if (d != NULL) {
        closedir(d);
    }
    return n;
}

/* Of the ledger's runs, those with this state or outcome. */
static size_t count_runs(const char *column, const char *value) {
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    size_t n = 0;
    must(change_view(s.ledger, &view, &why));
    must(look_rows(view, "runs", NULL, 0, &rows, &why));
    while (look_next(rows, &row, &why) == 0) {
        n += named_is(row, column, value);
    }
    state_rows_close(rows);
    state_close(view);
    return n;
}

/* Nothing is delivered, or so many artifacts, each of them whole. */
static void take_out(size_t whole) {
    static const char *const names[] = {"work/out/words", "work/out/copy"};
    if (access(scratch_at(&s, "work/out"), F_OK) != 0) return;
    assert_int_equal(count_names("work/out", ""), whole);
    for (size_t i = 0; i < whole; i++) {
        struct buf text = {.max = 100};
        scratch_read(scratch_at(&s, names[i]), &text);
        assert_true(bytes_is(bytes_of_buf(&text), "3\n"));
        buf_done(&text);
    }
    must(file_remove_tree(scratch_at(&s, "work/out"), &why));
}

/* A reader is told what is left and removes the files; a writer records the end; then nothing is left. */
static void clean_up(void) {
    struct left_seen seen = {0}, again = {0}, none = {0};
    take_out(2);
    scratch_open(&s);
    scratch_verify_good(s.ledger);
    must(left_sweep(s.ledger, NULL, see, &seen, &why));
    assert_int_equal(count_runs("state", "running"), seen.begun);
    assert_int_equal(count_names("work", ""), 1);
    assert_int_equal(count_names("box/runs", ""), seen.begun);
    assert_int_equal(count_names("box/runs", ".lock"), seen.begun);
    must(left_sweep(s.ledger, "user:alice", see, &again, &why));
    assert_int_equal(again.begun, seen.begun);
    assert_int_equal(again.files, 0);
    assert_int_equal(count_runs("state", "running"), 0);
    assert_int_equal(count_names("box/runs", ""), 0);
    must(left_sweep(s.ledger, "user:alice", see, &none, &why));
    assert_int_equal(none.n, 0);
    scratch_close(&s);
}

static void interrupt_each(enum how how) {
    const char *text = getenv("LEDGER_TEST_KILLS");
    long points = text != NULL ? strtol(text, NULL, 10) : POINTS, all = run_apart(COUNTED, 0, NULL);
    size_t before, interrupted;
    assert_true(all > 50); /* calls that a run makes */
    clean_up();
    scratch_open(&s);
    before = count_runs("outcome", "ok");
    scratch_close(&s);
    points = points < all ? points : all;
    for (long i = 0; i < points; i++) {
        run_apart(how, 1 + i * all / points, NULL);
        clean_up();
    }
    run_apart(COUNTED, 0, NULL);
    clean_up();
    scratch_open(&s);
    interrupted = count_runs("outcome", "aborted") + count_runs("outcome", "error");
    assert_true(count_runs("outcome", "ok") > before);
    assert_true(interrupted > 0);
    scratch_close(&s);
}

static void a_kill_at_any_call_leaves_a_true_state_and_the_next_run_works(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    interrupt_each(KILLED);
}

static void a_full_disk_at_any_call_leaves_a_true_state_and_the_next_run_works(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    interrupt_each(FULL);
}

static void a_kill_while_a_step_runs_ends_it_and_leaves_a_true_state(void **state) {
    char wait[32];
    int status = 0;
    (void)state;
    SANDBOX_NEEDED();
    snprintf(wait, sizeof(wait), "wait=600.%d", (int)getpid());
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct given_run given = {.wait = wait};
        struct run_result *result = calloc(1, sizeof(*result));
        _exit(result == NULL || work(&given, result, &why) != 0);
    }
    assert_true(sandbox_becomes_alive(wait + 5, true));
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(sandbox_becomes_alive(wait + 5, false));
    clean_up();
    run_apart(COUNTED, 0, NULL);
    clean_up();
}

static volatile int stop;
static size_t stop_before;

static void stop_at(void *ctx, const struct run_told *told) {
    (void)ctx;
    if (!told->ended && told->number == stop_before) {
        stop = 1;
    }
}

static void a_run_that_is_stopped_before_a_step_ends_aborted_and_skips_the_rest(void **state) {
    struct run_result *result = calloc(1, sizeof(*result));
    (void)state;
    SANDBOX_NEEDED();
    assert_non_null(result);
    for (stop_before = 1; stop_before <= 3; stop_before++) {
        struct given_run given = {.stop = &stop, .told = stop_at};
        stop = 0;
        must(work(&given, result, &why));
        assert_string_equal(result->outcome, "aborted");
        assert_int_equal(result->ok, stop_before - 1);
        assert_int_equal(result->skipped, 4 - stop_before);
        assert_int_equal(result->artifacts, stop_before - 1);
        take_out(stop_before - 1);
        clean_up();
    }
    free(result);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kill_at_any_call_leaves_a_true_state_and_the_next_run_works, start, finish),
        cmocka_unit_test_setup_teardown(a_full_disk_at_any_call_leaves_a_true_state_and_the_next_run_works, start, finish),
        cmocka_unit_test_setup_teardown(a_kill_while_a_step_runs_ends_it_and_leaves_a_true_state, start, finish),
        cmocka_unit_test_setup_teardown(a_run_that_is_stopped_before_a_step_ends_aborted_and_skips_the_rest, start, finish),
    };
    scratch_in_memory();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
