/* Recognizes the agent: each one's records have names that no other's have. A record without any of them is rejected with
 * the list of expected names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "ingest/hook/agent.h"
#include "ingest/input/records.h"

/* A float of three characters takes nine bytes. */
#define ITEM_MAX (RECORD_MAX * 3)

#define ACCEPTED                                                                                                           \
    "hook_event_name (Claude Code, Codex), hookSpecificOutput (what a hook answered), type with payload, msg or op "       \
    "(Codex), type with properties or data (opencode), permissions, or event with session_id (goose), method or result "   \
    "(ACP, Codex)"

struct hook_reader *hook_reader_new(void) {
    struct hook_reader *r = calloc(1, sizeof(*r));
    if (r != NULL) {
        hook_draft_init(&r->draft);
        buf_init(&r->item, ITEM_MAX);
    }
    return r;
}

void hook_reader_free(struct hook_reader *r) {
    if (r != NULL) {
        hook_draft_done(&r->draft);
        buf_done(&r->item);
        line_counter_free(r->counter);
        free(r->waits);
        free(r);
    }
}

const char *hook_reader_passed(const struct hook_reader *r) {
    return r->passed;
}

void hook_copy(char ret[HOOK_NAME_LEN], struct bytes word) {
    size_t n = word.n < HOOK_NAME_LEN ? word.n : 0;
    if (n > 0) {
        memcpy(ret, word.p, n);
    }
    ret[n] = '\0';
}

int hook_give(struct hook_reader *r, struct err *err) {
    return hook_end(&r->draft, r->sink, err);
}

static uint64_t ticket(const struct hook_reader *r) {
    return r->sink->ticket != NULL ? r->sink->ticket(r->sink->ctx) : 0;
}

static uint64_t call_hash(struct bytes session, struct bytes call) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, (struct bytes[]){session, bytes_of("/"), call}, 3);
    return be64_get(digest);
}

int hook_give_call(struct hook_reader *r, struct bytes session, struct bytes call, struct err *err) {
    int rc = hook_give(r, err);
    if (rc == 0 && call.n > 0) {
        r->calls[r->next_call++ % HOOK_CALLS_MAX] = (struct hook_call){call_hash(session, call), ticket(r)};
    }
    return rc;
}

int hook_give_return(struct hook_reader *r, struct bytes session, struct bytes call, struct err *err) {
    uint64_t hash = call.n > 0 ? call_hash(session, call) : 0;
    for (size_t i = 0; call.n > 0 && i < HOOK_CALLS_MAX; i++) {
        if (r->calls[i].hash == hash) {
            r->draft.cause = r->calls[i].ticket;
        }
    }
    return hook_give(r, err);
}

int hook_give_request(struct hook_reader *r, struct hook_wait *wait, struct err *err) {
    int rc = hook_give(r, err);
    if (rc == 0 && wait != NULL) {
        wait->ticket = ticket(r);
    }
    return rc;
}

int hook_text_key(struct hook_reader *r, const char *tag, struct err *err) {
    uint8_t digest[HASH_LEN];
    char nth[16] = "";
    hash_parts(digest, &r->text, 1);
    if (r->counter == NULL && (r->counter = line_counter_new()) == NULL) {
        return err_set(err, ERR_NOMEM, "hook: out of memory");
    }
    if (r->nth == 0) {
        int rc = line_counter_add(r->counter, be64_get(digest), &r->nth, err);
        if (rc != 0) return rc;
    }
    if (r->nth > 1) {
        snprintf(nth, sizeof(nth), "#%u", r->nth);
    }
    hook_key(&r->draft, (struct bytes[]){bytes_of(tag), {digest, sizeof(digest)}, bytes_of(nth)}, 3);
    return 0;
}

struct hook_wait *hook_wait_new(struct hook_reader *r, enum agent_family family, struct bytes id) {
    if (r->waits == NULL) {
        r->waits = calloc(HOOK_WAITS_MAX, sizeof(*r->waits));
    }
    if (r->waits == NULL || !hook_is_word(id)) return NULL;
    struct hook_wait *wait = hook_wait_find(r, family, id);
    if (wait == NULL) {
        wait = &r->waits[r->next_wait++ % HOOK_WAITS_MAX];
    }
    memset(wait, 0, sizeof(*wait));
    hook_copy(wait->id, id);
    wait->family = family;
    return wait;
}

struct hook_wait *hook_wait_find(struct hook_reader *r, enum agent_family family, struct bytes id) {
    for (size_t i = 0; r->waits != NULL && id.n > 0 && i < HOOK_WAITS_MAX; i++) {
        if (r->waits[i].family == family && bytes_is(id, r->waits[i].id)) return &r->waits[i];
    }
    return NULL;
}

static int read_map(struct hook_reader *r, struct hook_map *m, struct err *err) {
    if (hook_map_see(m, "hook_event_name") != NULL) return hook_tool_read(r, m, err);
    if (hook_map_see(m, "hookSpecificOutput") != NULL) return hook_tool_output(r, m, err);
    const struct hook_name *permissions = hook_map_see(m, "permissions");
    if (permissions != NULL && permissions->item.type == MP_MAP) return hook_goose_read(r, m, err);
    if (hook_map_see_text(m, "event").n > 0 && hook_map_see(m, "session_id") != NULL) return hook_tool_read(r, m, err);
    bool id = hook_map_see(m, "id") != NULL;
    if (hook_map_see(m, "jsonrpc") != NULL || hook_map_see_text(m, "method").n > 0 ||
        (id && (hook_map_see(m, "result") != NULL || hook_map_see(m, "error") != NULL))) {
        return hook_rpc_read(r, m, err);
    }
    if (hook_is_codex(m)) return hook_codex_read(r, m, err);
    if (hook_is_opencode(m)) return hook_opencode_read(r, m, err);
    return err_set(err, ERR_INVALID, "unknown record; expected: an object with " ACCEPTED);
}

int hook_read_record(struct hook_reader *r, struct bytes json, const struct hook_sink *sink, struct err *err) {
    struct hook_map map;
    struct err why = {0};
    r->sink = sink;
    r->draft.secret = sink->secret;
    r->text = json;
    r->nth = 0;
    r->passed[0] = '\0';
    buf_clear(&r->item);
    int rc = json_to_mp(json, &r->item, &why);
    if (rc != 0) {
        const char *msg = strncmp(why.msg, "line 1 ", 7) == 0 ? why.msg + 7 : why.msg;
        return err_set(err, rc, rc == ERR_INVALID ? HOOK_NOT_JSON ": %s" : "%s", msg);
    }
    rc = hook_map_open(&map, bytes_of_buf(&r->item), "the record", err);
    if (rc == 0) rc = read_map(r, &map, err);
    return rc;
}
