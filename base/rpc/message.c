/* The forms: a request has a method and an id, a notice a method alone, an answer an id and exactly one of result and error. */
#include "base/rpc/message.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/text.h"

struct bytes rpc_member(struct bytes map, const char *name) {
    struct bytes raw = {0};
    return map.n > 0 && mp_map_get(map, name, &raw) == 0 ? raw : (struct bytes){0};
}

static bool is_a(struct bytes raw, enum mp_type type, struct mp_item *ret) {
    struct mp_reader r;
    mp_reader_init(&r, raw);
    return raw.n > 0 && mp_take(&r, type, ret);
}

struct bytes rpc_word(struct bytes map, const char *name) {
    struct mp_item item;
    struct bytes raw = rpc_member(map, name);
    bool good = is_a(raw, MP_STR, &item) && item.data.n > 0 && item.data.n <= RPC_WORD_MAX && !text_has_control(item.data);
    return good ? item.data : (struct bytes){0};
}

bool rpc_is_name(struct bytes text, size_t max) {
    bool good = text.n > 0 && text.n <= max;
    for (size_t i = 0; good && i < text.n; i++) {
        uint8_t c = text.p[i];
        good =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    }
    return good;
}

void rpc_message_id(struct bytes id, uint64_t channel, uint8_t ret[RPC_ID_LEN]) {
    uint8_t digest[HASH_LEN], in[8];
    const struct bytes parts[] = {id, {in, channel != 0 ? sizeof(in) : 0}};
    be64_put(in, channel);
    hash_parts(digest, parts, 2);
    memcpy(ret, digest, RPC_ID_LEN);
}

struct bytes rpc_message_id_word(struct bytes id, char room[RPC_WORD_MAX + 3]) {
    struct mp_item item;
    if (id.n == 0 || mp_scalar(id, &item) != 0) return (struct bytes){0};
    if (item.type == MP_UINT) {
        (void)snprintf(room, RPC_WORD_MAX, "%llu", (unsigned long long)item.uint);
    } else if (item.type == MP_INT) {
        (void)snprintf(room, RPC_WORD_MAX, "%lld", (long long)item.sint);
    } else if (item.data.n == 0 || item.data.n > RPC_WORD_MAX - 2 || text_has_control(item.data)) {
        return (struct bytes){0};
    } else {
        const uint8_t first = item.data.p[0];
        bool number = first == '-' || (first >= '0' && first <= '9');
        for (size_t i = 1; number && i < item.data.n; i++) {
            number = item.data.p[i] >= '0' && item.data.p[i] <= '9';
        }
        (void)snprintf(room, RPC_WORD_MAX + 3, number ? "\"%.*s\"" : "%.*s", (int)item.data.n, (const char *)item.data.p);
    }
    return bytes_of(room);
}

static int open_answer(struct rpc_message *m, struct err *err) {
    struct mp_item item;
    bool result = m->result.n > 0, error = m->error.n > 0;
    if (result == error) {
        return err_set(err, ERR_INVALID, "the message has %s; expected: 'method', or one of 'result' and 'error'",
                       result ? "both 'result' and 'error'" : "no 'method', 'result' or 'error'");
    }
    if (result && m->id.n == 0) return err_set(err, ERR_INVALID, "the result has no 'id'");
    if (error && !is_a(m->error, MP_MAP, &item)) return err_set(err, ERR_INVALID, "'error' is not an object");
    m->form = result ? RPC_RESULT : RPC_ERROR;
    return 0;
}

int rpc_message_open(struct bytes mp, struct rpc_message *ret, struct err *err) {
    struct rpc_message m = {0};
    struct mp_item item;
    struct bytes version = rpc_member(mp, "jsonrpc"), id = rpc_member(mp, "id"), method = rpc_member(mp, "method");
    if (!is_a(mp, MP_MAP, &item)) return err_set(err, ERR_INVALID, "the message is not a JSON object");
    if (!is_a(version, MP_STR, &item) || !bytes_is(item.data, "2.0")) {
        return err_set(err, ERR_INVALID, "'jsonrpc' is not \"2.0\"");
    }
    if (id.n > 0 && (mp_scalar(id, &item) != 0 ||
                     (item.type != MP_STR && item.type != MP_UINT && item.type != MP_INT && item.type != MP_NIL))) {
        return err_set(err, ERR_INVALID, "'id' is neither text nor an integer");
    }
    m.id = id.n > 0 && item.type != MP_NIL ? id : (struct bytes){0};
    m.params = rpc_member(mp, "params");
    m.result = rpc_member(mp, "result");
    m.error = rpc_member(mp, "error");
    if (method.n == 0) {
        int rc = open_answer(&m, err);
        if (rc != 0) return rc;
    } else if (!is_a(method, MP_STR, &item) || item.data.n == 0) {
        return err_set(err, ERR_INVALID, "'method' is not a name");
    } else if (id.n > 0 && m.id.n == 0) {
        return err_set(err, ERR_INVALID, "'id' of a request is null; expected: text or an integer");
    } else if (m.result.n > 0 || m.error.n > 0) {
        return err_set(err, ERR_INVALID, "the message has both 'method' and an answer");
    } else {
        m.method = item.data;
        m.form = m.id.n > 0 ? RPC_REQUEST : RPC_NOTICE;
        if (m.params.n > 0 && !is_a(m.params, MP_MAP, &item) && !is_a(m.params, MP_ARRAY, &item)) {
            return err_set(err, ERR_INVALID, "'params' is neither an object nor a list");
        }
    }
    *ret = m;
    return 0;
}
