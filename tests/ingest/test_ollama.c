/* Scans of a server: what is reported, and that it is reported once. */
#include "tests/ingest/ollama_box.h"

#define WHEN  "2026-01-02T04:00:00Z"
#define LATER "2026-01-02T05:00:00Z"

/* ---- first and second scan ---------------------------------------------------------------------------------------- */

static void the_first_look_tells_what_is_there_and_nothing_of_the_past(void **state) {
    struct ollama_box *b = *state;
    char text[8192], want[1024];
    put(b, "tags.json", MODELS(TAG("llama3.2:latest", DIGEST_A)));
    put(b, "ps.json", MODELS(PS("llama3.2:latest", DIGEST_A, WHEN)));
    put(b, "show-llama3.2_latest.json", SHOW("llama3.2:latest", DIGEST_1));
    look_well(b);
    snprintf(want, sizeof(want),
             "model.identified model/sha256:" DIGEST_1 " reported model=\"llama3.2:latest\"\n"
             "model.loaded model/llama3.2:latest reported model=\"llama3.2:latest\" endpoint=\"%s\"\n"
             "model.observed model/llama3.2:latest reported model=\"llama3.2:latest\" endpoint=\"%s\"\n"
             "runtime.observed runtime/ollama@127.0.0.1:%u reported endpoint=\"%s\"\n",
             b->url, b->url, b->server.port, b->url);
    events_are(b, 1, "model endpoint", want);
    assert_int_equal(b->box.result.receipts, 1);
    assert_int_equal(b->box.result.total.accepted, 4);
    assert_int_equal(b->box.result.total.rejected, 0);
    snprintf(
        want, sizeof(want),
        "model.observed model/llama3.2:latest service:ollama ollama reported {\"bytes\":1000,\"digest\":\"sha256:" DIGEST_1
        "\",\"endpoint\":\"%s\",\"families\":[\"llama\"],\"family\":\"llama\",\"format\":\"gguf\",\"manifest_digest\":"
        "\"sha256:" DIGEST_A "\",\"model\":\"llama3.2:latest\",\"modified_at\":1767319445123456789,\"parameters\":\"3.2B\","
        "\"quantization\":\"Q4_K_M\",\"runtime\":\"ollama\"} {\"raw\":",
        b->url);
    box_event(&b->box, 3, text, sizeof(text));
    text[strlen(want)] = '\0';
    assert_string_equal(text, want);
    snprintf(want, sizeof(want),
             "model.loaded model/llama3.2:latest service:ollama ollama reported {\"bytes\":2000,\"context_length\":4096,"
             "\"digest\":\"sha256:" DIGEST_1 "\",\"endpoint\":\"%s\",\"expires\":1767326400000000000,\"manifest_digest\":"
             "\"sha256:" DIGEST_A "\",\"model\":\"llama3.2:latest\",\"runtime\":\"ollama\",\"vram_bytes\":1500} {\"raw\":",
             b->url);
    box_event(&b->box, 4, text, sizeof(text));
    text[strlen(want)] = '\0';
    assert_string_equal(text, want);
}

static void what_an_author_wrote_into_a_file_of_weights_stays_private(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    put(b, "tags.json", MODELS(TAG("m:1", DIGEST_A)));
    put(b, "show-m_1.json", SHOW("m:1", DIGEST_1));
    look_well(b);
    box_event(&b->box, 2, text, sizeof(text));
    static const char open[] =
        "model.identified model/sha256:" DIGEST_1 " service:ollama ollama reported {\"architecture\":\"llama\",\"digest\":"
        "\"sha256:" DIGEST_1 "\",\"format\":\"gguf\",\"manifest_digest\":\"sha256:" DIGEST_A "\",\"metadata\":{"
        "\"llama.block_count\":28},\"model\":\"m:1\",\"quantization\":\"Q4_K_M\",\"runtime\":\"ollama\"} {\"raw\":{";
    assert_memory_equal(text, open, sizeof(open) - 1);
    assert_non_null(strstr(text, "\"general.author\":\"A. Person\""));
}

static void a_second_look_at_the_same_writes_nothing(void **state) {
    struct ollama_box *b = *state;
    struct log_head before, after;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("b:1", DIGEST_B)));
    put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, WHEN)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    look_well(b);
    assert_int_equal(log_head(b->box.ledger, &before, NULL), 0);
    put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, LATER))); /* used again: it stays loaded longer */
    look_well(b);
    assert_int_equal(b->box.result.total.accepted, 0);
    assert_int_equal(b->box.result.total.duplicate, 4); /* offered again, so that an outstanding receipt is detected */
    assert_int_equal(b->box.result.receipts, 0);
    assert_int_equal(log_head(b->box.ledger, &after, NULL), 0);
    assert_memory_equal(&before, &after, sizeof(before));
}

static void a_model_is_asked_for_once(void **state) {
    struct ollama_box *b = *state;
    struct buf log;
    char path[192];
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A) "," TAG("gone:1", DIGEST_B)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1)); /* the other one is a 404 */
    look_well(b);
    look_well(b);
    snprintf(path, sizeof(path), "%s/log", b->dir);
    buf_init(&log, 65536);
    assert_int_equal(file_read(path, &log, NULL), 0);
    buf_put_u8(&log, 0);
    char *first = strstr((char *)log.p, "POST /api/show"), *second = first != NULL ? strstr(first + 1, "POST") : NULL;
    assert_non_null(second);
    assert_null(strstr(second + 1, "POST"));
    buf_done(&log);
}

static void a_model_that_could_not_be_asked_for_is_asked_for_again(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "show.raw", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    put(b, "show-a_1.raw", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n");
    look_well(b);
    assert_string_equal(b->box.rejections, "0: /api/show of model 'a:1': status 500; expected: 200 with an object\n");
    assert_int_equal(box_count(&b->box, "model.identified"), 0);
    put(b, "show-a_1.raw", "");
    assert_int_equal(look(b), ERR_NET); /* its lists are complete, so it is not unreachable; but the scan is not complete */
    assert_non_null(strstr(b->box.err.msg, "/api/show"));
    assert_int_equal(box_count(&b->box, "runtime.unreachable"), 0);
    drop(b, "show-a_1.raw");
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    uint64_t from = box_size(&b->box);
    look_well(b);
    events_are(b, from, "digest",
               "model.identified model/sha256:" DIGEST_1 " reported digest=\"sha256:" DIGEST_1 "\"\n"
               "model.observed model/a:1 reported digest=\"sha256:" DIGEST_1 "\"\n");
}

/* ---- changes ------------------------------------------------------------------------------------------------------ */

#define FIELDS "digest digest_before manifest_digest manifest_digest_before"

static void what_comes_after_the_first_look_is_told_as_pulled_copied_or_made(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "tags.json",
        MODELS(TAG("a:1", DIGEST_A) "," TAG("copy:1", DIGEST_A) "," TAG(
            "new:1", DIGEST_B) ",{\"name\":\"made:1\",\"digest\":"
                               "\"" DIGEST_C
                               "\",\"details\":{\"parent_model\":\"a:1\"}},{\"name\":\"far:1\",\"digest\":\"" DIGEST_1
                               "\",\"remote_model\":\"far\",\"remote_host\":\"https://far.example.org:443\"}"));
    look_well(b);
    events_are(b, from, "manifest_digest parent remote",
               "model.alias_set alias/copy:1 reported manifest_digest=\"sha256:" DIGEST_A "\"\n"
               "model.observed model/copy:1 reported manifest_digest=\"sha256:" DIGEST_A "\"\n"
               "model.observed model/far:1 reported manifest_digest=\"sha256:" DIGEST_1 "\" remote=true\n"
               "model.observed model/made:1 reported manifest_digest=\"sha256:" DIGEST_C "\" parent=\"a:1\"\n"
               "model.observed model/new:1 reported manifest_digest=\"sha256:" DIGEST_B "\"\n"
               "model.pulled model/new:1 inferred manifest_digest=\"sha256:" DIGEST_B "\"\n");
}

static void a_name_that_moves_and_moves_back_is_told_each_time_with_both_ends(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_B)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_2));
    look_well(b);
    look_well(b);
    events_are(b, from, FIELDS,
               "model.alias_set alias/a:1 reported digest=\"sha256:" DIGEST_2 "\" digest_before=\"sha256:" DIGEST_1
               "\" manifest_digest=\"sha256:" DIGEST_B "\" manifest_digest_before=\"sha256:" DIGEST_A "\"\n"
               "model.identified model/sha256:" DIGEST_2 " reported digest=\"sha256:" DIGEST_2
               "\" manifest_digest=\"sha256:" DIGEST_B "\"\n"
               "model.observed model/a:1 reported digest=\"sha256:" DIGEST_2 "\" manifest_digest=\"sha256:" DIGEST_B
               "\"\n");
    from = box_size(&b->box);
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    look_well(b);
    events_are(b, from, FIELDS,
               "model.alias_set alias/a:1 reported digest=\"sha256:" DIGEST_1 "\" digest_before=\"sha256:" DIGEST_2
               "\" manifest_digest=\"sha256:" DIGEST_A "\" manifest_digest_before=\"sha256:" DIGEST_B "\"\n"
               "model.observed model/a:1 reported digest=\"sha256:" DIGEST_1 "\" manifest_digest=\"sha256:" DIGEST_A
               "\"\n");
}

static void another_manifest_around_the_same_weights_keeps_their_digest(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_B))); /* another template, for example */
    look_well(b);
    events_are(b, from, FIELDS,
               "model.alias_set alias/a:1 reported digest=\"sha256:" DIGEST_1 "\" digest_before=\"sha256:" DIGEST_1
               "\" manifest_digest=\"sha256:" DIGEST_B "\" manifest_digest_before=\"sha256:" DIGEST_A "\"\n"
               "model.identified model/sha256:" DIGEST_1 " reported digest=\"sha256:" DIGEST_1
               "\" manifest_digest=\"sha256:" DIGEST_B "\"\n"
               "model.observed model/a:1 reported digest=\"sha256:" DIGEST_1 "\" manifest_digest=\"sha256:" DIGEST_B
               "\"\n");
}

static void what_goes_and_comes_back_the_same_is_told_again(void **state) {
    struct ollama_box *b = *state;
    const char *with = MODELS(TAG("a:1", DIGEST_A));
    put(b, "tags.json", with);
    look_well(b);
    for (int round = 0; round < 2; round++) {
        uint64_t from = box_size(&b->box);
        put(b, "tags.json", MODELS());
        look_well(b);
        look_well(b);
        events_are(b, from, FIELDS, "model.removed model/a:1 reported manifest_digest=\"sha256:" DIGEST_A "\"\n");
        from = box_size(&b->box);
        put(b, "tags.json", with);
        look_well(b);
        look_well(b);
        events_are(b, from, FIELDS,
                   "model.observed model/a:1 reported manifest_digest=\"sha256:" DIGEST_A "\"\n"
                   "model.pulled model/a:1 inferred manifest_digest=\"sha256:" DIGEST_A "\"\n");
    }
}

static void a_model_is_loaded_unloaded_and_loaded_again(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_A)));
    put(b, "show-a_1.json", SHOW("a:1", DIGEST_1));
    look_well(b);
    for (int round = 0; round < 2; round++) {
        uint64_t from = box_size(&b->box);
        put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, WHEN)));
        look_well(b);
        look_well(b);
        put(b, "ps.json", MODELS());
        look_well(b);
        look_well(b);
        events_are(
            b, from, FIELDS,
            "model.loaded model/a:1 reported digest=\"sha256:" DIGEST_1 "\" manifest_digest=\"sha256:" DIGEST_A "\"\n"
            "model.unloaded model/a:1 reported digest=\"sha256:" DIGEST_1 "\" manifest_digest=\"sha256:" DIGEST_A "\"\n");
    }
}

static void a_loaded_model_keeps_its_own_digest_when_its_name_moves_or_goes(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json", MODELS(TAG("a:1", DIGEST_B)));
    put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, WHEN))); /* loaded before the name moved */
    look_well(b);
    put(b, "tags.json", MODELS());
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "ps.json", MODELS());
    look_well(b);
    events_are(b, from, FIELDS, "model.unloaded model/a:1 reported manifest_digest=\"sha256:" DIGEST_A "\"\n");
}

static void a_model_loaded_another_way_is_told(void **state) {
    struct ollama_box *b = *state;
    put(b, "ps.json", MODELS(PS("a:1", DIGEST_A, WHEN)));
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "ps.json",
        MODELS("{\"name\":\"a:1\",\"digest\":\"" DIGEST_A "\",\"size\":2000,\"size_vram\":0,\"expires_at\":\"" WHEN "\"}"));
    look_well(b);
    events_are(b, from, "vram_bytes context_length", "model.loaded model/a:1 reported vram_bytes=0\n");
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static void absent_null_and_zero_stay_three_things(void **state) {
    struct ollama_box *b = *state;
    put(b, "tags.json",
        MODELS("{\"name\":\"zero:1\",\"size\":0,\"digest\":\"\",\"details\":{\"families\":null,\"context_length\":0}},"
               "{\"name\":\"null:1\",\"size\":null,\"digest\":null,\"details\":null,\"capabilities\":null},{\"name\":"
               "\"bare:1\"}"));
    look_well(b);
    events_are(b, 2, "bytes context_length manifest_digest families capabilities",
               "model.observed model/bare:1 reported\n"
               "model.observed model/null:1 reported\n"
               "model.observed model/zero:1 reported bytes=0 context_length=0\n");
}

static void digests_and_times_are_read_in_each_form_and_kept_where_they_have_none(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    put(b, "tags.json",
        MODELS("{\"name\":\"upper:1\",\"digest\":\"" HEX64(
            "A") "\"},{\"name\":\"prefix:1\",\"digest\":\"sha256:" DIGEST_B
                 "\"},{\"name\":\"word:1\",\"digest\":\"digestname\",\"size\":\"123\",\"modified_at\":\"yesterday\"}"));
    put(b, "ps.json", MODELS(PS("upper:1", DIGEST_A, "2318-04-01T00:00:00Z"))); /* kept loaded for ever */
    look_well(b);
    events_are(b, 2, "manifest_digest bytes modified_at expires",
               "model.loaded model/upper:1 reported manifest_digest=\"sha256:" DIGEST_A "\" bytes=2000\n"
               "model.observed model/prefix:1 reported manifest_digest=\"sha256:" DIGEST_B "\"\n"
               "model.observed model/upper:1 reported manifest_digest=\"sha256:" DIGEST_A "\"\n"
               "model.observed model/word:1 reported bytes=123\n");
    for (uint64_t seq = 2; seq < 6; seq++) {
        box_event(&b->box, seq, text, sizeof(text));
        if (strstr(text, "word:1") != NULL) {
            assert_non_null(strstr(text, "{\"raw\":{\"digest\":\"digestname\",\"modified_at\":\"yesterday\""));
        } else if (strncmp(text, "model.loaded", 12) == 0) {
            assert_non_null(strstr(text, "\"expires_at\":\"2318-04-01T00:00:00Z\""));
        }
    }
}

static void unknown_words_are_kept_as_they_are_and_unknown_fields_private(void **state) {
    struct ollama_box *b = *state;
    char text[8192];
    put(b, "tags.json",
        MODELS("{\"name\":\"a:1\",\"details\":{\"format\":\"newform\",\"parent_model\":\"/srv/models/blobs/"
               "x\"},\"capabilities\":"
               "[\"telepathy\"],\"surprise\":{\"n\":[1,2]}}"));
    look_well(b);
    box_event(&b->box, 2, text, sizeof(text));
    assert_non_null(strstr(text, "{\"capabilities\":[\"telepathy\"],\"endpoint\":"));
    assert_non_null(strstr(text, "\"format\":\"newform\",\"model\":\"a:1\",\"runtime\":\"ollama\"} {\"raw\":{"));
    assert_non_null(strstr(text, "\"surprise\":{\"n\":[1,2]}"));
}

static void a_model_that_is_a_remote_service_is_told_as_such(void **state) {
    struct ollama_box *b = *state;
    struct buf log;
    char path[192];
    put(b, "status.json", "{\"cloud\":{\"disabled\":false,\"source\":\"env\"}}");
    put(b, "tags.json",
        MODELS("{\"name\":\"big:cloud\",\"digest\":\"" DIGEST_A
               "\",\"remote_model\":\"big\",\"remote_host\":\"https://cloud.example.org:443\"},{\"name\":\"odd:cloud\","
               "\"remote_model\":\"odd\",\"remote_host\":\"https://user:word@cloud.example.org\"}"));
    look_well(b);
    snprintf(path, sizeof(path), "runtime.observed runtime/ollama@127.0.0.1:%u reported cloud=true\n", b->server.port);
    char want[1024];
    snprintf(want, sizeof(want),
             "model.observed model/big:cloud reported remote=true remote_host=\"https://cloud.example.org:443\" "
             "remote_model=\"big\"\nmodel.observed model/odd:cloud reported remote=true remote_model=\"odd\"\n%s",
             path);
    events_are(b, 1, "remote remote_host remote_model cloud", want);
    snprintf(path, sizeof(path), "%s/log", b->dir);
    buf_init(&log, 65536);
    assert_int_equal(file_read(path, &log, NULL), 0);
    buf_put_u8(&log, 0);
    assert_null(strstr((char *)log.p, "POST")); /* there are no weights to ask for */
    buf_done(&log);
    uint64_t from = box_size(&b->box);
    put(b, "status.json", "{\"cloud\":{\"disabled\":true,\"source\":\"env\"}}");
    look_well(b);
    snprintf(want, sizeof(want), "runtime.observed runtime/ollama@127.0.0.1:%u reported cloud=false\n", b->server.port);
    events_are(b, from, "cloud", want);
}

static void another_version_is_a_change(void **state) {
    struct ollama_box *b = *state;
    char want[512];
    look_well(b);
    uint64_t from = box_size(&b->box);
    put(b, "version.json", "{\"version\":\"0.6.0\"}");
    look_well(b);
    look_well(b);
    snprintf(want, sizeof(want),
             "runtime.changed runtime/ollama@127.0.0.1:%u reported version=\"0.6.0\" version_before=\"0.5.1\"\n"
             "runtime.observed runtime/ollama@127.0.0.1:%u reported version=\"0.6.0\"\n",
             b->server.port, b->server.port);
    events_are(b, from, "version version_before", want);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup_server, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_first_look_tells_what_is_there_and_nothing_of_the_past),
        T(what_an_author_wrote_into_a_file_of_weights_stays_private),
        T(a_second_look_at_the_same_writes_nothing),
        T(a_model_is_asked_for_once),
        T(a_model_that_could_not_be_asked_for_is_asked_for_again),
        T(what_comes_after_the_first_look_is_told_as_pulled_copied_or_made),
        T(a_name_that_moves_and_moves_back_is_told_each_time_with_both_ends),
        T(another_manifest_around_the_same_weights_keeps_their_digest),
        T(what_goes_and_comes_back_the_same_is_told_again),
        T(a_model_is_loaded_unloaded_and_loaded_again),
        T(a_loaded_model_keeps_its_own_digest_when_its_name_moves_or_goes),
        T(a_model_loaded_another_way_is_told),
        T(absent_null_and_zero_stay_three_things),
        T(digests_and_times_are_read_in_each_form_and_kept_where_they_have_none),
        T(unknown_words_are_kept_as_they_are_and_unknown_fields_private),
        T(a_model_that_is_a_remote_service_is_told_as_such),
        T(another_version_is_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
