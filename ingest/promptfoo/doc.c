/* A results file: read whole, checked for what this source needs, and its rows found. Everything else stays as it is. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "ingest/input/item.h"
#include "ingest/input/pyjson.h"
#include "ingest/promptfoo/promptfoo.h"

#define NO_BYTES ((struct bytes){NULL, 0})
#define WORD_MAX 128

/* ---- the document ---- */

void promptfoo_doc_init(struct promptfoo_doc *doc) {
    memset(doc, 0, sizeof(*doc));
    buf_init(&doc->mp, PROMPTFOO_DOC_MAX * 2);
    buf_init(&doc->scratch, PROMPTFOO_DOC_MAX * 2);
    buf_init(&doc->made, PROMPTFOO_DOC_MAX * 4);
    doc->at = INGEST_NO_TIME;
}

void promptfoo_doc_done(struct promptfoo_doc *doc) {
    buf_done(&doc->mp);
    buf_done(&doc->scratch);
    buf_done(&doc->made);
    free(doc->prompts);
    free(doc->rows);
    doc->prompts = NULL;
    doc->rows = NULL;
}

static int read_prompts(struct promptfoo_doc *doc, struct err *err) {
    struct mp_reader r;
    uint32_t n = 0;
    bool table = doc->version == 2;
    struct bytes head = item_get(item_get(doc->results, "table"), "head");
    if (!item_list(item_get(table ? head : doc->results, "prompts"), &r, &n)) {
        return err_set(err, ERR_INVALID, "'results.%sprompts' is not a list; expected: the prompts that were evaluated",
                       table ? "table.head." : "");
    }
    if (n > PROMPTFOO_PROMPTS_MAX) {
        return err_set(err, ERR_LIMIT, "the file has %u prompts; expected: at most %d", n, PROMPTFOO_PROMPTS_MAX);
    }
    doc->prompts = calloc((size_t)n + 1, sizeof(*doc->prompts));
    if (doc->prompts == NULL) return err_set(err, ERR_NOMEM, "promptfoo: out of memory");
    while (doc->n_prompts < n) {
        int rc = mp_skip(&r, 2, &doc->prompts[doc->n_prompts], err);
        if (rc != 0) return rc;
        if (!item_is(doc->prompts[doc->n_prompts++], MP_MAP)) {
            return err_set(err, ERR_INVALID, "'results.prompts[%zu]' is not an object", doc->n_prompts - 1);
        }
    }
    return 0;
}

/* Counts the rows of the same test, in their order. */
static int by_test(const void *a, const void *b) {
    const struct promptfoo_row *x = *(struct promptfoo_row *const *)a, *y = *(struct promptfoo_row *const *)b;
    int order = (x->prompt > y->prompt) - (x->prompt < y->prompt);
    order = order != 0 ? order : (x->test > y->test) - (x->test < y->test);
    return order != 0 ? order : (x > y) - (x < y);
}

static int count_repeats(struct promptfoo_doc *doc, struct err *err) {
    struct promptfoo_row **order = calloc(doc->n_rows + 1, sizeof(struct promptfoo_row *));
    if (order == NULL) return err_set(err, ERR_NOMEM, "promptfoo: out of memory");
    for (size_t i = 0; i < doc->n_rows; i++) {
        order[i] = &doc->rows[i];
    }
    qsort(order, doc->n_rows, sizeof(*order), by_test);
    for (size_t i = 1; i < doc->n_rows; i++) {
        bool same = order[i]->prompt == order[i - 1]->prompt && order[i]->test == order[i - 1]->test;
        order[i]->repeat = same ? order[i - 1]->repeat + 1 : 0;
    }
    free(order);
    return 0;
}

static int read_rows(struct promptfoo_doc *doc, struct err *err) {
    struct mp_reader r;
    uint32_t n = 0;
    if (!item_list(item_get(doc->results, "results"), &r, &n)) {
        return err_set(err, ERR_INVALID, "'results.results' is not a list; expected: what was answered to each test");
    }
    doc->rows = calloc((size_t)n + 1, sizeof(*doc->rows));
    if (doc->rows == NULL) return err_set(err, ERR_NOMEM, "promptfoo: out of memory");
    while (doc->n_rows < n) {
        struct promptfoo_row *row = &doc->rows[doc->n_rows];
        int rc = mp_skip(&r, 2, &row->raw, err);
        if (rc != 0) return rc;
        if (!item_count(item_get(row->raw, "promptIdx"), &row->prompt) || row->prompt >= doc->n_prompts) {
            return err_set(err, ERR_INVALID,
                           "'results.results[%zu].promptIdx' is not the number of a prompt; expected: 0 to %zu",
                           doc->n_rows, doc->n_prompts > 0 ? doc->n_prompts - 1 : 0);
        }
        if (!item_count(item_get(row->raw, "testIdx"), &row->test)) {
            return err_set(err, ERR_INVALID, "'results.results[%zu].testIdx' is not a whole number from 0", doc->n_rows);
        }
        doc->n_rows++;
    }
    return count_repeats(doc, err);
}

/* The rows that the outputs of a line of the table make. */
static int make_rows(struct promptfoo_doc *doc, struct bytes line, uint64_t test, struct err *err) {
    struct mp_reader r;
    struct bytes output;
    uint32_t n = 0;
    if (!item_list(item_get(line, "outputs"), &r, &n) || n != doc->n_prompts) {
        return err_set(err, ERR_INVALID,
                       "'results.table.body[%llu].outputs' is not a list of %zu; expected: one for each prompt",
                       (unsigned long long)test, doc->n_prompts);
    }
    struct promptfoo_row *rows = realloc(doc->rows, (doc->n_rows + n + 1) * sizeof(*rows));
    if (rows == NULL) return err_set(err, ERR_NOMEM, "promptfoo: out of memory");
    doc->rows = rows;
    for (uint32_t i = 0; i < n; i++) {
        size_t from = doc->made.n;
        int rc = mp_skip(&r, 2, &output, err);
        if (rc == 0) rc = promptfoo_table_row(doc->prompts[i], line, output, &doc->made, err);
        if (rc != 0) return rc;
        /* the buffer may still move, so that the place is found at the end */
        doc->rows[doc->n_rows++] = (struct promptfoo_row){.prompt = i, .test = test, .raw = {NULL, doc->made.n - from}};
    }
    return 0;
}

static int read_table(struct promptfoo_doc *doc, struct err *err) {
    struct mp_reader r;
    struct bytes line;
    uint32_t n = 0;
    int rc = 0;
    size_t at = 0;
    if (!item_list(item_get(item_get(doc->results, "table"), "body"), &r, &n)) {
        return err_set(err, ERR_INVALID, "'results.table.body' is not a list; expected: what was answered to each test");
    }
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        rc = mp_skip(&r, 2, &line, err);
        if (rc == 0) rc = make_rows(doc, line, i, err);
    }
    for (size_t i = 0; i < doc->n_rows && rc == 0; at += doc->rows[i++].raw.n) {
        doc->rows[i].raw.p = doc->made.p + at;
    }
    return rc == 0 ? count_repeats(doc, err) : rc;
}

static int check_version(struct promptfoo_doc *doc, struct err *err) {
    static const char expected[] = "expected: 2 or 3, as in results files of promptfoo";
    struct bytes said = item_get(doc->results, "version");
    bool told = item_count(said, &doc->version);
    if (said.n == 0 && item_get(doc->results, "table").n > 0) {
        doc->version = 2;
        return 0;
    }
    if (told && (doc->version == 2 || doc->version == 3)) return 0;
    if (!told) {
        return err_set(err, ERR_INVALID, "'results.version' is %s; %s", said.n > 0 ? "not a number" : "missing", expected);
    }
    return err_set(err, ERR_INVALID, "'results.version' is %llu; %s", (unsigned long long)doc->version, expected);
}

int promptfoo_doc_read(struct promptfoo_doc *doc, struct bytes text, struct err *err) {
    hash_parts(doc->file_digest, &text, 1);
    if (bytes_has_prefix(text, "\xef\xbb\xbf")) {
        text.p += 3;
        text.n -= 3;
    }
    int rc = pyjson_to_mp(text, PROMPTFOO_DOC_ROOM, &doc->scratch, &doc->mp, err);
    buf_done(&doc->scratch);
    if (rc != 0) return rc;
    struct bytes whole = bytes_of_buf(&doc->mp);
    doc->results = item_get(whole, "results");
    if (!item_is(whole, MP_MAP) || !item_is(doc->results, MP_MAP)) {
        return err_set(err, ERR_INVALID,
                       "'results' is not an object; expected: a results file of promptfoo, as by 'eval -o FILE.json'");
    }
    rc = check_version(doc, err);
    if (rc == 0) rc = read_prompts(doc, err);
    if (rc == 0) rc = doc->version == 2 ? read_table(doc, err) : read_rows(doc, err);
    hash_parts(doc->digest, &whole, 1);
    doc->config = item_get(whole, "config");
    doc->metadata = item_get(whole, "metadata");
    doc->eval = mp_get_text(whole, "evalId");
    struct bytes at = mp_get_text(doc->results, "timestamp");
    if (text_parse_time(at, &doc->at) != 0) {
        doc->at = INGEST_NO_TIME;
        doc->at_text = at.n <= WORD_MAX ? at : NO_BYTES;
    }
    return rc;
}

/* ---- one prompt ---- */

enum promptfoo_outcome promptfoo_outcome(struct bytes row) {
    bool success = false, pass = false;
    uint64_t reason = 0;
    bool told = item_truth(item_get(row, "success"), &success);
    bool why = item_count(item_get(row, "failureReason"), &reason);
    bool graded = item_truth(item_get(item_get(row, "gradingResult"), "pass"), &pass);
    if (why && reason == 2) return PROMPTFOO_ERRED;
    if (!told || (graded && pass != success) || (why && reason > 2) || (success && reason != 0)) return PROMPTFOO_UNCLEAR;
    return success ? PROMPTFOO_PASSED : why && reason == 1 ? PROMPTFOO_FAILED : PROMPTFOO_UNCLEAR;
}

static void sum_row(struct promptfoo_sums *s, struct bytes row) {
    struct bytes response = item_get(row, "response");
    struct bytes model = item_word(item_get(item_get(row, "provider"), "id"));
    bool cached = false;
    double score = 0;
    s->model = s->rows == 0 || bytes_eq(s->model, model) ? model : NO_BYTES;
    s->cached_known = s->cached_known && item_truth(item_get(response, "cached"), &cached);
    s->cached = s->cached || cached;
    s->scored = s->scored && item_number(item_get(row, "score"), &score);
    s->score += score;
    s->passed += promptfoo_outcome(row) == PROMPTFOO_PASSED;
    s->rows++;
}

void promptfoo_sum(const struct promptfoo_doc *doc, size_t index, struct promptfoo_sums *s) {
    static const char *const names[] = {"testPassCount", "testFailCount", "testErrorCount"};
    struct bytes metrics = item_get(doc->prompts[index], "metrics");
    *s = (struct promptfoo_sums){.index = index, .prompt = doc->prompts[index], .scored = true, .cached_known = true};
    for (size_t i = 0; i < doc->n_rows; i++) {
        if (doc->rows[i].prompt == index) sum_row(s, doc->rows[i].raw);
    }
    s->counted = true;
    for (size_t i = 0; i < 3; i++) {
        uint64_t n = 0;
        struct bytes said = item_get(metrics, names[i]);
        bool there = item_count(said, &n) || (i == 2 && said.n == 0); /* older versions count no errors */
        s->counted = s->counted && there && !__builtin_add_overflow(s->said_rows, n, &s->said_rows);
        s->said_passed = i == 0 ? n : s->said_passed;
    }
    s->has_score = item_number(item_get(metrics, "score"), &s->said_score);
}
