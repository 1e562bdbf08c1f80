/* A process that is killed at any step of connecting or disconnecting an agent leaves either no change, or one that is known and can
 * be undone; and each change has its events, once. */
#include <sys/wait.h>

#include "capture/setup/setup.h"
#include "tests/ingest/ledger_box.h"

static unsigned steps; /* until the process ends; 0: it does not */

static void step(void) {
    if (steps > 0 && --steps == 0) {
        _exit(9);
    }
}

#define STEPS(type_, name_, parameters_, ...)                                                                              \
    type_ __real_##name_ parameters_;                                                                                      \
    type_ __wrap_##name_ parameters_;                                                                                      \
    type_ __wrap_##name_ parameters_ {                                                                                     \
        step();                                                                                                            \
        type_ rc = __real_##name_(__VA_ARGS__);                                                                            \
        step();                                                                                                            \
        return rc;                                                                                                         \
    }

/* The Makefile looks for these words: __wrap_rename __wrap_renameat __wrap_renameat2 __wrap_unlink __wrap_unlinkat __wrap_fsync
 * __wrap_linkat __wrap_log_append */
STEPS(int, rename, (const char *a, const char *b), a, b)
STEPS(int, renameat, (int d, const char *a, int e, const char *b), d, a, e, b)
STEPS(int, renameat2, (int d, const char *a, int e, const char *b, unsigned f), d, a, e, b, f)
STEPS(int, unlink, (const char *a), a)
STEPS(int, unlinkat, (int d, const char *a, int f), d, a, f)
STEPS(int, log_append,
      (struct ledger * l, const struct log_draft *d, struct log_receipt *r, struct log_head *h, struct err *e), l, d, r, h,
      e)

STEPS(int, linkat, (int d, const char *a, int e, const char *b, int f), d, a, e, b, f)

/* What matters is the order of the steps: nothing is really synced. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd) {
    (void)fd;
    step();
    return 0;
}

static const char *no_env(const char *name) {
    (void)name;
    return NULL;
}

struct home {
    struct box box;
    struct setup_world world;
    struct setup_place place;
    char settings[FILE_PATH_MAX];
    const char *text; /* NULL: there are no settings */
};

static void home_init(struct home *h, const char *agent, const char *text) {
    static const char *const argv[] = {"/usr/bin/ledger", NULL};
    struct err err = {0};
    char dir[FILE_PATH_MAX];
    memset(h, 0, sizeof(*h));
    box_init(&h->box);
    log_close(h->box.ledger);
    h->box.ledger = NULL;
    h->world = (struct setup_world){.env = no_env,
                                    .home = h->box.dir,
                                    .root = h->box.dir,
                                    .dir = h->box.log_dir,
                                    .prefix = "/usr/bin/ledger",
                                    .argv = argv};
    snprintf(dir, sizeof(dir), "%s/%s", h->box.dir, setup_agent_find(agent)->dir);
    assert_int_equal(file_make_dirs(dir, NULL), 0);
    assert_int_equal(setup_place_find(&h->world, setup_agent_find(agent), &h->place, &err), 0);
    assert_int_equal(file_join(h->settings, h->place.base, h->place.below, NULL), 0);
    h->text = text;
    if (text != NULL) {
        box_write(h->settings, text, O_EXCL);
    }
}

static void act(struct home *h, bool undo) {
    struct setup_finding f;
    struct err err = {0};
    box_open(&h->box);
    int rc = undo ? setup_undo(&h->world, &h->place, h->box.ledger, "user:t", &f, &err)
                  : setup_apply(&h->world, &h->place, h->box.ledger, "user:t", &f, &err);
    if (rc != 0 || f.state == SETUP_REFUSED) fail_msg("%s%s", err.msg, f.why);
    log_close(h->box.ledger);
    h->box.ledger = NULL;
}

/* True: it was killed at that step. */
static bool act_killed(struct home *h, bool undo, unsigned at) {
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct setup_finding f;
        if (log_open(h->box.log_dir, NULL, &h->box.ledger, NULL) != 0) _exit(1);
        steps = at;
        int rc = undo ? setup_undo(&h->world, &h->place, h->box.ledger, "user:t", &f, NULL)
                      : setup_apply(&h->world, &h->place, h->box.ledger, "user:t", &f, NULL);
        _exit(rc == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    return WEXITSTATUS(status) == 9;
}

static void check_as_before(const struct home *h) {
    struct buf text = {.max = EDIT_TEXT_MAX};
    struct setup_record record;
    int rc = file_read_regular(h->settings, &text, NULL);
    assert_int_equal(rc, h->text != NULL ? 0 : ERR_NOTFOUND);
    if (h->text != NULL) {
        assert_true(bytes_is(bytes_of_buf(&text), h->text));
    }
    assert_int_equal(setup_record_read(&h->world, h->place.id, &record, NULL), ERR_NOTFOUND);
    setup_record_done(&record);
    buf_done(&text);
}

/* As many were applied as undone. */
static void check_events(struct home *h, size_t least) {
    struct log_reader *iter = NULL;
    struct log_event event;
    size_t applied = 0, undone = 0;
    box_open(&h->box);
    assert_int_equal(log_reader_open(h->box.ledger, 0, UINT64_MAX, &iter, NULL), 0);
    while (log_reader_next(iter, &event, NULL) == 0) {
        applied += bytes_is(event.kind, "setup.applied");
        undone += bytes_is(event.kind, "setup.undone");
    }
    log_reader_close(iter);
    log_close(h->box.ledger);
    h->box.ledger = NULL;
    assert_int_equal(applied, undone);
    assert_true(applied >= least);
}

/* Beside the settings. */
static void check_nothing_left(const struct home *h) {
    char left[2 * FILE_PATH_MAX];
    const char *name = strrchr(h->settings, '/') + 1;
    snprintf(left, sizeof(left), "%.*s" FILE_TEMPORARY "%s", (int)(name - h->settings), h->settings, name);
    assert_false(file_exists(left));
}

static void sweep(const char *agent, const char *text, bool undo) {
    struct home h;
    bool killed = true;
    home_init(&h, agent, text);
    for (unsigned at = 1; killed; at++) {
        struct setup_finding f;
        if (undo) act(&h, false);
        killed = act_killed(&h, undo, at);
        assert_int_equal(setup_look(&h.world, &h.place, &f, NULL), 0);
        check_nothing_left(&h);
        assert_true(f.state == SETUP_READY || ((f.state == SETUP_CONNECTED || f.state == SETUP_LOST) && f.recorded));
        act(&h, true);
        check_as_before(&h);
        assert_true(at < 200);
    }
    check_events(&h, 1);
    box_done(&h.box);
}

static void a_kill_while_settings_are_changed_leaves_nothing_unknown(void **state) {
    (void)state;
    sweep("claude-code", "{\"a\":1}", false);
}

static void a_kill_while_settings_are_created_leaves_nothing_unknown(void **state) {
    (void)state;
    sweep("codex", NULL, false);
}

static void a_kill_while_it_is_undone_leaves_nothing_unknown(void **state) {
    (void)state;
    sweep("claude-code", "{\"a\":1}", true);
}

static void a_change_that_was_cut_short_is_completed_once(void **state) {
    struct home h;
    (void)state;
    home_init(&h, "gemini-cli", "{}");
    for (unsigned at = 1; act_killed(&h, false, at); at++) {
        act(&h, false);
        act(&h, false);
        act(&h, true);
        check_as_before(&h);
    }
    act(&h, true);
    check_events(&h, 1);
    box_done(&h.box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kill_while_settings_are_changed_leaves_nothing_unknown),
        cmocka_unit_test(a_kill_while_settings_are_created_leaves_nothing_unknown),
        cmocka_unit_test(a_kill_while_it_is_undone_leaves_nothing_unknown),
        cmocka_unit_test(a_change_that_was_cut_short_is_completed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
