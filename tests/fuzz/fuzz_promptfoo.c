/* Arbitrary bytes as a results file of promptfoo: it is refused with a message or gives canonical bodies. */
#include <stdlib.h>
#include <string.h>

#include "ingest/promptfoo/promptfoo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void check(struct buf *body, int code) {
    want(code == 0 && (body->n == 0 || mp_check(bytes_of_buf(body), NULL) == 0));
    buf_clear(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct promptfoo_doc doc;
    struct buf body;
    struct err err = {0};
    buf_init(&body, (size_t)8 << 20);
    promptfoo_doc_init(&doc);
    int rc = promptfoo_doc_read(&doc, (struct bytes){data, size}, &err);
    want(rc == 0 || (rc == err.code && err.msg[0] != '\0'));
    for (size_t i = 0; rc == 0 && i < doc.n_prompts; i++) {
        struct promptfoo_sums sums;
        bool there;
        promptfoo_sum(&doc, i, &sums);
        check(&body, promptfoo_put_imported(&doc, &sums, "fuzz", &body, NULL));
        for (int which = 0; which < 2; which++) {
            check(&body, promptfoo_put_scored(&doc, &sums, which, &body, &there, NULL));
        }
        for (size_t k = 0; k < doc.n_rows; k++) {
            check(&body, promptfoo_put_sample(&doc, &sums, &doc.rows[k], &body, NULL));
        }
    }
    promptfoo_doc_done(&doc);
    buf_done(&body);
    return 0;
}
