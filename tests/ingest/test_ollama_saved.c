/* Saved answers of an ollama server, read from files. */
#include <dirent.h>

#include "base/hash.h"
#include "tests/base/secret_sample.h"
#include "tests/ingest/ollama_box.h"

#define FIXTURES "tests/ingest/fixtures/ollama/"

static int read_files(struct ollama_box *b, const char *const *files, size_t n) {
    return box_run(&b->box, "ollama", (struct ingest_options){.from = files, .n_from = n});
}

static void read_well(struct ollama_box *b, const char *file) {
    if (read_files(b, &file, 1) != 0) {
        fail_msg("%s: %s", file, b->box.err.msg);
    }
}

/* One file's events, and that reading it again adds none. */
static void gives(struct ollama_box *b, const char *file, const char *fields, const char *want) {
    uint64_t from = box_size(&b->box);
    read_well(b, file);
    assert_int_equal(b->box.result.total.rejected, 0);
    events_are(b, from, fields, want);
    uint64_t size = box_size(&b->box);
    read_well(b, file);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_true(b->box.result.total.duplicate > 0);
    assert_int_equal(box_size(&b->box), size);
}

static void reads_text(struct ollama_box *b, const char *text) {
    put(b, "saved", text);
    char path[192];
    snprintf(path, sizeof(path), "%s/saved", b->dir);
    read_well(b, path);
}

/* ---- lists -------------------------------------------------------------------------------------------------------- */

static void a_saved_list_tells_what_was_there(void **state) {
    gives(*state, FIXTURES "tags.json", "manifest_digest modified_at endpoint",
          "model.observed model/other:8b reported manifest_digest=\"sha256:" DIGEST_B "\" modified_at=1772352000500000000\n"
          "model.observed model/tiny:latest reported manifest_digest=\"sha256:" DIGEST_A
          "\" modified_at=1772352000500000000\n");
}

static void a_saved_list_of_loaded_models_tells_what_was_loaded(void **state) {
    gives(*state, FIXTURES "ps.json", "manifest_digest vram_bytes bytes context_length expires",
          "model.loaded model/tiny:latest reported manifest_digest=\"sha256:" DIGEST_A
          "\" vram_bytes=0 bytes=2500000000 context_length=8192 expires=1772393696837530000\n");
}

static void lists_in_one_run_are_compared_in_their_order(void **state) {
    struct ollama_box *b = *state;
    static const char *const files[] = {FIXTURES "tags.json", FIXTURES "ps.json", FIXTURES "tags-later.json",
                                        FIXTURES "ps-later.json"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_files(b, files, 4), 0);
        events_are(b, 1, "manifest_digest_before",
                   "model.alias_set alias/tiny:latest reported manifest_digest_before=\"sha256:" DIGEST_A "\"\n"
                   "model.loaded model/fresh:1b reported\n"
                   "model.loaded model/tiny:latest reported\n"
                   "model.observed model/fresh:1b reported\n"
                   "model.observed model/other:8b reported\n"
                   "model.observed model/tiny:latest reported\n"
                   "model.observed model/tiny:latest reported\n"
                   "model.pulled model/fresh:1b inferred\n"
                   "model.removed model/other:8b reported\n"
                   "model.unloaded model/tiny:latest reported\n");
    }
    assert_int_equal(b->box.result.total.accepted, 0);
}

static void the_same_entry_in_another_file_is_no_second_event(void **state) {
    struct ollama_box *b = *state;
    struct buf text;
    read_well(b, FIXTURES "tags.json");
    uint64_t size = box_size(&b->box);
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read(FIXTURES "tags.json", &text, NULL), 0);
    buf_put_str(&text, "\n\n");
    buf_put_u8(&text, 0);
    reads_text(b, (char *)text.p);
    assert_int_equal(b->box.result.total.duplicate, 2);
    assert_int_equal(box_size(&b->box), size);
    buf_done(&text);
}

static void a_server_and_saved_answers_do_not_disturb_each_other(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    look_well(b);
    read_well(b, FIXTURES "tags.json");
    look_well(b);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(box_count(&b->box, "model.removed"), 0);
}

static void a_version_and_a_models_own_answer_are_told(void **state) {
    struct ollama_box *b = *state;
    gives(b, FIXTURES "version.json", "version", "runtime.observed runtime/ollama reported version=\"0.5.1\"\n");
    gives(b, FIXTURES "show.json", "model digest architecture tensors metadata license",
          "model.identified model/sha256:" DIGEST_1 " reported model=\"tiny:latest\" digest=\"sha256:" DIGEST_1
          "\" architecture=\"llama\" tensors=2 metadata={\"general.parameter_count\":3212749888,"
          "\"llama.attention.layer_norm_rms_epsilon\":1e-05,\"tokenizer.ggml.add_bos_token\":true}\n");
    reads_text(
        b, "{\"modelfile\":\"# FROM far:cloud\\n\\nFROM far\\n\",\"details\":{\"family\":\"f\"},\"remote_model\":\"far\","
           "\"remote_host\":\"https://far.example.org\"}");
    events_are(b, box_size(&b->box) - 2, "family remote",
               "model.observed model/far:cloud reported family=\"f\" remote=true\n");
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

#define CALL "at ok outcome finish tokens_in tokens_out latency_ms stream egress error"

static void a_streamed_answer_is_one_call_with_its_words_put_together(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    gives(b, FIXTURES "generate.ndjson", CALL " load_ms prompt_ms generate_ms operation model",
          "run.model_called run/ollama-################ reported at=1772359200123456789 ok=true outcome=\"ok\" "
          "finish=\"stop\" "
          "tokens_in=26 tokens_out=259 latency_ms=10706.818083 stream=true load_ms=6338.219291 prompt_ms=130.079 "
          "generate_ms=4232.71 operation=\"completion\" model=\"tiny\"\n");
    box_event(&b->box, 1, text, sizeof(text));
    assert_non_null(strstr(text, "\"output\":\"Hello\""));
    /* SHA-256 of "Hello" */
    assert_non_null(
        strstr(text, "\"output_digest\":\"sha256:185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969\""));
    assert_null(strstr(text, "context")); /* it encodes the conversation */
    assert_non_null(strstr(text, "\"raw\":{\"done\":true,\"done_reason\":\"stop\",\"eval_count\":259"));
}

static void a_count_that_is_not_there_stays_away(void **state) {
    gives(*state, FIXTURES "generate-cached.json", "ok tokens_in tokens_out stream load_ms",
          "run.model_called run/ollama-################ reported ok=true tokens_out=3\n");
}

static void an_error_in_the_last_line_is_a_failed_call(void **state) {
    struct ollama_box *b = *state;
    char text[4096];
    gives(b, FIXTURES "generate-error.ndjson", CALL,
          "run.model_called run/ollama-################ reported at=1772359201123456789 ok=false outcome=\"error\" "
          "stream=true "
          "error=\"server\"\n");
    box_event(&b->box, 1, text, sizeof(text));
    assert_non_null(strstr(text, "\"detail\":\"an error was encountered while running the model\",\"output\":\"Yes.\""));
}

static void an_answer_that_breaks_off_is_an_aborted_call(void **state) {
    gives(*state, FIXTURES "generate-cut.ndjson", CALL,
          "run.model_called run/ollama-################ reported at=1772359201123456789 ok=false outcome=\"aborted\" "
          "stream=true\n");
}

static void tool_calls_are_private_with_their_arguments(void **state) {
    struct ollama_box *b = *state;
    char text[4096];
    gives(b, FIXTURES "chat-tools.ndjson", "ok operation tokens_out",
          "run.model_called run/ollama-################ reported ok=true operation=\"chat\" tokens_out=15\n");
    box_event(&b->box, 1, text, sizeof(text));
    const char *private_ = strstr(text, "} {");
    assert_non_null(private_);
    assert_non_null(strstr(private_, "\"tool_calls\":[{\"function\":{\"arguments\":{\"city\":\"Tokyo\"},"));
}

static void an_answer_from_a_cloud_is_egress(void **state) {
    gives(*state, FIXTURES "chat-cloud.json", "egress remote_host served finish",
          "run.model_called run/ollama-################ reported egress=true remote_host=\"https://cloud.example.org:443\" "
          "served=\"big\" finish=\"length\"\n");
}

static void empty_prompts_load_and_unload(void **state) {
    gives(*state, FIXTURES "load.json", "at reason",
          "model.loaded model/old reported at=1772359380000000000\n"
          "model.loaded model/tiny reported at=1772359260000000000\n"
          "model.unloaded model/tiny reported at=1772359320000000000 reason=\"asked\"\n");
}

static void embeddings_are_a_digest(void **state) {
    struct ollama_box *b = *state;
    char text[4096];
    gives(
        b, FIXTURES "embed.json", "operation tokens_in latency_ms",
        "run.model_called run/ollama-################ reported operation=\"embedding\" tokens_in=8 latency_ms=14.143917\n");
    box_event(&b->box, 1, text, sizeof(text));
    assert_non_null(strstr(text, "\"output_digest\""));
    assert_null(strstr(text, "0.0100"));
}

static void a_time_that_is_none_is_kept_as_text(void **state) {
    struct ollama_box *b = *state;
    reads_text(
        b, "{\"model\":\"m\",\"created_at\":\"2026-03-01T10:00:00\",\"response\":\"x\",\"done\":true,\"eval_count\":1}");
    assert_int_equal(b->box.result.total.rejected, 0);
    char text[4096];
    box_event(&b->box, 1, text, sizeof(text));
    assert_non_null(strstr(text, "\"at_text\":\"2026-03-01T10:00:00\""));
    assert_null(strstr(text, "\"at\":"));
}

static void calls_of_two_models_are_told_apart(void **state) {
    struct ollama_box *b = *state;
    reads_text(
        b, "{\"model\":\"m\",\"created_at\":\"2026-03-01T10:00:00Z\",\"response\":\"x\",\"done\":false}\n"
           "{\"model\":\"n\",\"created_at\":\"2026-03-01T10:00:01Z\",\"response\":\"y\",\"done\":false}\n"
           "{\"model\":\"n\",\"created_at\":\"2026-03-01T10:00:02Z\",\"response\":\"z\",\"done\":true,\"eval_count\":2}\n"
           "{\"model\":\"n\",\"created_at\":\"2026-03-01T10:00:03Z\",\"message\":{\"content\":\"z\"},\"done\":false}\n"
           "{\"version\":\"0.5.1\"}\n");
    assert_int_equal(box_count(&b->box, "run.model_called"), 3);
    assert_int_equal(box_count(&b->box, "runtime.observed"), 1);
}

/* ---- pulls and pushes --------------------------------------------------------------------------------------------- */

static void a_pull_is_named_by_its_largest_layer(void **state) {
    struct ollama_box *b = *state;
    char text[4096];
    gives(b, FIXTURES "pull.ndjson", "digest ok verified bytes",
          "model.pulled model/sha256:" HEX64("5") " reported digest=\"sha256:" HEX64(
              "5") "\" ok=true verified=true bytes=2019377476\n");
    box_event(&b->box, 1, text, sizeof(text));
    assert_non_null(
        strstr(text, "\"layers\":[{\"bytes\":100,\"digest\":\"sha256:" HEX64("4") "\"},{\"bytes\":2019377376,"));
    gives(b, FIXTURES "pull-failed.ndjson", "ok verified", "model.pulled model/sha256:" HEX64("5") " reported ok=false\n");
    box_event(&b->box, 3, text, sizeof(text));
    assert_non_null(strstr(text, "} {\"error\":\"max retries exceeded: unexpected EOF\"}"));
}

static void a_push_is_told_as_one(void **state) {
    gives(*state, FIXTURES "push.ndjson", "ok verified", "model.pushed model/sha256:" HEX64("5") " reported ok=true\n");
}

static void an_error_alone_says_that_the_server_had_one(void **state) {
    struct ollama_box *b = *state;
    reads_text(b, "{\"error\":\"model 'x' not found\"}");
    events_are(b, 1, "error", "runtime.unreachable runtime/ollama reported error=\"answer\"\n");
}

/* ---- bad input ---------------------------------------------------------------------------------------------------- */

static void bad_lines_are_rejected_alone_with_their_reasons(void **state) {
    struct ollama_box *b = *state;
    static const char *const want[] = {
        "2: the object is not an answer of ollama; expected: those of /api/version, tags, ps, show, generate",
        "3: the answer is not a JSON object",
        "4: the list is empty, and does not show whether it is of models or of loaded models",
        "5: not valid JSON: line 1 column ",
        "6: not valid JSON: line 1 column ",
        "7: the answer names no model; expected: text in 'model'",
        "8: not valid JSON: line 1 column ",
        "9: the progress names no layer digest",
        "10: this is the progress of something other than a pull or a push",
        "11: the answer of /api/status alone gives no event",
        "12: the answer names neither a model nor the file of its weights",
        "13: the answer's 'version' is not a version",
        "14: not valid JSON: line 1 column 37: nested deeper than 32 levels",
        "16: not valid JSON: line 1 column ",
    };
    read_well(b, FIXTURES "bad.ndjson");
    assert_int_equal(b->box.result.total.accepted, 1);
    const char *at = b->box.rejections;
    for (size_t i = 0; i < COUNT(want); i++) {
        if (strncmp(at, want[i], strlen(want[i])) != 0) {
            fail_msg("wanted '%s', got '%s'", want[i], at);
        }
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    char text[8192];
    box_event(&b->box, 2, text, sizeof(text));
    assert_non_null(strstr(text, "\"reason\":\"the last line is cut off\""));
    assert_non_null(strstr(text, "\"reason\":\"not valid JSON\""));
}

static void what_is_no_file_of_answers_is_one_rejection(void **state) {
    struct ollama_box *b = *state;
    reads_text(b, "  \n\n");
    assert_string_equal(b->box.rejections, "0: the file is empty\n");
    reads_text(b, "not json\nat all\nin many lines\n");
    assert_int_equal(b->box.result.total.rejected, 1);
    assert_non_null(strstr(b->box.rejections, "0: not valid JSON: line 1 column "));
    const char *none = "/nonexistent/file.json", *dir = b->dir;
    assert_int_equal(read_files(b, &none, 1), ERR_NOTFOUND);
    assert_int_equal(read_files(b, &dir, 1), ERR_INVALID);
}

static void every_beginning_of_a_file_is_read_or_rejected(void **state) {
    struct ollama_box *b = *state;
    static const char *const files[] = {FIXTURES "tags.json", FIXTURES "chat-tools.ndjson", FIXTURES "pull.ndjson"};
    for (size_t i = 0; i < COUNT(files); i++) {
        struct buf text;
        buf_init(&text, 1 << 16);
        assert_int_equal(file_read(files[i], &text, NULL), 0);
        for (size_t n = 0; n < text.n; n += 1 + n / 40) {
            uint8_t last = text.p[n];
            text.p[n] = 0;
            reads_text(b, (char *)text.p);
            text.p[n] = last;
        }
        buf_done(&text);
    }
}

static void a_big_document_is_refused_and_big_lines_are_read(void **state) {
    struct ollama_box *b = *state;
    struct buf text;
    buf_init(&text, (size_t)32 << 20);
    /* 20 MB of pieces with values of 90 KB */
    for (int i = 0; i < 220; i++) {
        buf_printf(&text,
                   "{\"model\":\"m\",\"created_at\":\"2026-03-01T10:00:00Z\",\"response\":\"%090000d\",\"done\":%s}\n", i,
                   i == 219 ? "true,\"eval_count\":1" : "false");
    }
    buf_put_u8(&text, 0);
    reads_text(b, (char *)text.p);
    assert_int_equal(b->box.result.total.rejected, 0);
    assert_int_equal(b->box.result.total.accepted, 1);
    char *big = malloc(2 << 20);
    assert_non_null(big);
    assert_non_null(strstr(box_event(&b->box, 1, big, 2 << 20), "\"output_cut\":true"));
    free(big);
    /* the same size as one document */
    buf_clear(&text);
    buf_put_str(&text, "{\"models\":[\n");
    for (int i = 0; i < 50000; i++) {
        buf_printf(&text, "{\"name\":\"m%d\",\"digest\":\"%064d\"}%s\n", i, i, i == 49999 ? "" : ",");
    }
    buf_put_str(&text, "]}");
    buf_put_u8(&text, 0);
    reads_text(b, (char *)text.p);
    assert_string_equal(b->box.rejections,
                        "0: neither one JSON document of at most 4194304 bytes nor one JSON object a line\n");
    buf_clear(&text);
    buf_put_str(&text, "{\"version\":\"1\"}\n{\"x\":\"");
    for (int i = 0; i < 100000; i++) {
        buf_put_str(&text, "0123456789012345678901234567890123456789012345678901234567890123");
    }
    buf_put_str(&text, "\"}\n");
    buf_put_u8(&text, 0);
    reads_text(b, (char *)text.p);
    assert_string_equal(b->box.rejections, "2: a line is longer than 4194304 bytes; nothing after it is read\n");
    buf_done(&text);
}

static void strict_stops_at_the_first_bad_answer(void **state) {
    struct ollama_box *b = *state;
    const char *file = FIXTURES "bad.ndjson";
    assert_int_equal(box_run(&b->box, "ollama", (struct ingest_options){.from = &file, .n_from = 1, .strict = true}),
                     ERR_INVALID);
    assert_non_null(strstr(b->box.err.msg, "bad.ndjson: line 2: the object is not an answer"));
    assert_int_equal(b->box.result.total.accepted, 1);
}

/* ---- secrets ------------------------------------------------------------------------------------------------------ */

/* {"model":"m",...,"response":"<up to 7 bytes>"} for each part of the text, so that no line contains all of it. */
static void put_in_pieces(struct buf *out, struct bytes text, unsigned number) {
    for (size_t at = 0; at < text.n; at += 7) {
        size_t n = text.n - at < 7 ? text.n - at : 7;
        buf_printf(out, "{\"model\":\"m%u\",\"created_at\":\"2026-03-01T10:00:00Z\",\"response\":", number);
        json_put_str(out, (struct bytes){text.p + at, n});
        buf_put_str(out, ",\"thinking\":");
        json_put_str(out, (struct bytes){text.p + at, n});
        buf_put_str(out, ",\"done\":false}\n");
    }
    buf_printf(out, "{\"model\":\"m%u\",\"created_at\":\"2026-03-01T10:00:01Z\",\"response\":\"\",\"done\":true,\"extra\":",
               number);
    json_put_str(out, text);
    buf_put_str(out, "}\n");
}

static void put_everywhere(struct buf *out, struct bytes text, unsigned number) {
    static const char *const forms[] = {
        "{\"models\":[{\"name\":\"t%u\",\"modified_at\":\"x\",\"details\":{\"format\":",
        "{\"models\":[{\"name\":\"p%u\",\"expires_at\":\"x\",\"surprise\":{\"deep\":",
        "{\"modelfile\":\"# FROM s%u\\nFROM /b/sha256-" DIGEST_1 "\",\"details\":{\"quantization_level\":",
        "{\"version\":\"%u\",\"more\":{\"x\":",
        "{\"model\":\"c%u\",\"created_at\":\"2026-03-01T10:00:00Z\",\"done\":true,\"message\":{\"role\":\"x\",\"content\":",
        "{\"models\":[{\"modified_at\":\"%u\",\"x\":{},\"name\":",
    };
    static const char *const ends[] = {"}}]}\n", "}}]}\n", "}}\n", "}}\n", "}}\n", "}]}\n"};
    for (size_t i = 0; i < COUNT(forms); i++) {
        const char *number_at = strstr(forms[i], "%u");
        buf_put(out, forms[i], (size_t)(number_at - forms[i]));
        buf_printf(out, "%u", number);
        buf_put_str(out, number_at + 2);
        json_put_str(out, text);
        buf_put_str(out, ends[i]);
    }
    buf_printf(out,
               "{\"model\":\"e%u\",\"created_at\":\"2026-03-01T10:00:00Z\",\"response\":\"\",\"done\":false}\n{\"error\":",
               number);
    json_put_str(out, text);
    buf_put_str(out, "}\n{\"status\":\"pulling x\",\"digest\":\"sha256:" DIGEST_A "\"}\n{\"error\":");
    json_put_str(out, text);
    buf_put_str(out, "}\n{\"error\":");
    json_put_str(out, text);
    buf_put_str(out, "}\n");
}

/* Whether any file below the directory contains the text. */
static bool is_in_files(const char *dir, const char *text, size_t n) {
    DIR *d = opendir(dir);
    struct dirent *e;
    bool found = false;
    assert_non_null(d);
    while (!found && (e = readdir(d)) != NULL) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (e->d_name[0] == '.') continue;
        if (e->d_type == DT_DIR) {
            found = is_in_files(path, text, n);
            continue;
        }
        struct buf file;
        buf_init(&file, (size_t)1 << 30);
        assert_int_equal(file_read(path, &file, NULL), 0);
        found = file.n > 0 && memmem(file.p, file.n, text, n) != NULL;
        buf_done(&file);
    }
    closedir(d);
    return found;
}

static void no_planted_secret_gets_into_any_file_of_the_ledger(void **state) {
    struct ollama_box *b = *state;
    struct buf text;
    static char samples[512][SAMPLE_MAX];
    static size_t lengths[512];
    size_t n = sample_count();
    assert_true(n >= 35 && n <= COUNT(samples));
    buf_init(&text, (size_t)64 << 20);
    for (size_t i = 0; i < n; i++) {
        lengths[i] = sample_make(i, 7, samples[i]);
        const struct bytes secret = {(const uint8_t *)samples[i], lengths[i]};
        put_in_pieces(&text, secret, (unsigned)i);
        put_everywhere(&text, secret, (unsigned)i);
    }
    buf_put_u8(&text, 0);
    reads_text(b, (char *)text.p);
    assert_true(b->box.result.total.accepted > 6 * n);
    assert_true(b->box.result.total.masked > 6 * n);
    for (size_t i = 0; i < n; i++) {
        if (is_in_files(b->box.log_dir, samples[i], lengths[i])) {
            fail_msg("'%s' is in the ledger's files", samples[i]);
        }
        if (strstr(b->box.rejections, samples[i]) != NULL) {
            fail_msg("'%s' is in a message", samples[i]);
        }
    }
    char *event = malloc(4 << 20);
    assert_non_null(event);
    for (uint64_t seq = 1, size = box_size(&b->box); seq < size; seq++) {
        box_event(&b->box, seq, event, 4 << 20);
        for (size_t i = 0; i < n; i++) {
            assert_null(strstr(event, samples[i]));
        }
    }
    free(event);
    buf_done(&text);
}

static void no_secret_of_a_server_gets_into_a_cursor_or_a_message(void **state) {
    struct ollama_box *b = *state;
    static const char secret[] = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";
    char tags[1024], words[512];
    snprintf(tags, sizeof(tags), "{\"models\":[{\"name\":\"%s\"},{\"name\":\"a:1\",\"digest\":\"%s\",\"x\":\"%s\"}]}",
             secret, DIGEST_A, secret);
    put(b, "tags.json", tags);
    look_well(b);
    snprintf(words, sizeof(words), "{\"error\":\"%s\"}", secret);
    put(b, "ps.json", words);
    assert_int_equal(look(b), ERR_NET);
    assert_null(strstr(b->box.err.msg, secret));
    snprintf(words, sizeof(words), "{\"version\":\"%s\"}", secret);
    put(b, "version.json", words);
    assert_int_equal(look(b), ERR_NET);
    assert_null(strstr(b->box.err.msg, secret));
    assert_false(is_in_files(b->box.log_dir, secret, strlen(secret)));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_saved_list_tells_what_was_there),
        T(a_saved_list_of_loaded_models_tells_what_was_loaded),
        T(lists_in_one_run_are_compared_in_their_order),
        T(the_same_entry_in_another_file_is_no_second_event),
        cmocka_unit_test_setup_teardown(a_server_and_saved_answers_do_not_disturb_each_other, setup_server, teardown),
        T(a_version_and_a_models_own_answer_are_told),
        T(a_streamed_answer_is_one_call_with_its_words_put_together),
        T(a_count_that_is_not_there_stays_away),
        T(an_error_in_the_last_line_is_a_failed_call),
        T(an_answer_that_breaks_off_is_an_aborted_call),
        T(tool_calls_are_private_with_their_arguments),
        T(an_answer_from_a_cloud_is_egress),
        T(empty_prompts_load_and_unload),
        T(embeddings_are_a_digest),
        T(a_time_that_is_none_is_kept_as_text),
        T(calls_of_two_models_are_told_apart),
        T(a_pull_is_named_by_its_largest_layer),
        T(a_push_is_told_as_one),
        T(an_error_alone_says_that_the_server_had_one),
        T(bad_lines_are_rejected_alone_with_their_reasons),
        T(what_is_no_file_of_answers_is_one_rejection),
        T(every_beginning_of_a_file_is_read_or_rejected),
        T(a_big_document_is_refused_and_big_lines_are_read),
        T(strict_stops_at_the_first_bad_answer),
        T(no_planted_secret_gets_into_any_file_of_the_ledger),
        cmocka_unit_test_setup_teardown(no_secret_of_a_server_gets_into_a_cursor_or_a_message, setup_server, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
