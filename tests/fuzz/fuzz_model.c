/* Any bytes as a model's answer: refused with words, or read the same in one piece and byte by byte. What is kept is bounded
 * and, where it is text, valid UTF-8. The first byte selects protocol, operation and form. */
#include <stdlib.h>

#include "base/text.h"
#include "work/model/answer.h"
#include "work/model/frame.h"

enum { TEXT = 512, FRAME = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int take(void *ctx, struct bytes frame, bool error, struct err *err) {
    struct model_answer *a = ctx;
    want(frame.n <= FRAME);
    int rc = model_answer_take(a, frame, error, err);
    want((rc == 1) == a->done && (rc == ERR_NET) == a->error);
    want(a->piece.n == 0 || rc < 0 || a->token);
    return rc;
}

static void check_text(struct bytes text, size_t max) {
    want(text.n <= max && text_utf8_valid(text.p, text.n) == text.n);
}

static void check(const struct work_model_result *r) {
    check_text(bytes_of_buf(&r->text), TEXT);
    check_text(bytes_of_buf(&r->reasoning), TEXT);
    check_text(bytes_of(r->served), sizeof(r->served));
    check_text(bytes_of(r->finish), sizeof(r->finish));
    want(r->tools_n <= WORK_TOOLS_MAX);
    for (size_t i = 0; i < r->tools_n; i++) {
        check_text(bytes_of_buf(&r->tools[i].arguments), TEXT);
        check_text(bytes_of(r->tools[i].name), sizeof(r->tools[i].name));
    }
    want(r->vectors_n * r->dimensions * sizeof(float) <= TEXT);
    bool counted = r->prompt_tokens != WORK_UNKNOWN || r->completion_tokens != WORK_UNKNOWN;
    want(counted == (r->tokens_from != WORK_TOKENS_UNKNOWN));
}

static int read_all(struct bytes in, unsigned kind, size_t step, struct work_model_result *r) {
    struct model_frames f;
    struct err err = {0};
    struct model_answer a = {.protocol = kind & 1 ? WORK_OPENAI : WORK_OLLAMA,
                             .operation = (kind >> 1 & 3) % 3,
                             .stream = (kind & 8) == 0,
                             .inputs = 2,
                             .text_max = TEXT,
                             .result = r};
    model_result_init(r, TEXT);
    model_answer_init(&a, FRAME);
    model_frames_init(&f, !a.stream ? MODEL_WHOLE : kind & 1 ? MODEL_EVENTS : MODEL_LINES, FRAME, take, &a);
    int rc = 0;
    for (size_t at = 0; at < in.n && rc == 0; at += step) {
        rc = model_frames_put(&f, (struct bytes){in.p + at, step < in.n - at ? step : in.n - at}, &err);
    }
    if (rc == 0) rc = model_frames_end(&f, &err);
    want(rc >= 0 || (rc == err.code && err.msg[0] != '\0'));
    check(r);
    model_frames_done(&f);
    model_answer_done(&a);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct work_model_result whole, bytewise;
    if (size == 0) return 0;
    struct bytes in = {data + 1, size - 1};
    int rc = read_all(in, data[0], in.n, &whole), slow = read_all(in, data[0], 1, &bytewise);
    want(rc == slow && bytes_eq(bytes_of_buf(&whole.text), bytes_of_buf(&bytewise.text)));
    want(whole.tools_n == bytewise.tools_n && whole.completion_tokens == bytewise.completion_tokens);
    work_model_result_done(&whole);
    work_model_result_done(&bytewise);
    return 0;
}
