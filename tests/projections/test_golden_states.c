/* A ledger as a released version wrote it, tests/projections/golden/<version>, with the digests of all its states: later
 * versions of the program must compute the same digests, or raise the version of the projection that differs.
 *
 * It contains a story (golden_story.h), a handover of keys, random events of every kind, and a restore. A line of `digests`
 * is
 *
 *   <projection> <its version> <events that count> <rows> <digest>
 *
 * With LEDGER_GOLDEN_WRITE=<version> the program writes a new golden/<version> and stops; an existing one is not changed.
 * With LEDGER_GOLDEN_DIGESTS=<version> it adds lines for projections whose version has none yet: the old lines stay, as a
 * record of earlier results. */
#include "projections/store/rebuild.h"
#include "projections/view/state.h"
#include "tests/ledger/scratch.h"
#include "tests/projections/golden_story.h"
#include "tests/projections/random_events.h"

#define GOLDEN        "tests/projections/golden"
#define STORY_END     (1 + GOLDEN_STEPS) /* after the ledger's first event */
#define RANDOM_EVENTS 700
#define RANDOM_SEED   42
#define RANDOM_NOW    UINT64_C(1790000000000000000)
#define DIGESTS_MAX   ((size_t)1 << 20)

/* ---- writing ---- */

static void append_draft(struct ledger *ledger, const struct log_draft *draft) {
    struct log_receipt receipt;
    must(log_append(ledger, draft, &receipt, NULL, &why));
}

static void tell_story(struct ledger *ledger) {
    for (size_t i = 0; i < GOLDEN_STEPS; i++) {
        const struct golden_step *step = &golden_story[i];
        struct log_draft draft;
        struct buf body;
        buf_init(&body, 65536);
        log_draft_init(&draft);
        if (log_json_to_body(bytes_of(step->json != NULL ? step->json : "{}"), &body, &why) != 0) {
            fail_msg("%s: %s", step->json, why.msg);
        }
        draft.kind = bytes_of(step->kind);
        draft.subject = bytes_of(step->subject);
        draft.actor = bytes_of("user:alice");
        draft.source = bytes_of(step->source);
        draft.run = bytes_of(step->run);
        draft.grade = bytes_of("reported");
        draft.body = bytes_of_buf(&body);
        append_draft(ledger, &draft);
        buf_done(&body);
    }
}

static void add_random(struct ledger *ledger) {
    struct random_event event;
    struct log_batch *batch;
    random_event_init(&event, RANDOM_SEED);
    must(log_batch_new(ledger, &batch, &why));
    for (size_t i = 0; i < RANDOM_EVENTS; i++) {
        random_event_make(&event, RANDOM_NOW);
        (void)log_batch_add(batch, &event.draft, &why); /* some only the ledger itself may write */
    }
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    log_batch_free(batch);
    random_event_done(&event);
}

/* The ledger continues from a backup that nothing vouches for. */
static void restore(struct scratch *s) {
    char backup[FILE_PATH_MAX], box[FILE_PATH_MAX], key[FILE_PATH_MAX];
    snprintf(backup, sizeof(backup), "%s/first", s->top);
    snprintf(box, sizeof(box), "%s/again", s->top);
    snprintf(key, sizeof(key), "%s/keys/log.key", s->dir);
    const struct log_restore_options options = {.log_key = key, .actor = "user:alice", .reason = "the disk died"};
    must(log_backup(s->ledger, backup, &why));
    must(log_restore(backup, box, &options, &why));
    log_close(s->ledger);
    s->ledger = NULL;
    must(log_open(box, NULL, &s->ledger, &why));
}

static void write_digests(const char *version);

static void write_golden(const char *version) {
    struct scratch s = {0};
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s/evidence", GOLDEN, version);
    if (file_exists(path)) {
        fail_msg("%s is there; what was released is not made anew", path);
    }
    scratch_new(&s, 0);
    tell_story(s.ledger);
    must(log_key_rotate(s.ledger, "user:alice", "by hand", NULL, &why));
    add_random(s.ledger);
    restore(&s);
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    must(file_make_dirs(path, &why));
    snprintf(path, sizeof(path), "%s/%s/evidence/data.mdb", GOLDEN, version);
    scratch_copy(scratch_at(&s, "backup/evidence/data.mdb"), path);
    snprintf(path, sizeof(path), "%s/%s/head", GOLDEN, version);
    scratch_copy(scratch_at(&s, "backup/head"), path);
    snprintf(path, sizeof(path), "%s/%s/digests", GOLDEN, version);
    scratch_write(path, bytes_of(""));
    scratch_done(&s);
    write_digests(version);
}

/* ---- reading ---- */

struct golden {
    struct scratch s;
    struct buf digests;
};

/* LMDB wants to write beside the database, so a copy is opened. */
static void open_copy(struct golden *g, const char *golden, const char *version) {
    char path[FILE_PATH_MAX];
    memset(g, 0, sizeof(*g));
    snprintf(g->s.top, sizeof(g->s.top), "%.200s/ledger-test-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(g->s.top));
    snprintf(g->s.dir, sizeof(g->s.dir), "%s/box", g->s.top);
    must(file_make_dirs(scratch_at(&g->s, "box/evidence"), &why));
    snprintf(path, sizeof(path), "%s/%s/evidence/data.mdb", golden, version);
    scratch_copy(path, scratch_at(&g->s, "box/evidence/data.mdb"));
    snprintf(path, sizeof(path), "%s/%s/head", golden, version);
    scratch_copy(path, scratch_at(&g->s, "box/head"));
    scratch_open(&g->s);
}

static void open_golden(struct golden *g, const char *version) {
    char path[FILE_PATH_MAX];
    open_copy(g, GOLDEN, version);
    buf_init(&g->digests, DIGESTS_MAX);
    snprintf(path, sizeof(path), "%s/%s/digests", GOLDEN, version);
    scratch_read(path, &g->digests);
    buf_put_u8(&g->digests, '\0');
}

static void close_golden(struct golden *g) {
    buf_done(&g->digests);
    scratch_done(&g->s);
}

static struct state_view *view_of(struct golden *g, uint64_t at) {
    struct state_options options;
    struct state_view *view;
    state_options_init(&options);
    options.at = at;
    must(state_open(g->s.ledger, &options, &view, &why));
    return view;
}

/* "<projection> <version> <events> ": where its line begins; NULL: it has none. */
static const char *line_of(const struct golden *g, const char *front) {
    const char *at = (const char *)g->digests.p;
    while (at != NULL && strncmp(at, front, strlen(front)) != 0) {
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return at;
}

/* Calls `each` with the beginning and the whole of each line for the states of this view. */
static void each_line(struct golden *g, uint64_t at,
                      void (*each)(struct golden *g, const char *front, const char *line, void *ctx), void *ctx) {
    struct state_view *view = view_of(g, at);
    for (size_t i = 0; i < state_projections(view); i++) {
        struct state_status status;
        uint8_t digest[LOG_HASH];
        char hex[2 * LOG_HASH + 1], front[128], line[256];
        uint64_t rows;
        state_status(view, i, &status);
        assert_int_equal(status.failed_seq, LOG_NO_SEQ);
        must(state_digest(view, i, digest, &rows, &why));
        text_hex(hex, digest, LOG_HASH);
        snprintf(front, sizeof(front), "%s %u %llu ", status.projection->name, (unsigned)status.projection->version,
                 (unsigned long long)state_at(view));
        snprintf(line, sizeof(line), "%s%llu sha256:%s\n", front, (unsigned long long)rows, hex);
        each(g, front, line, ctx);
    }
    state_close(view);
}

static void add_line(struct golden *g, const char *front, const char *line, void *ctx) {
    if (line_of(g, front) == NULL) {
        buf_put_str(ctx, line);
    }
}

static void write_digests(const char *version) {
    struct golden g;
    struct buf all;
    char path[FILE_PATH_MAX];
    open_golden(&g, version);
    buf_init(&all, DIGESTS_MAX);
    buf_put(&all, g.digests.p, g.digests.n - 1);
    each_line(&g, STORY_END, add_line, &all);
    each_line(&g, LOG_NO_SEQ, add_line, &all);
    must(buf_check(&all, "digests", &why));
    snprintf(path, sizeof(path), "%s/%s/digests", GOLDEN, version);
    scratch_write(path, bytes_of_buf(&all));
    buf_done(&all);
    close_golden(&g);
}

static void compare_line(struct golden *g, const char *front, const char *line, void *ctx) {
    const char *golden = line_of(g, front);
    if (golden == NULL) {
        fail_msg("%s: no digest of '%s': LEDGER_GOLDEN_DIGESTS=v1 adds it", (const char *)ctx, front);
    } else if (strncmp(golden, line, strlen(line)) != 0) {
        fail_msg(
            "%s: the state is not what it was:\n  was %.*s\n  is  %.*s\nraise the projection's version when that is meant",
            (const char *)ctx, (int)strcspn(golden, "\n"), golden, (int)strcspn(line, "\n"), line);
    }
}

static void expect_digests(struct golden *g, const char *how) {
    char words[64];
    snprintf(words, sizeof(words), "%s", how);
    each_line(g, STORY_END, compare_line, words);
    each_line(g, LOG_NO_SEQ, compare_line, words);
}

/* ---- tests ---- */

static void the_states_of_the_golden_ledger_have_their_digests(void **state) {
    struct golden g;
    (void)state;
    open_golden(&g, "v1");
    expect_digests(&g, "folded in one go");
    close_golden(&g);
}

static void states_that_were_kept_event_by_event_have_them_too(void **state) {
    struct state_options options;
    struct golden g;
    (void)state;
    state_options_init(&options);
    open_golden(&g, "v1");
    uint64_t size = scratch_size(&g.s);
    for (uint64_t at = 1; at <= size; at += 97) {
        state_close(view_of(&g, at));
    }
    must(rebuild_catch_up(g.s.ledger, &options, &why));
    expect_digests(&g, "caught up");
    close_golden(&g);
}

static void states_that_were_built_anew_have_them_too(void **state) {
    struct state_options options;
    struct golden g;
    (void)state;
    state_options_init(&options);
    open_golden(&g, "v1");
    must(rebuild_run(g.s.ledger, &options, UINT32_MAX, &why));
    expect_digests(&g, "built anew");
    close_golden(&g);
}

static void differs(void *ctx, const struct projection *projection, const char *words) {
    (void)ctx;
    fail_msg("%s: %s", projection->name, words);
}

static void what_is_stored_of_every_golden_ledger_equals_a_replay(void **state) {
    static const char *const goldens[] = {GOLDEN, "tests/ledger/golden"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct state_options options;
        struct golden g;
        uint64_t rows = 0;
        state_options_init(&options);
        open_copy(&g, goldens[i], "v1");
        must(rebuild_catch_up(g.s.ledger, &options, &why));
        must(rebuild_check(g.s.ledger, &options, UINT32_MAX, differs, NULL, &rows, NULL, &why));
        assert_true(rows > 0);
        close_golden(&g);
    }
}

/* A row of the view contains this text; `b` may be NULL. */
static void says(struct state_view *view, const char *table, const char *a, const char *b, const char *column,
                 const char *text) {
    const struct bytes key[2] = {bytes_of(a), bytes_of(b)};
    size_t t = state_table_find(view, table), c;
    struct row row;
    row_init(&row, state_table(view, t));
    if (state_get(view, t, key, b != NULL ? 2 : 1, &row, &why) != 0) {
        fail_msg("%s has no row '%s'", table, a);
    }
    c = projection_column(row.table, column);
    assert_true(c != SIZE_MAX);
    if (!row_is(&row, c, text)) {
        fail_msg("%s '%s': %s is '%.*s', not '%s'", table, a, column, (int)row_text(&row, c).n,
                 (const char *)row_text(&row, c).p, text);
    }
    row_done(&row);
}

static void the_story_ends_as_it_is_told(void **state) {
    struct golden g;
    (void)state;
    open_golden(&g, "v1");
    struct state_view *view = view_of(&g, STORY_END);
    says(view, "hardware", "local", NULL, "tier", "gpu-24g");
    says(view, "runtimes", "ollama", "http://127.0.0.1:11434", "version", "0.6.0");
    says(view, "runtimes", "vllm", "http://gpu:8000", "state", "unreachable");
    says(view, "packs", "pdf-ops-pack", NULL, "state", "demo-only"); /* nothing was scored on the current weights */
    says(view, "packs", "web-pack", NULL, "state", "removed");
    says(view, "routes", "extract", NULL, "state", "declared-not-proven");
    says(view, "evals", "e-3", NULL, "reason",
         "nothing was scored; event 65, its end or a score, is not measured: it was written, not run; samples on "
         "record: 0 of 40");
    says(view, "routes", "summarise", NULL, "state", "degraded");
    says(view, "promotions", "p-1", NULL, "state", "verifying"); /* the pass of its gates was typed */
    says(view, "promotions", "p-1", NULL, "violation",
         "it is being verified, and may not be promoted: the gate has not answered");
    says(view, "evals", "e-1", NULL, "state", "invalidated");
    says(view, "runs", "r-1", NULL, "outcome", "ok");
    says(view, "runs", "r-2", NULL, "state", "running");
    says(view, "checks", "ollama-blob", "sha256:" G16("a") G16("a") G16("a") G16("a"), "status", "ok");
    says(view, "verdicts", "", NULL, "verdict", "warn");
    says(view, "verdicts", "pdf-ops-pack", NULL, "verdict", "fail"); /* it names the previous weights */
    says(view, "epochs", "000000", NULL, "state", "current");
    state_close(view);
    view = view_of(&g, LOG_NO_SEQ);
    says(view, "epochs", "000002", NULL, "reason", "the disk died");
    state_close(view);
    close_golden(&g);
}

int main(void) {
    const char *version = getenv("LEDGER_GOLDEN_WRITE");
    if (version != NULL) {
        write_golden(version);
        return 0;
    }
    if ((version = getenv("LEDGER_GOLDEN_DIGESTS")) != NULL) {
        write_digests(version);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_states_of_the_golden_ledger_have_their_digests),
        cmocka_unit_test(states_that_were_kept_event_by_event_have_them_too),
        cmocka_unit_test(states_that_were_built_anew_have_them_too),
        cmocka_unit_test(what_is_stored_of_every_golden_ledger_equals_a_replay),
        cmocka_unit_test(the_story_ends_as_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
