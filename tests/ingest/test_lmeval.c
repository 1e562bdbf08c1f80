/* Results and samples of the lm-evaluation-harness without a ledger: what is refused and with which message, what is
 * partial, what a sample says. */
#include "ingest/lmeval/lmeval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

/* A JSON text as one canonical item, in a buffer of its own. */
static struct bytes item(struct buf *room, const char *json) {
    struct err err = {0};
    buf_init(room, 1 << 20);
    if (json_to_mp(bytes_of(json), room, &err) != 0) {
        fail_msg("%s: %s", json, err.msg);
    }
    return bytes_of_buf(room);
}

static const char *shown(struct bytes b, char ret[512]) {
    snprintf(ret, 512, "%.*s", (int)b.n, b.n > 0 ? (const char *)b.p : "");
    return ret;
}

/* ---- results ------------------------------------------------------------------------------------------------------ */

static int read_doc(struct lmeval_doc *doc, const char *text, const char *date, struct err *err) {
    lmeval_doc_init(doc);
    return lmeval_doc_read(doc, bytes_of(text), bytes_of(date), err);
}

static void each_wrong_results_file_is_refused_in_its_own_words(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", "line 1 column 1: no JSON value"},
        {"  \n", "line 2 column 1: no JSON value"},
        {"{\"results\":{\"version\":3},\"evalId\":\"e\",\"prompts\":[]}",
         "not a results file of lm-eval, which has 'configs', 'versions' or 'n-shot' beside 'results'"},
        {"[]", "the file is not a JSON object; expected: a results file of lm-eval"},
        {"\"results\"", "the file is not a JSON object; expected: a results file of lm-eval"},
        {"{}", "not a results file of lm-eval, which has 'configs', 'versions' or 'n-shot' beside 'results'"},
        {"{\"versions\":{},\"results\":null}", "'results' is missing; expected: an object with the metrics of each task"},
        {"{\"versions\":{},\"results\":[1]}",
         "'results' is not an object; expected: an object with the metrics of each task"},
        {"{\"versions\":{},\"results\":{\"\":{}}}", "the name of a task has 0 bytes (''); expected: 1 to 256"},
        {"{\"results\":{}", "line 1 column 13: '}' expected near end of file"},
        {"{\"results\":{},\"results\":{}}", "line 1 column 23: duplicate object key near '\"results\"'"},
        {"{\"results\":{\"a\":\"\\ud83e\"}}", "line 1 column 24: invalid Unicode '\\uD83E' near '\"\\ud83e\"'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lmeval_doc doc;
        struct err err = {0};
        assert_int_equal(read_doc(&doc, cases[i][0], "", &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
        lmeval_doc_done(&doc);
    }
}

static void a_file_with_too_many_tasks_is_refused(void **state) {
    (void)state;
    struct buf text;
    struct lmeval_doc doc;
    struct err err = {0};
    buf_init(&text, 1 << 20);
    buf_put_str(&text, "{\"versions\":{},\"results\":{");
    for (int i = 0; i <= LMEVAL_TASKS_MAX; i++) {
        buf_printf(&text, "%s\"%d\":{}", i > 0 ? "," : "", i);
    }
    buf_put(&text, "}}\0", 3);
    assert_int_equal(read_doc(&doc, (const char *)text.p, "", &err), ERR_LIMIT);
    assert_string_equal(err.msg, "the file has 8193 tasks and groups; expected: at most 8192");
    lmeval_doc_done(&doc);
    buf_done(&text);
}

static void every_truncation_of_a_results_file_is_refused(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read("tests/ingest/fixtures/lmeval/odd/results_2026-03-02T08-00-00.000001.json", &text, NULL), 0);
    for (size_t n = 0; n < text.n; n++) {
        struct lmeval_doc doc;
        struct err err = {0};
        lmeval_doc_init(&doc);
        assert_int_equal(lmeval_doc_read(&doc, (struct bytes){text.p, n}, bytes_of(""), &err), ERR_INVALID);
        assert_true(err.msg[0] != '\0');
        lmeval_doc_done(&doc);
    }
    buf_done(&text);
}

static void no_flipped_bit_of_a_results_file_does_any_harm(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    assert_int_equal(file_read("tests/ingest/fixtures/lmeval/old/results.json", &text, NULL), 0);
    for (size_t bit = 0; bit < text.n * 8; bit++) {
        struct lmeval_doc doc;
        struct err err = {0};
        text.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        lmeval_doc_init(&doc);
        int rc = lmeval_doc_read(&doc, bytes_of_buf(&text), bytes_of(""), &err);
        assert_true(rc == 0 || (rc == ERR_INVALID && err.msg[0] != '\0'));
        if (rc == 0) {
            struct buf body;
            buf_init(&body, 1 << 20);
            lmeval_doc_judge(&doc);
            assert_int_equal(lmeval_put_imported(&doc, "x", &body, NULL), 0);
            assert_int_equal(mp_check(bytes_of_buf(&body), NULL), 0);
            buf_done(&body);
        }
        lmeval_doc_done(&doc);
        text.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    buf_done(&text);
}

static void the_time_is_the_date_and_never_the_counters(void **state) {
    (void)state;
    static const struct {
        const char *text, *date;
        uint64_t at; /* 0: none */
        const char *at_text;
    } cases[] = {
        {"{\"versions\":{},\"results\":{},\"date\":1768964383.8593218,\"start_time\":3391296.9,\"end_time\":3393974.6}",
         "x", UINT64_C(1768964383859321800), ""},
        {"{\"versions\":{},\"results\":{},\"date\":\"1768964383.5\"}", "", UINT64_C(1768964383500000000), ""},
        {"{\"versions\":{},\"results\":{},\"date\":\"2026-01-21T03:44:18.123456789+01:00\"}", "",
         UINT64_C(1768963458123456789), ""},
        {"{\"versions\":{},\"results\":{},\"date\":\"2026-01-21T03:44:18\"}", "", 0, "2026-01-21T03:44:18"},
        {"{\"versions\":{},\"results\":{},\"date\":3391296.96}", "2026-01-21T03-44-18.458309", 0, "3391296.96"},
        {"{\"versions\":{},\"results\":{},\"date\":null}", "2026-01-21T03-44-18.458309", 0, "2026-01-21T03-44-18.458309"},
        {"{\"versions\":{},\"results\":{}}", "final", 0, ""},
        {"{\"versions\":{},\"results\":{},\"date\":NaN}", "", 0, "NaN"},
        {"{\"versions\":{},\"results\":{},\"date\":[1]}", "", 0, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lmeval_doc doc;
        struct err err = {0};
        char text[512];
        assert_int_equal(read_doc(&doc, cases[i].text, cases[i].date, &err), 0);
        assert_true(doc.at == (cases[i].at != 0 ? cases[i].at : INGEST_NO_TIME));
        assert_string_equal(shown(doc.at_text, text), cases[i].at_text);
        lmeval_doc_done(&doc);
    }
}

static void an_evaluation_keeps_its_id_however_its_file_is_laid_out(void **state) {
    (void)state;
    static const char one[] = "{\"versions\":{},\"results\":{\"a\":{\"acc,none\":0.5}},\"date\":1768964383.5,\"model_"
                              "name\":\"m\",\"config\":{\"x\":1}}";
    static const char other_layout[] =
        "\xef\xbb\xbf{ \"config\" : {\"x\": 1}, \"versions\":{}, \"model_name\":\"\\u006d\",\n\"date\":1768964383.5,\n"
        "\"results\":{\"a\":{\"acc,none\":0.50}}}\n";
    static const char other_score[] = "{\"versions\":{},\"results\":{\"a\":{\"acc,none\":0.6}},\"date\":1768964383.5,"
                                      "\"model_name\":\"m\",\"config\":{\"x\":1}}";
    static const char other_date[] = "{\"versions\":{},\"results\":{\"a\":{\"acc,none\":0.5}},\"date\":1768964383.6,"
                                     "\"model_name\":\"m\",\"config\":{\"x\":1}}";
    static const char undated[] = "{\"versions\":{},\"results\":{\"a\":{\"acc\":0.5}}}";
    static const char undated_other[] = "{\"versions\":{},\"results\":{\"a\":{\"acc\":0.6}}}";
    static const char *const texts[] = {one, other_layout, other_score, other_date, undated, undated_other};
    char ids[6][LMEVAL_ID_LEN];
    for (size_t i = 0; i < 6; i++) {
        struct lmeval_doc doc;
        struct err err = {0};
        assert_int_equal(read_doc(&doc, texts[i], "", &err), 0);
        memcpy(ids[i], doc.id, sizeof(ids[i]));
        assert_int_equal(strlen(ids[i]), 32);
        lmeval_doc_done(&doc);
    }
    assert_string_equal(ids[0], ids[1]);
    assert_string_equal(ids[0], ids[2]); /* an edited score belongs to the same evaluation */
    assert_string_not_equal(ids[0], ids[3]);
    assert_string_not_equal(ids[4], ids[5]);
}

/* ---- partial ------------------------------------------------------------------------------------------------------ */

struct partial_case {
    const char *config, *counts, *hash, *metrics; /* of the single task "t" */
    bool has_samples, differs;
    uint64_t samples;
    unsigned want;
    bool judged;
};

static void what_makes_an_evaluation_partial_is_seen(void **state) {
    (void)state;
    static const char full[] = "{\"original\":10,\"effective\":10}", hash[] = "\"" HEX64 "\"";
    static const struct partial_case cases[] = {
        {"{\"limit\":null}", full, "null", "{}", false, false, 0, 0, true},
        {"{\"limit\":\"None\"}", full, "null", "{}", false, false, 0, 0, true},
        {"{\"limit\":5}", full, "null", "{}", false, false, 0, LMEVAL_LIMIT, true},
        {"{\"limit\":0.1}", "null", "null", "{}", false, false, 0, LMEVAL_LIMIT, true},
        {"{\"limit\":\"5\"}", full, "null", "{}", false, false, 0, LMEVAL_LIMIT, true},
        {"{}", "{\"original\":\"10\",\"effective\":9}", "null", "{}", false, false, 0, LMEVAL_EFFECTIVE, true},
        {"{\"limit\":null}", full, "null", "{\"sample_len\":4}", false, false, 0, LMEVAL_EFFECTIVE, true},
        {"{\"limit\":null}", full, hash, "{}", false, false, 0, LMEVAL_MISSING, true},
        {"{\"limit\":null}", full, hash, "{}", true, false, 10, 0, true},
        {"{\"limit\":null}", full, hash, "{}", true, true, 10, LMEVAL_DIFFER, true},
        {"{\"limit\":null}", full, hash, "{}", true, true, 9, LMEVAL_FEWER, true},
        {"{\"limit\":null}", full, "null", "{}", true, false, 9, LMEVAL_FEWER, true},
        {"{\"limit\":null}", "null", "null", "{}", true, false, 9, 0, true},
        {"{}", full, "null", "{}", false, false, 0, 0, true},
        {"{}", "null", "null", "{}", false, false, 0, 0, false},
        {"{}", "{\"original\":10}", "null", "{}", false, false, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct partial_case *c = &cases[i];
        char text[1024];
        struct lmeval_doc doc;
        struct err err = {0};
        snprintf(text, sizeof(text),
                 "{\"results\":{\"t\":%s},\"groups\":{\"g\":{}},\"config\":%s,\"n-samples\":{\"t\":%s},\"task_hashes\":{"
                 "\"t\":%s}}",
                 c->metrics, c->config, c->counts, c->hash);
        assert_int_equal(read_doc(&doc, text, "", &err), 0);
        struct lmeval_task *t = lmeval_doc_task(&doc, bytes_of("t")), *g = lmeval_doc_task(&doc, bytes_of("g"));
        t->has_samples = c->has_samples;
        t->differs = c->differs;
        t->samples = c->samples;
        lmeval_doc_judge(&doc);
        if (t->partial != c->want || t->judged != c->judged) {
            fail_msg("case %zu: %u %d, wanted %u %d", i, t->partial, t->judged, c->want, c->judged);
        }
        assert_true(g->group && !t->group);
        assert_int_equal(g->partial, c->want);
        assert_int_equal(doc.partial, c->want);
        assert_int_equal(doc.judged, c->judged);
        lmeval_doc_done(&doc);
    }
}

/* ---- samples ------------------------------------------------------------------------------------------------------ */

static void each_wrong_sample_is_refused_in_its_own_words(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"doc_id\":0", "not valid JSON: column 11: '}' expected near end of file"},
        {"[]", "the line is not a JSON object; expected: a sample of lm-eval"},
        {"NaN", "the line is not a JSON object; expected: a sample of lm-eval"},
        {"{}", "'doc_id' is missing; expected: a line of samples, which has one"},
        {"{\"doc_id\":null}", "'doc_id' is missing; expected: a line of samples, which has one"},
        {"{\"doc_id\":-1}", "'doc_id' is not an id; expected: a whole number from 0, or a short name"},
        {"{\"doc_id\":[1]}", "'doc_id' is not an id; expected: a whole number from 0, or a short name"},
        {"{\"doc_id\":\"two words\"}", "'doc_id' is 'two words'; expected: a whole number from 0, or a short name"},
        {"{\"doc_id\":1,\"doc_id\":2}", "not valid JSON: column 20: duplicate object key near '\"doc_id\"'"},
        {"{\"doc_id\":1,\"x\":\"\xff\"}", "not valid JSON: column 17: unable to decode byte 0xff near '\"'"},
    };
    struct lmeval_reader reader;
    struct lmeval_about about = {.at = INGEST_NO_TIME};
    lmeval_reader_init(&reader);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lmeval_sample sample;
        struct err err = {0};
        assert_int_equal(lmeval_sample_read(&reader, bytes_of(cases[i][0]), &about, &sample, &err), ERR_INVALID);
        assert_string_equal(err.msg, cases[i][1]);
    }
    lmeval_reader_done(&reader);
}

static const char *body_of(struct lmeval_reader *reader, const char *line, const char *higher, char *ret, size_t cap) {
    struct lmeval_about about = {.task = bytes_of("t"), .at = INGEST_NO_TIME};
    struct lmeval_sample sample;
    struct err err = {0};
    struct buf room, json;
    about.higher = item(&room, higher);
    if (lmeval_sample_read(reader, bytes_of(line), &about, &sample, &err) != 0) {
        fail_msg("%s: %s", line, err.msg);
    }
    buf_init(&json, 1 << 20);
    assert_int_equal(mp_check(sample.body, NULL), 0);
    assert_int_equal(json_from_mp(sample.body, JSON_LINE, &json, NULL), 0);
    assert_true(json.n < cap);
    memcpy(ret, json.p, json.n);
    ret[json.n] = '\0';
    buf_done(&json);
    buf_done(&room);
    return ret;
}

static void scores_are_told_from_other_names(void **state) {
    (void)state;
    struct lmeval_reader reader;
    char text[4096];
    lmeval_reader_init(&reader);
    assert_string_equal(
        body_of(&reader,
                "{\"doc_id\":3,\"metrics\":[\"acc\",\"f1\",\"nll\",\"bleu\",\"em\"],\"acc\":1.0,\"f1\":\"0.5\","
                "\"nll\":NaN,\"bleu\":[\"a\",\"b\"],\"em\":true,\"extra\":7,\"length_info\":[]}",
                "{}", text, sizeof(text)),
        "{\"other\":{\"bleu\":[\"a\",\"b\"],\"extra\":7,\"length_info\":[]},\"sample\":\"3\","
        "\"scores\":{\"acc\":1.0,\"em\":true,\"f1\":0.5,\"nll\":null},\"task\":\"t\"}");
    assert_string_equal(
        body_of(&reader, "{\"doc_id\":3,\"acc\":1,\"f1\":[1,0],\"em\":true,\"word\":\"5\"}", "{}", text, sizeof(text)),
        "{\"other\":{\"f1\":[1,0],\"word\":\"5\"},\"sample\":\"3\",\"scores\":{\"acc\":1,\"em\":true},\"task\":\"t\"}");
    lmeval_reader_done(&reader);
}

/* The mean of "NAME,none" over samples of task "t", whose configuration is `config`; -1: it is not known. */
static double mean_of(const char *config, const char *name, uint64_t effective, const char *const *lines, size_t n) {
    struct lmeval_task task = {.name = bytes_of("t"), .has_effective = true, .effective = effective};
    struct lmeval_metric metric = {.metric = bytes_of(name), .filter = bytes_of("none")};
    struct lmeval_about about = {.task = bytes_of("t"), .at = INGEST_NO_TIME};
    struct lmeval_counter counter;
    struct lmeval_reader reader;
    struct buf room;
    struct err err = {0};
    double mean = -1;
    task.config = item(&room, config);
    lmeval_reader_init(&reader);
    assert_int_equal(lmeval_counter_init(&counter, &err), 0);
    for (size_t i = 0; i < n; i++) {
        struct lmeval_sample sample;
        if (lmeval_sample_read(&reader, bytes_of(lines[i]), &about, &sample, &err) == 0) {
            assert_int_equal(lmeval_counter_take(&counter, &sample, &err), 0);
        } else {
            lmeval_counter_lost(&counter);
        }
    }
    lmeval_counter_end(&counter, &task);
    if (!lmeval_mean(&task, &metric, &mean)) mean = -1;
    lmeval_means_free(task.means);
    lmeval_counter_done(&counter);
    lmeval_reader_done(&reader);
    buf_done(&room);
    return mean;
}

static void a_score_is_computed_again_where_it_is_the_mean_of_its_samples(void **state) {
    (void)state;
    static const char *const lines[] = {
        "{\"doc_id\":0,\"filter\":\"none\",\"acc\":1.0,\"f1\":1,\"own\":0.25,\"odd\":1,\"em\":true}",
        "{\"doc_id\":1,\"filter\":\"none\",\"acc\":0.0,\"f1\":1,\"own\":0.5,\"odd\":NaN,\"em\":false}",
        "{\"doc_id\":1,\"filter\":\"strict\",\"acc\":1.0,\"f1\":1}",
        "{\"doc_id\":2,\"filter\":\"none\",\"acc\":0,\"f1\":1,\"own\":-0.75,\"odd\":1,\"em\":true}",
        "{\"doc_id\":3,\"filter\":\"none\",\"acc\":1,\"f1\":1,\"own\":1.0,\"odd\":1,\"em\":true}",
        "{cut off"};
    static const char own[] = "{\"metric_list\":[{\"metric\":\"own\",\"aggregation\":\"mean\"},{\"metric\":\"odd\","
                              "\"aggregation\":\"mean\"},{\"metric\":\"em\",\"aggregation\":\"mean\"}]}";
    static const char other[] = "{\"metric_list\":[{\"metric\":\"acc\",\"aggregation\":\"perplexity\"}]}";
    assert_float_equal(mean_of("{}", "acc", 4, lines, 5), 0.5, 0); /* the other filter's sample is not among them */
    assert_float_equal(mean_of("{}", "f1", 4, lines, 5), -1, 0);   /* nobody says that it is a mean */
    assert_float_equal(mean_of(own, "own", 4, lines, 5), 0.25, 0);
    assert_float_equal(mean_of(own, "em", 4, lines, 5), 0.75, 0);
    assert_float_equal(mean_of(own, "odd", 4, lines, 5), -1, 0);   /* a sample has no number */
    assert_float_equal(mean_of(other, "acc", 4, lines, 5), -1, 0); /* it is said not to be one */
    assert_float_equal(mean_of("{}", "acc", 5, lines, 5), -1, 0);  /* a sample is missing */
    assert_float_equal(mean_of("{}", "acc", 4, lines, 6), -1, 0);  /* a line could not be read */
    assert_float_equal(mean_of("{}", "acc", 0, lines, 0), -1, 0);
}

static void a_sample_has_failed_when_a_metric_of_which_more_is_better_is_nought(void **state) {
    (void)state;
    static const struct {
        const char *line, *higher, *failed; /* NULL: absent */
    } cases[] = {
        {"{\"doc_id\":0,\"acc\":0.0,\"acc_norm\":1.0}", "{\"acc\":true}", "\"metric\":\"acc\""},
        {"{\"doc_id\":0,\"acc\":1.0,\"acc_norm\":0}", "{}", "\"metric\":\"acc_norm\""},
        {"{\"doc_id\":0,\"acc\":false}", "{\"acc\":\"True\"}", "\"metric\":\"acc\""},
        {"{\"doc_id\":0,\"wer\":0.0,\"z\":0.5}", "{\"wer\":false}", NULL},
        {"{\"doc_id\":0,\"wer\":1.0}", "{\"wer\":false}", NULL},
        {"{\"doc_id\":0,\"acc\":0.001}", "{\"acc\":true}", NULL},
        {"{\"doc_id\":0,\"x\":0.0}", "{\"x\":null}", "\"metric\":\"x\""},
        {"{\"doc_id\":0}", "{\"acc\":true}", NULL},
        {"{\"doc_id\":0,\"metrics\":[\"acc\"],\"acc\":NaN,\"zeros\":0}", "{}", NULL},
    };
    struct lmeval_reader reader;
    char text[4096];
    lmeval_reader_init(&reader);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        body_of(&reader, cases[i].line, cases[i].higher, text, sizeof(text));
        if (cases[i].failed != NULL ? strstr(text, cases[i].failed) == NULL : strstr(text, "failure") != NULL) {
            fail_msg("case %zu: %s", i, text);
        }
    }
    lmeval_reader_done(&reader);
}

static void hashes_are_kept_open_in_lower_case_and_odd_ones_as_they_stand(void **state) {
    (void)state;
    struct lmeval_reader reader;
    char text[4096];
    lmeval_reader_init(&reader);
    body_of(&reader,
            "{\"doc_id\":0,\"doc_hash\":\"" HEX64 "\",\"prompt_hash\":\"short\",\"target_hash\":null,\"filter\":7}", "{}",
            text, sizeof(text));
    assert_string_equal(text, "{\"doc_digest\":\"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\","
                              "\"other\":{\"filter\":7,\"prompt_hash\":\"short\"},\"sample\":\"0\",\"task\":\"t\"}");
    lmeval_reader_done(&reader);
}

static void absent_null_and_nought_stay_three_things(void **state) {
    (void)state;
    struct lmeval_reader reader;
    char absent[4096], null[4096], nought[4096];
    lmeval_reader_init(&reader);
    body_of(&reader, "{\"doc_id\":0,\"metrics\":[\"acc\"]}", "{}", absent, sizeof(absent));
    body_of(&reader, "{\"doc_id\":0,\"metrics\":[\"acc\"],\"acc\":null}", "{}", null, sizeof(null));
    body_of(&reader, "{\"doc_id\":0,\"metrics\":[\"acc\"],\"acc\":0}", "{}", nought, sizeof(nought));
    assert_null(strstr(absent, "acc"));
    assert_non_null(strstr(null, "\"other\":{\"acc\":null}"));
    assert_non_null(strstr(nought, "\"scores\":{\"acc\":0}"));
    lmeval_reader_done(&reader);
}

static void documents_are_counted_once_and_their_digest_is_the_harnesss(void **state) {
    (void)state;
    static const char *const hashes[] = {HEX64, HEX64, HEX64};
    struct lmeval_counter counter;
    struct lmeval_task task = {0};
    struct lmeval_sample sample = {.numbered = true};
    char all[3 * 64 * 6 + 1] = "", hex[65], quoted[70];
    struct buf room;
    assert_int_equal(lmeval_counter_init(&counter, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        sample.hashes[i] = bytes_of(hashes[i]);
    }
    for (size_t i = 0; i < 6; i++) { /* three documents, two filters */
        sample.number = i % 3 == 2 ? 1000000 : i % 3;
        assert_int_equal(lmeval_counter_take(&counter, &sample, NULL), 0);
        memcpy(all + i * 192, HEX64 HEX64 HEX64, 192);
    }
    uint8_t digest[HASH_LEN];
    const struct bytes whole = {(const uint8_t *)all, 6 * 192};
    hash_parts(digest, &whole, 1);
    text_hex(hex, digest, HASH_LEN);
    snprintf(quoted, sizeof(quoted), "\"%s\"", hex);
    task.hash = item(&room, quoted);
    lmeval_counter_end(&counter, &task);
    assert_true(task.has_samples && !task.differs);
    assert_int_equal(task.samples, 3);
    lmeval_counter_done(&counter);
    /* one sample fewer is another digest; a sample without hashes leaves it undetermined */
    assert_int_equal(lmeval_counter_init(&counter, NULL), 0);
    assert_int_equal(lmeval_counter_take(&counter, &sample, NULL), 0);
    lmeval_counter_end(&counter, &task);
    assert_true(task.differs);
    lmeval_counter_done(&counter);
    assert_int_equal(lmeval_counter_init(&counter, NULL), 0);
    sample.hashes[1] = bytes_of("");
    sample.number = LMEVAL_NUMBERED_MAX;
    assert_int_equal(lmeval_counter_take(&counter, &sample, NULL), 0);
    assert_int_equal(lmeval_counter_take(&counter, &sample, NULL), 0);
    lmeval_counter_end(&counter, &task);
    assert_false(task.differs);
    assert_int_equal(task.samples, 2);
    lmeval_counter_done(&counter);
    lmeval_means_free(task.means);
    buf_done(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_results_file_is_refused_in_its_own_words),
        cmocka_unit_test(a_file_with_too_many_tasks_is_refused),
        cmocka_unit_test(every_truncation_of_a_results_file_is_refused),
        cmocka_unit_test(no_flipped_bit_of_a_results_file_does_any_harm),
        cmocka_unit_test(the_time_is_the_date_and_never_the_counters),
        cmocka_unit_test(an_evaluation_keeps_its_id_however_its_file_is_laid_out),
        cmocka_unit_test(what_makes_an_evaluation_partial_is_seen),
        cmocka_unit_test(each_wrong_sample_is_refused_in_its_own_words),
        cmocka_unit_test(scores_are_told_from_other_names),
        cmocka_unit_test(a_score_is_computed_again_where_it_is_the_mean_of_its_samples),
        cmocka_unit_test(a_sample_has_failed_when_a_metric_of_which_more_is_better_is_nought),
        cmocka_unit_test(hashes_are_kept_open_in_lower_case_and_odd_ones_as_they_stand),
        cmocka_unit_test(absent_null_and_nought_stay_three_things),
        cmocka_unit_test(documents_are_counted_once_and_their_digest_is_the_harnesss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
