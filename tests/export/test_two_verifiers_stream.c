/* Two programs that share only the description of the format give the same verdict on a stream: this one, and
 * share/verify_stream.py. */
#include "tests/export/stream_box.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;
static struct buf list, copy;
static unsigned n_files;

/* Runs the script's main for each line of a file; the same signatures are verified over and over. */
static const char driver[] =
    "import contextlib, functools, io, json, sys\n"
    "sys.dont_write_bytecode = True\n"
    "sys.path.insert(0, 'share')\n"
    "import verify_bundle, verify_stream\n"
    "verify_bundle.ed25519 = functools.lru_cache(None)(verify_bundle.ed25519)\n"
    "wrong = 0\n"
    "for line in open(sys.argv[1]):\n"
    "    path, wanted, rule, *args = line.rstrip('\\n').split('\\t')\n"
    "    out = io.StringIO()\n"
    "    with contextlib.redirect_stdout(out):\n"
    "        code = verify_stream.main([path, '--json'] + args)\n"
    "    if code != int(wanted) or rule not in ('-', json.loads(out.getvalue())['rule']):\n"
    "        wrong += 1\n"
    "        print('%s: %d, not %s by %s\\n%s' % (path, code, wanted, rule, out.getvalue()), file=sys.stderr)\n"
    "sys.exit(wrong > 0)\n";

static int start(void **state) {
    (void)state;
    box_start();
    buf_init(&sent, (size_t)256 << 20);
    buf_init(&copy, (size_t)256 << 20);
    buf_init(&list, (size_t)1 << 20);
    n_files = 0;
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&sent);
    buf_done(&copy);
    buf_done(&list);
    box_end();
    return 0;
}

/* Notes these bytes with this program's verdict; `rule`: also the rule. */
static void note_file(struct bytes bytes, bool key, bool rule) {
    char name[32];
    snprintf(name, sizeof(name), "stream-%u", n_files++);
    scratch_write(scratch_at(&s, name), bytes);
    struct log_trust *t = log_trust_new();
    if (key) must(log_trust_key(t, log_vkey(s.ledger), &why));
    stream_of(bytes, t);
    log_trust_free(t);
    const struct log_report *r = &found.report.log;
    buf_printf(&list, "%s\t%d\t%s", scratch_at(&s, name), (int)r->verdict,
               rule && r->verdict == LOG_INVALID ? r->findings[0].rule : "-");
    buf_printf(&list, key ? "\t--key\t%s\n" : "\n", log_vkey(s.ledger));
}

static void both_agree(void) {
    char script[300], lines[300];
    char python[] = "python3", *argv[] = {python, script, lines, NULL};
    int status = 0;
    pid_t pid;
    snprintf(script, sizeof(script), "%s", scratch_at(&s, "driver.py"));
    snprintf(lines, sizeof(lines), "%s", scratch_at(&s, "list"));
    scratch_write(script, bytes_of(driver));
    scratch_write(lines, bytes_of_buf(&list));
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0) skip();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void good_streams_of_every_kind(void **state) {
    static const char *const names[] = {"name", "note"};
    const struct export_term term[] = {{"kind", EXPORT_PREFIX, bytes_of("permission.")},
                                       {"subject", EXPORT_EQUALS, bytes_of("pack/pdf")}};
    const struct stream_options plain = {.format = STREAM_JSONL},
                                private_ = {.format = STREAM_JSONL, .private_ = names, .n_private = 2},
                                filtered = {.format = STREAM_JSONL, .terms = term, .n_terms = 2};
    uint64_t seqs[] = {3};
    struct log_erase_options erase = {
        .what = LOG_ERASE_BODY, .reason = "request", .actor = "user:test", .seqs = seqs, .n_seqs = 1};
    (void)state;
    box_fill();
    must(log_erase(s.ledger, &erase, NULL, &why));
    section(&private_, 0);
    note_file(bytes_of_buf(&sent), true, true);
    note_file(bytes_of_buf(&sent), false, true);
    section(&filtered, 300); /* repeats, with another claim */
    note_file(bytes_of_buf(&sent), true, true);
    must(try_section(&filtered, 0, false)); /* its event is not sealed */
    note_file(bytes_of_buf(&sent), true, true);
    section(&plain, 100);
    note_file(bytes_of_buf(&sent), true, true);
    buf_clear(&sent);
    must(try_section(&filtered, 0, false));
    note_file(bytes_of_buf(&sent), true, true);
    uint64_t all = found.report.counts.to;
    section(&plain, all);
    note_file(bytes_of_buf(&sent), true, true);
    for (unsigned last = 2; last < lines_in(bytes_of_buf(&sent)); last += 97) {
        struct bytes line = line_of(bytes_of_buf(&sent), last);
        note_file((struct bytes){sent.p, (size_t)(line.p - sent.p)}, true, true); /* the claim is still open */
    }
    for (uint64_t from = 0; from < 700; from += 173) {
        buf_clear(&sent);
        section(from % 2 == 0 ? &plain : &filtered, from);
        note_file(bytes_of_buf(&sent), true, true);
    }
    both_agree();
}

static void changed_streams(void **state) {
    const struct stream_options plain = {.format = STREAM_JSONL};
    (void)state;
    box_event("x.test.note", "note/1", NULL, "{\"a\":1,\"note\":\"kept\",\"other\":\"also\"}");
    must(log_key_rotate(s.ledger, "user:test", "a test", NULL, &why));
    section(&plain, 0);
    box_event("run.started", "run/r-1", NULL, "{\"agent\":\"coder\"}");
    section(&plain, 2);
    struct bytes all = bytes_of_buf(&sent);
    for (size_t i = 0; i < all.n; i += 41) {
        sent.p[i] ^= (uint8_t)(1U << (i % 7));
        note_file(all, true, false);
        sent.p[i] ^= (uint8_t)(1U << (i % 7));
    }
    for (unsigned gone = 1; gone <= lines_in(all); gone++) {
        struct bytes line = line_of(all, gone);
        buf_clear(&copy);
        buf_put(&copy, all.p, (size_t)(line.p - all.p));
        note_file(bytes_of_buf(&copy), true, false); /* ends before it */
        buf_put(&copy, line.p + line.n, (size_t)(all.p + all.n - line.p) - line.n);
        note_file(bytes_of_buf(&copy), true, true); /* lacks it */
        buf_put_bytes(&copy, line);
        note_file(bytes_of_buf(&copy), true, false); /* has it at the end */
        note_file((struct bytes){all.p, (size_t)(line.p - all.p) + line.n / 2}, true, true);
    }
    for (unsigned n = 2; n <= lines_in(all); n++) { /* marked as erased, and as withheld */
        struct bytes line = line_of(all, n);
        const uint8_t *payload = memmem(line.p, line.n, ",\"payload\":", 11), *seq = memmem(line.p, line.n, ",\"seq\":", 7);
        for (unsigned held = 0; held < 2 && payload != NULL && seq != NULL; held++) {
            buf_clear(&copy);
            buf_put(&copy, all.p, (size_t)(line.p - all.p));
            buf_put_str(&copy, held ? "{" : "{\"erased\":true,");
            buf_put(&copy, line.p + 1, (size_t)(payload - line.p) - 1);
            buf_put(&copy, seq, (size_t)(line.p + line.n - seq) - 2);
            buf_put_str(&copy, held ? ",\"withheld\":true}\n" : "}\n");
            buf_put(&copy, line.p + line.n, (size_t)(all.p + all.n - line.p) - line.n);
            note_file(bytes_of_buf(&copy), true, true);
        }
    }
    both_agree();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_streams_of_every_kind, start, finish),
        cmocka_unit_test_setup_teardown(changed_streams, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
