/* json_to_mp is the strict parser: one value, no name twice, UTF-8, no lone surrogates, bounded depth, size and count. */
#include "capture/tap/strict.h"

#include "base/json.h"
#include "base/mp.h"
#include "capture/tap/exact.h"

#define TEXT_MAX (4 * RPC_LINE_MAX)

/* Codes of JSON-RPC, and ours for what is refused. */
enum { CODE_PARSE = -32700, CODE_REQUEST = -32600, CODE_REFUSED = -32050 };

void tap_strict_init(struct tap_strict *s) {
    buf_init(&s->mp, RPC_LINE_MAX + ((size_t)1 << 20));
    buf_init(&s->text, TEXT_MAX);
    buf_init(&s->words, (size_t)64 << 10);
}

void tap_strict_done(struct tap_strict *s) {
    buf_done(&s->mp);
    buf_done(&s->text);
    buf_done(&s->words);
}

/* An error for the id, an item; empty: null. */
static int refuse(struct tap_strict *s, struct bytes id, int code, const char *words, struct err *err) {
    struct buf *out = &s->text;
    buf_clear(out);
    buf_put_str(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    if (id.n == 0 || json_from_mp(id, JSON_LINE, out, NULL) != 0) buf_put_str(out, "null");
    buf_printf(out, ",\"error\":{\"code\":%d,\"message\":", code);
    (void)json_put_str(out, bytes_of(words));
    buf_put_str(out, "}}\n");
    int rc = buf_check(out, "an answer", err);
    if (rc == 0 && s->answer(s->ctx, bytes_of_buf(out)) != 0) rc = ERR_IO;
    return rc;
}

static int pass(struct tap_strict *s, struct bytes mp, struct err *err) {
    buf_clear(&s->text);
    int rc = json_from_mp(mp, JSON_LINE, &s->text, err);
    buf_put_u8(&s->text, '\n');
    if (rc == 0) rc = buf_check(&s->text, "a message", err);
    if (rc == 0 && s->pass(s->ctx, bytes_of_buf(&s->text)) != 0) rc = ERR_IO;
    return rc;
}

/* One message, opened. */
static int take(struct tap_strict *s, struct bytes mp, const struct rpc_message *m, struct err *err) {
    struct tap_verdict verdict = {0};
    struct tap_judged judged;
    int rc = tap_judge_see(s->link, s->side, m, err);
    if (rc != 0) return rc;
    bool call = s->side == TAP_CLIENT && bytes_is(m->method, "tools/call");
    if (call && m->form == RPC_NOTICE) return 0; /* nobody could be told what was decided: it does not leave */
    if (call) tap_judge_call(s->link, m, &judged, &verdict);
    tap_record_message(s->record, s->side, &s->within, mp, &verdict);
    s->called += verdict.is == TAP_ALLOWED;
    if (verdict.is != TAP_REFUSED) return pass(s, mp, err);
    buf_clear(&s->words);
    buf_printf(&s->words, "refused by the ledger: %s", verdict.words);
    buf_put_u8(&s->words, '\0');
    rc = buf_check(&s->words, "an answer", err);
    return rc == 0 ? refuse(s, m->id, CODE_REFUSED, (const char *)s->words.p, err) : rc;
}

/* What could be read otherwise, or answers nothing. */
static const char *fault_of(struct tap_strict *s, struct bytes mp, const struct rpc_message *m) {
    const char *fault = tap_exact_fault(mp, m, s->side);
    bool answers = m->form == RPC_RESULT || m->form == RPC_ERROR;
    if (fault != NULL || s->side == TAP_SERVER || !answers) return fault;
    return tap_judge_answers(s->link, m) ? NULL : "the message answers no request of the server";
}

static int open(struct tap_strict *s, struct bytes mp, struct err *err) {
    struct rpc_message m;
    struct err why = {0};
    if (rpc_message_open(mp, &m, &why) == 0) {
        m.channel = s->within.apart ? s->within.exchange : 0;
        const char *fault = fault_of(s, mp, &m);
        if (fault == NULL) return take(s, mp, &m, err);
        const struct tap_verdict no = {.is = TAP_REFUSED, .error = "call", .words = fault};
        tap_record_message(s->record, s->side, &s->within, mp, &no);
        /* The id of what is an answer, or a notice, is none that the client asked with. */
        return s->side == TAP_SERVER
                   ? 0
                   : refuse(s, m.form == RPC_REQUEST ? m.id : (struct bytes){0}, CODE_REQUEST, fault, err);
    }
    tap_record_message(s->record, s->side, &s->within, mp, NULL);
    if (s->side == TAP_SERVER) return 0;
    struct bytes id = rpc_member(mp, "id");
    struct mp_item item;
    bool good =
        id.n > 0 && mp_scalar(id, &item) == 0 && (item.type == MP_STR || item.type == MP_UINT || item.type == MP_INT);
    return refuse(s, good ? id : (struct bytes){0}, CODE_REQUEST, why.msg, err);
}

int tap_strict_line(void *ctx, const struct rpc_line *line, struct err *err) {
    struct tap_strict *s = ctx;
    struct err why = {0};
    struct mp_reader r;
    struct mp_item head;
    struct bytes raw, all;
    if (rpc_line_is_blank(line)) return 0;
    buf_clear(&s->mp);
    int rc = line->too_long ? err_set(&why, ERR_LIMIT, "a message has more than %zu bytes", RPC_LINE_MAX)
                            : json_to_mp(line->text, &s->mp, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        tap_record_text(s->record, s->side, &s->within, line->text);
        return s->side == TAP_CLIENT ? refuse(s, (struct bytes){0}, CODE_PARSE, why.msg, err) : 0;
    }
    all = bytes_of_buf(&s->mp);
    mp_reader_init(&r, all);
    if (!mp_take(&r, MP_ARRAY, &head)) return open(s, all, err);
    if (head.count == 0) return open(s, all, err);
    for (uint32_t i = 0; rc == 0 && i < head.count && mp_skip(&r, 1, &raw, NULL) == 0; i++) {
        rc = open(s, raw, err);
    }
    return rc;
}
