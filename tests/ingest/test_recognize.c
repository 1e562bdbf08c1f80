/* No source recognises another's file: each is tried on all inputs that are not its own, including those of the other
 * sources. */
#include "ingest/driver/recognize.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/archive/gz.h"
#include "tests/ingest/ledger_box.h"

#define FIXTURES "tests/ingest/fixtures/"

static const struct owner {
    const char *source, *dir;
    bool from;
} owners[] = {{"jsonl", "jsonl", false},
              {"dpkg", "dpkg", false},
              {"hook", "hook", false},
              {"otlp", "otlp", false},
              {"ollama", "ollama", true},
              {"lm-eval", "lmeval", false},
              {"llama-bench", "llamabench", false},
              {"inspect", "inspect", false},
              {"weights", "weights", false},
              {"openai", "openai", true},
              {"journal", "journal", false},
              {"bom", "bom", false},
              {"kubernetes", "kubernetes", false},
              {"tailscale", "tailscale", true}};

#define N_OWNERS (sizeof(owners) / sizeof(owners[0]))

static void each_file(const char *dir, void (*take)(void *ctx, const char *path), void *ctx) {
    struct dirent **names;
    int n = scandir(dir, &names, NULL, alphasort);
    assert_true(n > 2);
    for (int i = 0; i < n; i++) {
        char path[512];
        struct stat st;
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
        if (names[i]->d_name[0] != '.' && stat(path, &st) == 0) {
            S_ISDIR(st.st_mode) ? each_file(path, take, ctx) : take(ctx, path);
        }
        free(names[i]);
    }
    free(names);
}

struct matrix {
    struct box box;
    const struct owner *owner;
    size_t files;
};

static int feed(struct box *b, const struct owner *owner, const char *path) {
    const char *const paths[] = {path};
    struct ingest_options o = {.paths = paths, .n_paths = 1};
    if (owner->from) {
        o = (struct ingest_options){.from = paths, .n_from = 1};
    }
    return box_run(b, owner->source, o);
}

static void nothing_is_taken(void *ctx, const char *path) {
    struct matrix *m = ctx;
    uint64_t before = box_size(&m->box);
    int rc = feed(&m->box, m->owner, path);
    /* messages between an agent and its client are not the ones that are recorded */
    bool refused = rc != 0 || m->box.result.total.rejected > 0 || strstr(path, "mcp.json") != NULL;
    if (box_size(&m->box) != before || !refused) {
        fail_msg("%s took %llu events of %s, code %d: %s%s", m->owner->source,
                 (unsigned long long)m->box.result.total.accepted, path, rc, m->box.err.msg, m->box.rejections);
    }
    m->files++;
}

static void no_source_takes_a_file_of_another_or_of_none(void **state) {
    struct matrix m = {0};
    (void)state;
    box_init(&m.box);
    for (size_t i = 0; i < N_OWNERS; i++) {
        m.owner = &owners[i];
        each_file(FIXTURES "foreign", nothing_is_taken, &m);
        for (size_t k = 0; k < N_OWNERS; k++) {
            char dir[64];
            snprintf(dir, sizeof(dir), FIXTURES "%s", owners[k].dir);
            if (k != i) {
                each_file(dir, nothing_is_taken, &m);
            }
        }
    }
    assert_true(m.files > 300);
    box_done(&m.box);
}

static void what_is_refused_is_named_in_one_line(void **state) {
    static const struct {
        const char *file, *words;
    } cases[] = {
        {"foreign/promptfoo.json",
         "0: this looks like results of promptfoo; read it with: ledger ingest promptfoo " FIXTURES
         "foreign/promptfoo.json; expected: an event as a JSON object on each line\n"},
        {"inspect/small.json",
         "0: this looks like an Inspect log (inspect_ai); read it with: ledger ingest inspect " FIXTURES
         "inspect/small.json; expected: an event as a JSON object on each line\n"},
        {"foreign/event-pretty.json",
         "0: this is one JSON document over 7 lines; JSON Lines needs one object per line: jq -c . " FIXTURES
         "foreign/event-pretty.json\n"},
        {"foreign/events-array.json",
         "0: this is one JSON array; JSON Lines needs one object per line: jq -c '.[]' " FIXTURES
         "foreign/events-array.json\n"},
        {"weights/old.gguf",
         "0: this looks like a GGUF file (a model's weights); read it with: ledger ingest weights; expected: "
         "an event as a JSON object on each line\n"},
        {"foreign/events.jsonl.zst",
         "0: this looks like data compressed by zstd; decompress it first: zstd -d; expected: an "
         "event as a JSON object on each line\n"},
        {"otlp/traces.json",
         "0: this looks like an OTLP document of OpenTelemetry; read it with: ledger ingest otlp " FIXTURES
         "otlp/traces.json; expected: "
         "an event as a JSON object on each line\n"},
    };
    struct box box;
    (void)state;
    box_init(&box);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[128];
        snprintf(path, sizeof(path), FIXTURES "%s", cases[i].file);
        assert_int_equal(feed(&box, &owners[0], path), 0);
        assert_string_equal(box.rejections, cases[i].words);
    }
    box_done(&box);
}

static void what_lm_eval_refuses_is_named_too(void **state) {
    static const char *const files[][2] = {
        {"promptfoo.json", "; this looks like results of promptfoo; read it with: ledger ingest promptfoo " FIXTURES
                           "foreign/promptfoo.json\n"},
        {"../weights/old.gguf",
         "; this looks like a GGUF file (a model's weights); read it with: ledger ingest weights\n"}};
    struct box box;
    (void)state;
    box_init(&box);
    for (size_t i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof(path), FIXTURES "foreign/%s", files[i][0]);
        assert_int_equal(feed(&box, &owners[5], path), 0);
        if (strstr(box.rejections, files[i][1]) == NULL) {
            fail_msg("%s", box.rejections);
        }
    }
    box_done(&box);
}

static void a_bad_line_before_good_ones_is_rejected_alone(void **state) {
    struct box box;
    (void)state;
    box_init(&box);
    box_write(box.file, "{\n{\"kind\":\"x.a.b\",\"subject\":\"a/b\",\"body\":{\"choices\":[],\"usage\":{}}}\n", O_TRUNC);
    assert_int_equal(box_jsonl(&box, box.file), 0);
    assert_int_equal(box.result.total.accepted, 1);
    assert_int_equal(box.result.total.rejected, 1);
    box_done(&box);
}

/* Input that was inspected is read as if it had not been. */
static void peeking_takes_nothing(void **state) {
    static const char *const files[] = {FIXTURES "dpkg/dpkg.log", FIXTURES "dpkg/dpkg.log.2.gz",
                                        FIXTURES "otlp/traces.json"};
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct buf text[2];
        for (int peek = 0; peek < 2; peek++) {
            struct gz *gz;
            struct bytes head;
            buf_init(&text[peek], 1 << 20);
            assert_int_equal(gz_open(files[i], GZ_DETECT, UINT64_MAX, &gz, NULL), 0);
            if (peek == 1) {
                assert_int_equal(gz_peek(gz, NULL, &head, NULL), 0);
                assert_true(head.n > 0 && head.n <= 65536);
                assert_false(gz_at_end(gz));
            }
            while (!gz_at_end(gz)) {
                size_t n = 0;
                assert_int_equal(gz_read(gz, buf_room(&text[peek], 1000), 1000, &n, NULL), 0);
                text[peek].n += n;
            }
            gz_close(gz);
        }
        assert_true(text[0].n > 1000);
        assert_true(bytes_eq(bytes_of_buf(&text[0]), bytes_of_buf(&text[1])));
        buf_done(&text[0]);
        buf_done(&text[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_source_takes_a_file_of_another_or_of_none),
        cmocka_unit_test(what_is_refused_is_named_in_one_line),
        cmocka_unit_test(what_lm_eval_refuses_is_named_too),
        cmocka_unit_test(a_bad_line_before_good_ones_is_rejected_alone),
        cmocka_unit_test(peeking_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
