/* The table of messages, and how a text gets its arguments. */
#include "projections/verdict/messages.h"

#include <stdio.h>
#include <string.h>

#include "projections/ready/readiness.h"

#define NAME_MAX_BYTES  120
#define WORDS_MAX_BYTES 500

/* clang-format off */
const struct message messages[MESSAGES] = {
#define MESSAGE(name, id, text)               [MESSAGE_##name] = {id, NULL, NULL, text},
#define MESSAGE_N(name, id, count, one, many) [MESSAGE_##name] = {id, count, one, many},
#include "projections/verdict/messages.def"
};
/* clang-format on */

static bool find_rule(struct bytes name, struct message *ret) {
    for (size_t i = 0; i < READINESS_RULES; i++) {
        if (bytes_is(name, readiness_rules[i].name)) {
            *ret = (struct message){readiness_rules[i].name, NULL, NULL, readiness_rules[i].words};
            return true;
        }
    }
    return false;
}

bool message_find(struct bytes id, struct message *ret) {
    static const char ready[] = "ready.";
    if (bytes_has_prefix(id, ready)) {
        return find_rule((struct bytes){id.p + sizeof(ready) - 1, id.n - sizeof(ready) + 1}, ret);
    }
    for (size_t i = MESSAGE_NONE + 1; i < MESSAGES; i++) {
        if (bytes_is(id, messages[i].id)) {
            *ret = messages[i];
            return true;
        }
    }
    return false;
}

static struct message_arg cut(const char *name, struct bytes text, size_t max) {
    return (struct message_arg){.name = name, .is_text = true, .text = {text.p, reason_fits(text, max)}};
}

struct message_arg message_name(const char *name, struct bytes text) {
    return cut(name, text, NAME_MAX_BYTES);
}

struct message_arg message_words(const char *name, struct bytes text) {
    return cut(name, text, WORDS_MAX_BYTES);
}

struct message_arg message_int(const char *name, int64_t n) {
    return (struct message_arg){.name = name, .n = n};
}

const char *message_text(const struct message *message, const struct message_arg *args, size_t n) {
    bool one = false;
    for (size_t i = 0; i < n && message->count != NULL; i++) {
        one = one || (strcmp(args[i].name, message->count) == 0 && !args[i].is_text && args[i].n == 1);
    }
    return one ? message->one : message->text;
}

struct filling {
    const struct message_arg *args;
    size_t n;
};

static bool put_arg(void *ctx, const char *name, struct buf *out) {
    const struct filling *f = ctx;
    for (size_t i = 0; i < f->n; i++) {
        if (strcmp(f->args[i].name, name) != 0) continue;
        if (f->args[i].is_text) {
            buf_put_bytes(out, f->args[i].text);
        } else {
            buf_printf(out, "%lld", (long long)f->args[i].n);
        }
        return true;
    }
    buf_printf(out, "{%s}", name);
    return true;
}

void message_fill(const char *text, const struct message_arg *args, size_t n, struct buf *out) {
    struct filling f = {args, n};
    readiness_fill(text, put_arg, &f, out);
}

/* ---- as a map ---- */

/* Whether the text, or the choice of the text, needs this argument. */
static bool is_used(const struct message *message, const char *text, const char *name) {
    char place[40];
    snprintf(place, sizeof(place), "{%s}", name);
    return strstr(text, place) != NULL || (message->count != NULL && strcmp(message->count, name) == 0);
}

/* Those that are used, in the order of their names, as a canonical map needs them. */
static size_t sorted(const struct message *message, const char *text, const struct message_arg *args, size_t n,
                     const struct message_arg *ret[MESSAGE_ARGS_MAX]) {
    size_t kept = 0;
    for (size_t i = 0; i < n && kept < MESSAGE_ARGS_MAX; i++) {
        size_t at = kept;
        if (!is_used(message, text, args[i].name)) continue;
        for (; at > 0 && strcmp(ret[at - 1]->name, args[i].name) > 0; at--) {
            ret[at] = ret[at - 1];
        }
        ret[at] = &args[i];
        kept++;
    }
    return kept;
}

void message_put(const struct message *message, const struct message_arg *args, size_t n, struct buf *out) {
    const struct message_arg *in_order[MESSAGE_ARGS_MAX];
    const char *text = message_text(message, args, n);
    struct buf words = {.max = ROW_TEXT_MAX};
    size_t kept = sorted(message, text, args, n, in_order);
    message_fill(text, args, n, &words);
    mp_put_map(out, 3);
    mp_put_str(out, bytes_of("args"));
    mp_put_map(out, (uint32_t)kept);
    for (size_t i = 0; i < kept; i++) {
        mp_put_str(out, bytes_of(in_order[i]->name));
        if (in_order[i]->is_text) {
            mp_put_str(out, in_order[i]->text);
        } else {
            mp_put_int(out, in_order[i]->n);
        }
    }
    mp_pair_str(out, "id", bytes_of(message->id));
    mp_pair_str(out, "words", bytes_of_buf(&words));
    buf_done(&words);
}

size_t message_args(struct bytes map, char names[MESSAGE_ARGS_MAX][32], struct message_arg ret[MESSAGE_ARGS_MAX]) {
    struct bytes raw;
    struct mp_reader r;
    struct mp_item head, key, value;
    size_t n = 0;
    if (mp_map_get(map, "args", &raw) != 0) return 0;
    mp_reader_init(&r, raw);
    if (!mp_take(&r, MP_MAP, &head)) return 0;
    for (uint64_t i = 0; i < head.count && n < MESSAGE_ARGS_MAX; i++) {
        if (!mp_take(&r, MP_STR, &key) || mp_next(&r, &value, NULL) != 0) break;
        bool is_text = value.type == MP_STR, is_int = value.type == MP_UINT || value.type == MP_INT;
        if ((!is_text && !is_int) || key.data.n >= sizeof(names[0])) break;
        snprintf(names[n], sizeof(names[n]), "%.*s", (int)key.data.n, (const char *)key.data.p);
        ret[n] = is_text ? (struct message_arg){names[n], true, value.data, 0}
                         : message_int(names[n], value.type == MP_UINT ? (int64_t)value.uint : value.sint);
        n++;
    }
    return n;
}
