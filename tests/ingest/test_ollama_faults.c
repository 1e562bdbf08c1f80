/* Scans of a faulty server, scans that are killed, and concurrent scans. */
#include "base/hash.h"
#include "base/text.h"
#include "tests/ingest/ollama_box.h"

#define WHEN   "2026-01-02T04:00:00Z"
#define FIELDS "manifest_digest"

/* ---- bad entries -------------------------------------------------------------------------------------------------- */

static void a_bad_entry_is_rejected_alone_and_takes_nothing_away(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("b:1", DIGEST_B)));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "tags.json",
        MODELS("7,{\"name\":\"\"},{\"name\":\"tab\\there\"},{\"name\":\"ghp_0123456789abcdefghijklmnopqrstuvwxyzAB\"}," TAG(
            "c:1", DIGEST_C) "," TAG("c:1", DIGEST_A)));
    look_well(b);
    assert_int_equal(b->box.result.total.rejected, 5);
    assert_string_equal(b->box.rejections,
                        "0: an entry of 'models' is not an object\n"
                        "0: a model has no name; expected: text in 'name' or 'model'\n"
                        "0: a model's name 'tab\\there' is too long or has control characters; expected: "
                        "at most 200 bytes\n"
                        "0: a model's name holds a secret (rule github-pat)\n"
                        "0: the model 'c:1' is listed twice\n");
    events_are(b, from, FIELDS,
               "model.observed model/c:1 reported manifest_digest=\"sha256:" DIGEST_C "\"\n"
               "model.pulled model/c:1 inferred manifest_digest=\"sha256:" DIGEST_C "\"\n");
    from = box_size(&b->box);
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("c:1", DIGEST_C)));
    look_well(b);
    events_are(b, from, FIELDS, "model.removed model/b:1 reported manifest_digest=\"sha256:" DIGEST_B "\"\n");
}

static void a_strict_look_stops_at_the_first_bad_entry_and_stays_in_step(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    look_well(b);
    put(b, "tags.json", MODELS(TAG("b:1", DIGEST_B) "," TAG("b:1", DIGEST_B)));
    const struct ingest_options o = {.url = b->url, .strict = true};
    assert_int_equal(box_run(&b->box, "ollama", o), ERR_INVALID);
    assert_non_null(strstr(b->box.err.msg, "is listed twice"));
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("b:1", DIGEST_B)));
    look_well(b);
    put(b, "tags.json", MODELS());
    look_well(b);
    look_well(b);
    /* each appearance has its disappearance, wherever the strict scan stopped */
    assert_int_equal(box_count(&b->box, "model.removed"), box_count(&b->box, "model.pulled") + 1);
}

static void put_many(struct ollama_box *b, unsigned n) {
    struct buf text;
    buf_init(&text, 4 << 20);
    buf_put_str(&text, "{\"models\":[");
    for (unsigned i = 0; i < n; i++) {
        buf_printf(&text, "%s{\"name\":\"m%u\",\"digest\":\"%064x\"}", i == 0 ? "" : ",", i, i);
    }
    buf_put_str(&text, "]}");
    buf_put_u8(&text, 0);
    put(b, "tags.json", (char *)text.p);
    buf_done(&text);
}

static void a_thousand_models_are_kept_track_of(void **state) {
    struct ollama_box *b = *state;
    put_many(b, 1000);
    look_well(b);
    assert_int_equal(b->box.result.total.rejected, 0);
    assert_int_equal(box_count(&b->box, "model.observed"), 1000);
    look_well(b);
    assert_int_equal(b->box.result.total.accepted, 0);
    put_many(b, 0);
    look_well(b);
    assert_int_equal(box_count(&b->box, "model.removed"), 1000);
}

static void more_models_than_can_be_kept_track_of_are_rejected_not_forgotten(void **state) {
    struct ollama_box *b = *state;
    put_many(b, 4000);
    look_well(b);
    uint64_t told = box_count(&b->box, "model.observed");
    assert_true(told > 1000 && told < 4000);
    assert_int_equal(b->box.result.total.rejected, 2048 - told + 1); /* and one for all beyond 2048 */
    assert_non_null(strstr(b->box.rejections, "too many models to keep track of"));
    look_well(b);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(box_count(&b->box, "model.removed"), 0);
}

/* ---- a faulty server ---------------------------------------------------------------------------------------------- */

static void is_unreachable(struct ollama_box *b, const char *error, unsigned status, const char *words) {
    char want[256], code[32] = "";
    uint64_t from = box_size(&b->box);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look(b), ERR_NET);
        if (strstr(b->box.err.msg, words) == NULL) {
            fail_msg("'%s' is not in '%s'", words, b->box.err.msg);
        }
    }
    if (status != 0) {
        snprintf(code, sizeof(code), " http_status=%u", status);
    }
    snprintf(want, sizeof(want), "runtime.unreachable runtime/ollama@127.0.0.1:%u measured error=\"%s\"%s\n",
             b->server.port, error, code);
    events_are(b, from, "error http_status", want);
    assert_int_equal(box_size(&b->box), from + 2); /* and its receipt */
}

static void a_server_that_is_down_is_told_once_and_once_when_it_is_back(void **state) {
    struct ollama_box *b = *state;
    char want[256];
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    look_well(b);
    for (int round = 0; round < 2; round++) {
        server_stop(b);
        is_unreachable(b, "refused", 0, "refused: /api/version: ");
        uint64_t from = box_size(&b->box);
        server_start(b);
        look_well(b);
        look_well(b);
        snprintf(want, sizeof(want), "runtime.observed runtime/ollama@127.0.0.1:%u reported\n", b->server.port);
        events_are(b, from, "", want);
    }
}

static void each_way_of_being_broken_has_its_word(void **state) {
    static const struct {
        const char *name, *raw, *error;
        unsigned status;
        const char *words;
    } ways[] = {
        {"version", "HTTP/1.1 500 No\r\nContent-Length: 16\r\n\r\n{\"error\":\"full\"}", "http", 500, "status 500: full"},
        {"version", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "protocol", 200, "/api/version: "},
        {"version", "220 smtp.example.org\r\n", "protocol", 0, "/api/version: "},
        {"version", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html></h", "answer", 200, "not valid JSON"},
        {"version", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "answer", 200, "names no version"},
        {"version", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "redirect", 302,
         "redirects elsewhere"},
        {"tags", "HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n{", "limit", 200, "/api/tags: "},
        {"tags", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "protocol", 200,
         "content encoding"},
        {"tags", "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{\"models\":[]}\n{\"error\":\"it broke\"}\n", "answer", 200,
         "the answer ends in an error: it broke"},
        {"tags", "HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n{\"error\":\"at home\"}", "answer", 200,
         "the answer ends in an error: at home"},
        {"tags", "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{\"models\":true}", "answer", 200, "not valid JSON"},
        {"ps", "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"models\":true}", "answer", 200, "no list of models"},
        {"ps", "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{\"models\":[{\"size\":NaN}]}\n", "answer", 200,
         "not valid JSON"},
        {"ps", "HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{\"x\":\"\\ud83e\",\"models\":[]", "answer", 200,
         "not valid JSON"},
        {"ps",
         "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{\"models\":[],\"x\":\"a\xff"
         "bcdefghi\"}",
         "answer", 200, "not valid JSON"},
    };
    struct ollama_box *b = *state;
    char name[32];
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, WHEN)));
    look_well(b);
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        snprintf(name, sizeof(name), "%s.raw", ways[i].name);
        put(b, name, ways[i].raw);
        is_unreachable(b, ways[i].error, ways[i].status, ways[i].words);
        drop(b, name);
        look_well(b); /* it has recovered, and nothing was recorded as removed or unloaded */
    }
    assert_int_equal(box_count(&b->box, "model.removed"), 0);
    assert_int_equal(box_count(&b->box, "model.unloaded"), 0);
}

static void a_long_error_in_another_alphabet_is_cut_between_its_letters(void **state) {
    struct ollama_box *b = *state;
    struct buf text;
    buf_init(&text, 8192);
    buf_put_str(&text, "{\"error\":\"x");
    for (int i = 0; i < 600; i++) {
        buf_put_str(&text, "\xd0\xb6");
    }
    buf_put_str(&text, "\"}");
    buf_put_u8(&text, 0);
    put(b, "tags.json", (char *)text.p);
    buf_done(&text);
    is_unreachable(b, "answer", 200, "the answer ends in an error: x\xd0\xb6");
}

static void a_server_that_never_answers_is_a_timeout(void **state) {
    struct ollama_box *b = *state;
    put(b, "version.silent", "");
    assert_int_equal(look(b), ERR_NET);
    char want[256];
    snprintf(want, sizeof(want), "runtime.unreachable runtime/ollama@127.0.0.1:%u measured error=\"timeout\"\n",
             b->server.port);
    events_are(b, 1, "error http_status", want);
}

static void an_answer_of_too_many_values_is_refused_before_it_is_parsed(void **state) {
    struct ollama_box *b = *state;
    struct buf text;
    buf_init(&text, 4 << 20);
    buf_put_str(&text, "{\"models\":[[]");
    for (size_t i = 0; i < 400000; i++) {
        buf_put_str(&text, ",[]");
    }
    buf_put_str(&text, "]}");
    buf_put_u8(&text, 0);
    put(b, "tags.json", (char *)text.p);
    buf_done(&text);
    is_unreachable(b, "limit", 200, "more than 150000 values");
}

static void what_is_known_changes_while_the_list_of_loaded_models_is_broken(void **state) {
    struct ollama_box *b = *state;
    char want[512];
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "ps.raw", "");
    put(b, "tags.json", MODELS());
    assert_int_equal(look(b), ERR_NET);
    snprintf(
        want, sizeof(want),
        "model.removed model/a:1 reported\nruntime.unreachable runtime/ollama@127.0.0.1:%u measured error=\"protocol\"\n",
        b->server.port);
    events_are(b, from, "error", want);
}

static void addresses_and_options_that_make_no_sense_are_refused(void **state) {
    struct ollama_box *b = *state;
    static const char *const files[] = {"x.json"};
    assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.url = "http://user:word@127.0.0.1:1"}),
                     ERR_INVALID);
    assert_non_null(strstr(b->box.err.msg, "user part"));
    assert_null(strstr(b->box.err.msg, "word"));
    assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.url = "127.0.0.1:11434"}), ERR_INVALID);
    assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.verify = true}), ERR_INVALID);
    assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.url = b->url, .from = files, .n_from = 1}),
                     ERR_INVALID);
    assert_int_equal(box_size(&b->box), 1);
}

/* ---- crashes and concurrent scans --------------------------------------------------------------------------------- */

static int commits_left = -1; /* the child dies after this many commits */

int __real_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err);
int __wrap_log_batch_commit(struct log_batch *batch, struct log_receipt *receipts, struct log_head *ret_head,
                            size_t *ret_at, struct err *err) {
    if (commits_left == 0) {
        _exit(9);
    }
    commits_left -= commits_left > 0;
    return __real_log_batch_commit(batch, receipts, ret_head, ret_at, err);
}

/* A scan in its own process, which dies before its n-th commit. Returns whether it reached its end. */
static bool look_and_die(struct ollama_box *b, int n) {
    int status = 0;
    log_close(b->box.ledger);
    b->box.ledger = NULL;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct err err = {0};
        struct ingest_result result;
        const struct ingest_options o = {.url = b->url};
        if (log_open(b->box.log_dir, NULL, &b->box.ledger, &err) != 0) {
            _exit(1);
        }
        commits_left = n;
        int rc = ingest_source_run(b->box.ledger, "ollama", &o, &result, &err);
        _exit(rc == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    box_open(&b->box);
    assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
    return WEXITSTATUS(status) == 0;
}

static void a_run_killed_before_any_commit_tells_everything_once_in_the_end(void **state) {
    struct ollama_box *b = *state;
    bool whole = false;
    uint64_t removed = 0, receipts_owed = 0;
    for (int n = 0; !whole; n++) {
        assert_true(n < 50);
        put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("b:1", DIGEST_B)));
        put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, WHEN)));
        look_well(b);
        uint64_t from = box_size(&b->box);
        put(b, "tags.json", MODELS(TAG("a:1", DIGEST_C)));
        put(b, "ps.json", MODELS());
        whole = look_and_die(b, n);
        look_well(b);
        receipts_owed += b->box.result.receipts;
        events_are(b, from, "manifest_digest_before",
                   "model.alias_set alias/a:1 reported manifest_digest_before=\"sha256:" DIGEST_A "\"\n"
                   "model.observed model/a:1 reported\n"
                   "model.removed model/b:1 reported\n"
                   "model.unloaded model/a:1 reported\n");
        look_well(b);
        assert_int_equal(b->box.result.total.accepted, 0);
        assert_int_equal(b->box.result.receipts, 0); /* what was outstanding has been written */
        removed++;
        assert_int_equal(box_count(&b->box, "model.removed"), removed);
    }
    assert_true(receipts_owed > 0);
}

static void a_cursor_that_does_not_parse_ends_the_look_and_tells_nothing_twice(void **state) {
    struct ollama_box *b = *state;
    struct log_batch *batch = NULL;
    char name[128], hex[33];
    uint8_t digest[32];
    look_well(b);
    uint64_t size = box_size(&b->box);
    const struct bytes url = bytes_of(b->url);
    hash_parts(digest, &url, 1);
    text_hex(hex, digest, 16);
    snprintf(name, sizeof(name), "ingest/ollama/%s/runtime", hex);
    assert_int_equal(log_batch_new(b->box.ledger, &batch, NULL), 0);
    assert_int_equal(log_batch_set_cursor(batch, name, bytes_of("rubbish"), NULL), 0);
    assert_int_equal(log_batch_commit(batch, NULL, NULL, NULL, NULL), 0);
    log_batch_free(batch);
    assert_int_equal(look(b), ERR_CORRUPT);
    assert_non_null(strstr(b->box.err.msg, "does not parse"));
    assert_int_equal(box_size(&b->box), size);
}

static void two_looks_at_the_same_time_tell_everything_once(void **state) {
    struct ollama_box *b = *state;
    pid_t pids[3];
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("b:1", DIGEST_B) "," TAG("c:1", DIGEST_C)));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_B)));
    log_close(b->box.ledger);
    b->box.ledger = NULL;
    for (size_t i = 0; i < 3; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            struct err err = {0};
            struct ingest_result result;
            const struct ingest_options o = {.url = b->url};
            int rc = log_open(b->box.log_dir, NULL, &b->box.ledger, &err);
            if (rc == 0) rc = ingest_source_run(b->box.ledger, "ollama", &o, &result, &err);
            _exit(rc == 0 ? 0 : 1);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    box_open(&b->box);
    events_are(b, from, "",
               "model.alias_set alias/a:1 reported\nmodel.observed model/a:1 reported\nmodel.removed model/b:1 reported\n"
               "model.removed model/c:1 reported\n");
}

static void a_dry_run_shows_what_would_be_told_and_remembers_nothing(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    for (int i = 0; i < 2; i++) {
        b->box.previews = 0;
        assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.url = b->url, .dry_run = true}), 0);
        assert_int_equal(b->box.previews, 3);
        assert_int_equal(box_size(&b->box), 1);
    }
    look_well(b);
    assert_int_equal(b->box.result.total.accepted, 3);
}

/* ---- repeated scans ----------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t stop;
static unsigned rounds;

static void on_round(void *ctx, const struct ingest_result *sum, const struct err *failed) {
    struct ollama_box *b = ctx;
    (void)sum;
    rounds++;
    if (rounds == 2) {
        assert_null(failed);
        server_stop(b);
    } else if (rounds == 4) {
        assert_non_null(failed);
        assert_int_equal(failed->code, ERR_NET);
        server_start(b);
    } else if (rounds == 6) {
        assert_null(failed);
        stop = 1;
    }
}

static void looks_go_on_over_an_outage_until_they_are_stopped(void **state) {
    struct ollama_box *b = *state;
    char want[512];
    const struct ingest_options o = {.url = b->url, .every_ns = 1000000, .stop = &stop, .ctx = b, .round = on_round};
    stop = 0;
    rounds = 0;
    assert_int_equal(ingest_source_run(b->box.ledger, "ollama", &o, &b->box.result, &b->box.err), 0);
    assert_int_equal(rounds, 6);
    snprintf(
        want, sizeof(want),
        "runtime.observed runtime/ollama@127.0.0.1:%u reported\nruntime.observed runtime/ollama@127.0.0.1:%u reported\n"
        "runtime.unreachable runtime/ollama@127.0.0.1:%u measured\n",
        b->server.port, b->server.port, b->server.port);
    events_are(b, 1, "", want);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_server, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_bad_entry_is_rejected_alone_and_takes_nothing_away),
        T(a_strict_look_stops_at_the_first_bad_entry_and_stays_in_step),
        T(a_thousand_models_are_kept_track_of),
        T(more_models_than_can_be_kept_track_of_are_rejected_not_forgotten),
        T(a_server_that_is_down_is_told_once_and_once_when_it_is_back),
        T(each_way_of_being_broken_has_its_word),
        T(a_long_error_in_another_alphabet_is_cut_between_its_letters),
        T(a_server_that_never_answers_is_a_timeout),
        T(an_answer_of_too_many_values_is_refused_before_it_is_parsed),
        T(what_is_known_changes_while_the_list_of_loaded_models_is_broken),
        T(addresses_and_options_that_make_no_sense_are_refused),
        T(a_run_killed_before_any_commit_tells_everything_once_in_the_end),
        T(a_cursor_that_does_not_parse_ends_the_look_and_tells_nothing_twice),
        T(two_looks_at_the_same_time_tell_everything_once),
        T(a_dry_run_shows_what_would_be_told_and_remembers_nothing),
        T(looks_go_on_over_an_outage_until_they_are_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
