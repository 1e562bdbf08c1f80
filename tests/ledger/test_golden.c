/* Ledgers as released versions wrote them, tests/ledger/golden/<version>: every later version must verify, read and prove
 * them identically. A golden ledger is never regenerated; a new format gets a new directory.
 *
 * With LEDGER_GOLDEN_WRITE=<version> the program writes golden/<version> as this version writes it, and stops. */
#include "tests/ledger/scratch.h"

#define GOLDEN "tests/ledger/golden"

/* ---- writing ---- */

static void add_json(struct log_batch *batch, const char *kind, const char *subject, const char *json,
                     const struct log_author *author) {
    struct buf body = {0};
    struct log_draft draft = scratch_draft(kind, subject, scratch_map(&body, "%s", json));
    draft.author = author;
    must(log_batch_add(batch, &draft, &why));
    buf_done(&body);
}

static void fill_golden(struct scratch *s) {
    struct log_batch *batch;
    struct log_author *author;
    struct buf vkey, json;
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    buf_init(&vkey, 4096);
    buf_init(&json, 65536);
    must(log_author_new(scratch_at(s, "author.key"), "alice.example", bytes_of(""), &vkey, &why));
    must(log_author_load(scratch_at(s, "author.key"), bytes_of(""), &author, &why));
    scratch_write(scratch_at(s, "artifact"), bytes_of("the content of an artifact\n"));
    must(log_artifact_put(s->ledger, scratch_at(s, "artifact"), id, &size, &why));
    must(log_batch_new(s->ledger, &batch, &why));
    add_json(batch, "permission.granted", "pack/pdf-ops-pack",
             "{\"group\":\"filesystem.read\",\"scope\":\"inbox/**\",\"tier\":\"T0\",\"note\":\"for the March invoices\"}",
             author);
    add_json(batch, "run.model_called", "run/r-1",
             "{\"model\":\"qwen2.5:7b\",\"latency_ms\":1834.25,\"tokens_in\":412,\"prompt\":\"Summarise the report.\"}",
             NULL);
    buf_put_str(&json, "{\"attributes\":{},\"permissions\":[{\"group\":\"exec\",\"scope\":\"");
    for (int i = 0; i < 20000; i++) {
        buf_put_u8(&json, (uint8_t)('a' + i * i % 26));
    }
    buf_put_str(&json, "\"}]}");
    buf_put_u8(&json, 0);
    add_json(batch, "run.started", "run/r-2", (const char *)json.p, NULL);
    must(log_batch_set_cursor(batch, "source", bytes_of("offset 42"), &why));
    must(log_batch_commit(batch, NULL, NULL, NULL, &why));
    scratch_fill(s, 10, 200, true);
    must(log_key_rotate(s->ledger, "user:test", "by hand", NULL, &why));
    scratch_fill(s, 200, 300, true);
    log_batch_free(batch);
    log_author_free(author);
    buf_done(&vkey);
    buf_done(&json);
}

static void write_golden(const char *version) {
    struct scratch s = {0};
    struct buf dump;
    char path[FILE_PATH_MAX];
    scratch_new(&s, 0);
    fill_golden(&s);
    buf_init(&dump, (size_t)16 << 20);
    must(scratch_dump(s.ledger, &dump, &why));
    must(log_backup(s.ledger, scratch_at(&s, "backup"), &why));
    snprintf(path, sizeof(path), "%s/%s/evidence", GOLDEN, version);
    must(file_make_dirs(path, &why));
    snprintf(path, sizeof(path), "%s/%s/evidence/data.mdb", GOLDEN, version);
    scratch_copy(scratch_at(&s, "backup/evidence/data.mdb"), path);
    snprintf(path, sizeof(path), "%s/%s/head", GOLDEN, version);
    scratch_copy(scratch_at(&s, "backup/head"), path);
    snprintf(path, sizeof(path), "%s/%s/dump", GOLDEN, version);
    scratch_write(path, bytes_of_buf(&dump));
    buf_done(&dump);
    scratch_done(&s);
}

/* ---- reading ---- */

struct golden {
    struct scratch s;
    struct buf dump; /* what a reader saw when it was written */
};

/* LMDB wants to write its lock file beside the database, so a copy is opened. */
static void open_golden(struct golden *g, const char *version) {
    char path[FILE_PATH_MAX];
    memset(g, 0, sizeof(*g));
    snprintf(g->s.top, sizeof(g->s.top), "%.200s/ledger-test-XXXXXX", scratch_tmp());
    assert_non_null(mkdtemp(g->s.top));
    snprintf(g->s.dir, sizeof(g->s.dir), "%s/box", g->s.top);
    must(file_make_dirs(scratch_at(&g->s, "box/evidence"), &why));
    snprintf(path, sizeof(path), "%s/%s/evidence/data.mdb", GOLDEN, version);
    scratch_copy(path, scratch_at(&g->s, "box/evidence/data.mdb"));
    snprintf(path, sizeof(path), "%s/%s/head", GOLDEN, version);
    scratch_copy(path, scratch_at(&g->s, "box/head"));
    buf_init(&g->dump, (size_t)16 << 20);
    snprintf(path, sizeof(path), "%s/%s/dump", GOLDEN, version);
    scratch_read(path, &g->dump);
    scratch_open(&g->s);
}

static void close_golden(struct golden *g) {
    buf_done(&g->dump);
    scratch_done(&g->s);
}

static void the_golden_ledger_of_format_1_verifies(void **state) {
    struct golden g;
    struct log_trust *trust = log_trust_new();
    (void)state;
    open_golden(&g, "v1");
    must(log_trust_key(trust, log_vkey(g.s.ledger), &why));
    struct log_report *report = scratch_report(g.s.ledger, trust, true);
    assert_int_equal(report->verdict, LOG_GOOD);
    assert_int_equal(report->n_findings, 0);
    assert_int_equal(report->head.size, 295);
    free(report);
    log_trust_free(trust);
    close_golden(&g);
}

static void the_golden_ledger_of_format_1_reads_as_it_was_written(void **state) {
    struct golden g;
    struct buf dump;
    (void)state;
    open_golden(&g, "v1");
    buf_init(&dump, (size_t)16 << 20);
    must(scratch_dump(g.s.ledger, &dump, &why));
    assert_int_equal(dump.n, g.dump.n);
    assert_memory_equal(dump.p, g.dump.p, dump.n);
    buf_done(&dump);
    close_golden(&g);
}

static void every_event_of_the_golden_ledger_of_format_1_is_proven(void **state) {
    struct golden g;
    struct log_trust *trust = log_trust_new();
    struct buf proof, leaf, payload;
    static struct log_report report;
    (void)state;
    open_golden(&g, "v1");
    must(log_trust_key(trust, log_vkey(g.s.ledger), &why));
    buf_init(&proof, 65536);
    buf_init(&leaf, EVENT_HEADER_MAX);
    buf_init(&payload, 2 * EVENT_BODY_MAX);
    for (uint64_t seq = 0; seq < scratch_size(&g.s); seq++) {
        buf_clear(&proof);
        buf_clear(&leaf);
        buf_clear(&payload);
        must(log_prove(g.s.ledger, seq, &proof, &leaf, &payload, &why));
        must(log_verify_proof(bytes_of_buf(&proof), bytes_of_buf(&leaf), bytes_of_buf(&payload), trust, &report, &why));
        assert_int_equal(report.verdict, LOG_GOOD);
    }
    buf_done(&proof);
    buf_done(&leaf);
    buf_done(&payload);
    log_trust_free(trust);
    close_golden(&g);
}

int main(void) {
    const char *version = getenv("LEDGER_GOLDEN_WRITE");
    if (version != NULL) {
        write_golden(version);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_golden_ledger_of_format_1_verifies),
        cmocka_unit_test(the_golden_ledger_of_format_1_reads_as_it_was_written),
        cmocka_unit_test(every_event_of_the_golden_ledger_of_format_1_is_proven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
