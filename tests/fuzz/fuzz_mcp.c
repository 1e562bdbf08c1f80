/* Arbitrary bytes as both sides of a connection: lines that begin with '<' are the server's, others the client's. Twice: as a tap
 * that records reads them, and as one that judges, with everything refused. Events are canonical, their header strings valid, and
 * what goes on is one message, which reads as itself. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "capture/tap/exact.h"
#include "capture/tap/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static int on_event(void *ctx, const struct tap_event *e, struct err *err) {
    const struct bytes names[] = {e->subject, e->actor, e->run, e->key, e->cause_key};
    (void)ctx;
    (void)err;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        want(names[i].n <= 600 && text_utf8_valid(names[i].p, names[i].n) == names[i].n && !text_has_control(names[i]));
    }
    want(e->subject.n > 0 && e->key.n > 0 && mp_check(e->body, NULL) == 0);
    return 0;
}

static void on_alarm(void *ctx, const char *text) {
    (void)ctx;
    want(text[0] != '\0' && text_is_safe(bytes_of(text), false));
}

struct fuzzed {
    struct tap_session *session;
    bool judged;
};

/* The parser's text of a message is a message again, and the same one. */
static void judge(struct fuzzed *f, enum tap_side side, struct bytes text) {
    struct buf mp = {.max = (size_t)1 << 20}, json = {.max = (size_t)4 << 20}, again = {.max = (size_t)1 << 20};
    const struct tap_verdict no = {
        .is = TAP_REFUSED, .error = "permission", .words = "no", .requested = true, .group = "exec"};
    struct rpc_message m;
    if (json_to_mp(text, &mp, NULL) == 0 && rpc_message_open(bytes_of_buf(&mp), &m, NULL) == 0) {
        (void)tap_exact_fault(bytes_of_buf(&mp), &m, side);
        want(json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, NULL) == 0);
        want(bytes_find(bytes_of_buf(&json), '\n') == NULL);
        want(json_to_mp(bytes_of_buf(&json), &again, NULL) == 0);
        want(bytes_eq(bytes_of_buf(&mp), bytes_of_buf(&again)));
        want(tap_session_message(f->session, side, bytes_of_buf(&mp), &no, 1, NULL) == 0);
    }
    buf_done(&mp);
    buf_done(&json);
    buf_done(&again);
}

static int on_line(void *ctx, const struct rpc_line *line, struct err *err) {
    struct fuzzed *f = ctx;
    struct rpc_line own = *line;
    enum tap_side side = line->text.n > 0 && line->text.p[0] == '<' ? TAP_SERVER : TAP_CLIENT;
    size_t skip = line->text.n < 2 ? line->text.n : 2;
    own.text = (struct bytes){line->text.p + skip, line->text.n - skip};
    if (!f->judged) return tap_session_line(f->session, side, &own, 1, err);
    judge(f, side, own.text);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct tap_names names = {.server = "srv", .run = "0123456789abcdef"};
    const struct tap_sink sink = {NULL, on_event, on_alarm};
    for (int i = 0; i < 2; i++) {
        struct fuzzed f = {tap_session_new(&names, &sink), i == 1};
        struct rpc_lines lines;
        if (f.session == NULL) return 0;
        rpc_lines_init(&lines);
        want(rpc_lines_put(&lines, (struct bytes){data, size}, on_line, &f, NULL) == 0);
        want(rpc_lines_end(&lines, on_line, &f, NULL) == 0);
        want(tap_session_end(f.session, -1, 1, NULL) == 0);
        rpc_lines_done(&lines);
        tap_session_free(f.session);
    }
    return 0;
}
