/* Arbitrary bytes as a results file of the lm-evaluation-harness or, after a first line feed, as its samples: each is
 * refused with a message or gives canonical bodies. */
#include <stdlib.h>
#include <string.h>

#include "ingest/lmeval/lmeval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void check(struct buf *body, int code) {
    want(code == 0 && mp_check(bytes_of_buf(body), NULL) == 0);
    buf_clear(body);
}

static void results(struct bytes text, struct buf *body) {
    struct lmeval_doc doc;
    struct err err = {0};
    lmeval_doc_init(&doc);
    int rc = lmeval_doc_read(&doc, text, bytes_of("2026-01-01T00-00-00"), &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
    if (rc == 0) {
        lmeval_doc_judge(&doc);
        check(body, lmeval_put_imported(&doc, "fuzz", body, NULL));
        for (size_t i = 0; i < doc.n_tasks; i++) {
            struct item_entries e;
            struct lmeval_metric m;
            want(lmeval_doc_task(&doc, doc.tasks[i].name) == &doc.tasks[i]);
            check(body, lmeval_put_task(&doc.tasks[i], body, NULL));
            item_entries_open(&e, doc.tasks[i].metrics);
            while (lmeval_metric_next(&doc.tasks[i], &e, &m)) {
                check(body, lmeval_put_scored(&doc, &doc.tasks[i], &m, body, NULL));
            }
        }
    }
    lmeval_doc_done(&doc);
}

static void samples(struct bytes text) {
    const struct lmeval_about about = {.task = bytes_of("t"), .at = INGEST_NO_TIME};
    struct lmeval_reader reader;
    struct lmeval_counter counter;
    struct lmeval_task task = {0};
    uint64_t lines = 0;
    lmeval_reader_init(&reader);
    want(lmeval_counter_init(&counter, NULL) == 0);
    while (text.n > 0) {
        const uint8_t *lf = memchr(text.p, '\n', text.n);
        size_t n = lf != NULL ? (size_t)(lf - text.p) : text.n;
        struct lmeval_sample sample;
        struct err err = {0};
        int rc = lmeval_sample_read(&reader, (struct bytes){text.p, n}, &about, &sample, &err);
        want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
        if (rc == 0) {
            want(mp_check(sample.body, NULL) == 0 && lmeval_counter_take(&counter, &sample, NULL) == 0);
            lines++;
        }
        n += lf != NULL;
        text.p += n;
        text.n -= n;
    }
    lmeval_counter_end(&counter, &task);
    want(task.samples <= lines);
    lmeval_counter_done(&counter);
    lmeval_means_free(task.means);
    lmeval_reader_done(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct buf body;
    buf_init(&body, (size_t)8 << 20);
    if (size > 0 && data[0] == '\n') {
        samples((struct bytes){data + 1, size - 1});
    } else {
        results((struct bytes){data, size}, &body);
    }
    buf_done(&body);
    return 0;
}
