/* On top of base/mp_map.h, what all agents share: names for headers, private content with its digest, the size limit of an
 * event, and keys. */
#include "ingest/hook/event.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"
#include "ledger/kinds/id.h"
#include "ledger/kinds/kind.h"
#include "ledger/kinds/tool_rule.h"

#define VALUES_MAX ((size_t)2 << 20)
#define ROOM       ((size_t)768 << 10) /* of the 1 MiB of private fields: masks may be longer than what they mask */
#define TEXT_MAX   ((size_t)32 << 20)

static const char *const content_names[] = {[HOOK_ARGUMENTS] = "arguments", [HOOK_RESULT] = "result"};
static const char *const digest_names[] = {[HOOK_ARGUMENTS] = "arguments_digest", [HOOK_RESULT] = "result_digest"};
static const char *const bytes_names[] = {[HOOK_ARGUMENTS] = "arguments_bytes", [HOOK_RESULT] = "result_bytes"};

void hook_draft_init(struct hook_draft *d) {
    memset(d, 0, sizeof(*d));
    mp_map_init(&d->fields, VALUES_MAX);
    buf_init(&d->body, VALUES_MAX + 4096);
    buf_init(&d->text, TEXT_MAX);
}

void hook_draft_done(struct hook_draft *d) {
    mp_map_done(&d->fields);
    buf_done(&d->body);
    buf_done(&d->text);
}

void hook_begin(struct hook_draft *d, const char *kind) {
    d->kind = kind;
    mp_map_clear(&d->fields);
    d->subject[0] = d->run[0] = d->actor[0] = d->key[0] = '\0';
    d->room = ROOM;
    d->n_left_out = 0;
    memset(d->arguments_digest, 0, sizeof(d->arguments_digest));
    d->at = INGEST_NO_TIME;
    d->cause = 0;
}

/* A name for a header. A header cannot be masked, so a name with a secret is replaced by its hash. */
static void header_name(const struct hook_draft *d, char *ret, size_t cap, const char *family, struct bytes name) {
    struct secret_hit hit;
    bool id = (ret == d->run || strcmp(family, "run") == 0) && kind_is_id(name);
    if (name.n == 0) {
        snprintf(ret, cap, "%s/unknown", family);
    } else if (!id && secret_next(name, 0, &hit) == 0) {
        char hex[KEYED_HASH_HEX];
        keyed_hash_parts(hex, d->secret, &name, 1);
        snprintf(ret, cap, "%s%shash-%s", family, family[0] != '\0' ? "/" : "", hex);
    } else {
        snprintf(ret, cap, "%s%s%.*s", family, family[0] != '\0' ? "/" : "", (int)name.n, (const char *)name.p);
    }
}

void hook_subject(struct hook_draft *d, const char *family, struct bytes name) {
    header_name(d, d->subject, sizeof(d->subject), family, name);
}

void hook_known(struct hook_draft *d, const char *name, struct bytes text) {
    const struct kind *kind = kind_find(bytes_of(d->kind));
    if (kind != NULL && kind_field_find(kind, bytes_of(name)) != NULL) {
        mp_map_text(&d->fields, name, text);
    }
}

void hook_run(struct hook_draft *d, struct bytes run) {
    if (run.n > 0) {
        header_name(d, d->run, sizeof(d->run), "", run);
    }
}

void hook_session(struct hook_draft *d, struct bytes session) {
    hook_run(d, session);
    hook_known(d, "session", session);
}

void hook_agent(struct hook_draft *d, struct bytes agent) {
    char name[sizeof(d->actor) - 8];
    if (agent.n > 0) {
        header_name(d, name, sizeof(name), "", agent);
        snprintf(d->actor, sizeof(d->actor), "agent:%s", name);
        hook_known(d, "agent", agent);
    }
}

void hook_group(struct hook_draft *d, const char *group) {
    if (group != NULL) {
        hook_known(d, "group", bytes_of(group));
        hook_known(d, "tier", bytes_of(agent_tier_of(group)));
    }
}

void hook_tool(struct hook_draft *d, struct bytes tool) {
    mp_map_text(&d->fields, "tool", tool);
    hook_known(d, "server", tool_rule_server(tool));
    hook_group(d, agent_group_of(tool));
}

static void left_out(struct hook_draft *d, const char *name) {
    if (d->n_left_out < sizeof(d->left_out) / sizeof(d->left_out[0])) {
        d->left_out[d->n_left_out++] = bytes_of(name);
    }
}

/* Within the body the value is one level deeper. */
static bool is_too_deep(struct bytes raw) {
    struct mp_reader r;
    mp_reader_init(&r, raw);
    return mp_skip(&r, 2, NULL, NULL) != 0;
}

/* A private value, when there is room for it. */
static void put_private(struct hook_draft *d, const char *name, struct bytes raw) {
    if (raw.n > d->room || is_too_deep(raw)) {
        left_out(d, name);
        return;
    }
    d->room -= raw.n;
    mp_map_raw(&d->fields, name, raw);
}

void hook_private(struct hook_draft *d, const char *name, struct hook_map *map, const char *from) {
    const struct hook_name *found = hook_map_see(map, from);
    if (found != NULL && found->item.type == MP_STR) {
        hook_map_drop(map, from);
        put_private(d, name, found->raw);
    }
}

void hook_arguments_digest(struct hook_draft *d, const uint8_t digest[32]) {
    static const uint8_t none[HASH_LEN] = {0};
    if (memcmp(digest, none, HASH_LEN) != 0) {
        mp_map_hash(&d->fields, "arguments_digest", digest);
    }
}

void hook_content(struct hook_draft *d, enum hook_content which, struct bytes raw) {
    struct mp_item item;
    struct bytes text;
    uint8_t digest[HASH_LEN];
    if (mp_scalar(raw, &item) == 0 && item.type == MP_STR) {
        text = item.data;
    } else {
        buf_clear(&d->text);
        if (json_from_mp(raw, JSON_LINE, &d->text, NULL) != 0) {
            left_out(d, content_names[which]);
            return;
        }
        text = bytes_of_buf(&d->text);
    }
    hash_parts(digest, &text, 1);
    mp_map_hash(&d->fields, digest_names[which], digest);
    mp_map_uint(&d->fields, bytes_names[which], text.n);
    put_private(d, content_names[which], raw);
    if (which == HOOK_ARGUMENTS) {
        memcpy(d->arguments_digest, digest, sizeof(digest));
    }
}

void hook_answer(struct hook_draft *d, const struct agent_answer *answer, struct bytes word) {
    mp_map_text(&d->fields, "decision", bytes_of(answer->decision));
    mp_map_text(&d->fields, "lifetime", bytes_of(answer->lifetime));
    mp_map_text(&d->fields, "decided_by", bytes_of(answer->decided_by));
    mp_map_text(&d->fields, "word", word);
}

void hook_words(struct hook_draft *d, const char *name, const struct bytes *words, uint32_t n) {
    mp_map_begin(&d->fields, name);
    mp_put_array(&d->fields.values, n);
    for (uint32_t i = 0; i < n; i++) {
        mp_put_str(&d->fields.values, words[i]);
    }
    mp_map_end(&d->fields);
}

void hook_left(struct hook_draft *d, const struct hook_map *map) {
    if (!hook_map_is_left(map)) return;
    buf_clear(&d->text);
    hook_map_put_left(map, &d->text);
    if (d->text.fail != 0) {
        left_out(d, "attributes");
    } else {
        put_private(d, "attributes", bytes_of_buf(&d->text));
    }
}

void hook_at_text(struct hook_draft *d, struct bytes text) {
    uint64_t ns;
    if (text.n == 0) return;
    if (text_parse_time(text, &ns) == 0 && ns <= MP_INT_MAX) {
        d->at = ns;
        mp_map_uint(&d->fields, "at", ns);
    } else {
        mp_map_text(&d->fields, "at_text", text);
    }
}

void hook_at_units(struct hook_draft *d, struct hook_map *map, const char *name, uint64_t ns_each) {
    const struct hook_name *found = hook_map_see(map, name);
    if (found != NULL && found->item.type == MP_UINT && found->item.uint <= MP_INT_MAX / ns_each) {
        d->at = found->item.uint * ns_each;
        mp_map_uint(&d->fields, "at", d->at);
        hook_map_drop(map, name);
    }
}

void hook_key(struct hook_draft *d, const struct bytes *parts, size_t n) {
    uint8_t lengths[HOOK_KEY_PARTS][4];
    struct bytes all[2 * HOOK_KEY_PARTS];
    char hex[KEYED_HASH_HEX];
    for (size_t i = 0; i < n && i < HOOK_KEY_PARTS; i++) {
        be32_put(lengths[i], (uint32_t)parts[i].n);
        all[2 * i] = (struct bytes){lengths[i], sizeof(lengths[i])};
        all[2 * i + 1] = parts[i];
    }
    keyed_hash_parts(hex, d->secret, all, 2 * n);
    snprintf(d->key, sizeof(d->key), "hook:%s", hex);
}

int hook_end(struct hook_draft *d, const struct hook_sink *sink, struct err *err) {
    if (d->n_left_out > 0) {
        hook_words(d, "left_out", d->left_out, d->n_left_out);
    }
    buf_clear(&d->body);
    int rc = mp_map_write(&d->fields, &d->body, err);
    if (rc != 0) return rc;
    const struct hook_event event = {.kind = bytes_of(d->kind),
                                     .subject = bytes_of(d->subject),
                                     .actor = bytes_of(d->actor),
                                     .run = bytes_of(d->run),
                                     .key = bytes_of(d->key),
                                     .body = bytes_of_buf(&d->body),
                                     .at = d->at,
                                     .cause = d->cause};
    return sink->event(sink->ctx, &event, err);
}
