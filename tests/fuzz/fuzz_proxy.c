/* Any bytes as a request and an answer that pass the proxy: what is read of them is the same in one piece and byte by byte, bounded,
 * and valid text. The first byte selects the form of the answer. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "capture/pass/fields.h"
#include "capture/proxy/facts.h"
#include "capture/proxy/members.h"
#include "work/model/frame.h"

enum { TEXT = 512, FRAME = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static void on_member(void *ctx, const char *name, struct bytes json) {
    struct buf *seen = ctx;
    want(json.n > 0 && json.n <= MEMBERS_VALUE_MAX && strlen(name) < MEMBERS_NAME_MAX);
    buf_put_str(seen, name);
    buf_put_bytes(seen, json);
}

static int on_frame(void *ctx, struct bytes frame, bool error, struct err *err) {
    (void)err;
    proxy_facts_take(ctx, frame, error);
    return 0;
}

static void read_all(struct bytes in, unsigned form, size_t step, struct facts *f, struct buf *seen) {
    struct model_frames frames;
    struct members m;
    struct err err = {0};
    int rc = 0;
    proxy_facts_init(f, FRAME, TEXT);
    members_init(&m, on_member, seen);
    model_frames_init(&frames, (enum model_form)(form % 3), FRAME, on_frame, f);
    for (size_t at = 0; at < in.n; at += step) {
        struct bytes piece = {in.p + at, in.n - at < step ? in.n - at : step};
        members_put(&m, piece);
        if (rc == 0) rc = model_frames_put(&frames, piece, &err);
    }
    if (rc == 0) (void)model_frames_end(&frames, &err);
    model_frames_done(&frames);
}

static void check_text(const char *text) {
    struct bytes b = bytes_of(text);
    want(text_utf8_valid(b.p, b.n) == b.n && !text_has_control(b));
}

static void read_lines(struct bytes in) {
    struct fields_answer answer;
    struct buf out = {.max = (size_t)128 << 10};
    struct err err = {0};
    int rc = 0;
    fields_answer_init(&answer);
    while (rc == 0 && in.n > 0) {
        const uint8_t *end = bytes_find(in, '\n');
        size_t n = end != NULL ? (size_t)(end - in.p) : in.n;
        rc = fields_answer_put(&answer, (struct bytes){in.p, n}, &err);
        n += end != NULL ? 1 : 0;
        in = (struct bytes){in.p + n, in.n - n};
    }
    (void)fields_answer_write(&answer, NULL, &out, &err);
    const char *path = fields_location(answer.location, "http://a:1", NULL);
    want(path == NULL || (strncmp(path, "//", 2) != 0 && strstr(path, "\\") == NULL));
    buf_done(&out);
    fields_answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct facts one, two;
    struct buf seen = {.max = SIZE_MAX}, again = {.max = SIZE_MAX};
    if (size == 0) return 0;
    struct bytes in = {data + 1, size - 1};
    read_all(in, data[0], in.n + 1, &one, &seen);
    read_all(in, data[0], 1, &two, &again);
    want(bytes_eq(bytes_of_buf(&seen), bytes_of_buf(&again)));
    want(one.done == two.done && one.error == two.error && one.tokens_in == two.tokens_in &&
         one.tokens_out == two.tokens_out && one.tool_calls == two.tool_calls && strcmp(one.served, two.served) == 0 &&
         strcmp(one.words, two.words) == 0);
    want(one.text.n <= TEXT && text_utf8_valid(one.text.p, one.text.n) == one.text.n);
    check_text(one.served);
    check_text(one.finish);
    check_text(one.words);
    check_text(one.remote_host);
    read_lines(in);
    proxy_facts_done(&one);
    proxy_facts_done(&two);
    buf_done(&seen);
    buf_done(&again);
    return 0;
}
