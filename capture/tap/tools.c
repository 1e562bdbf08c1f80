/* See tools.h for what is digested. */
#include "capture/tap/tools.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"

#define JSON_ROOM  ((size_t)32 << 20)
#define HEX_PREFIX "sha256:"
#define HEX_LEN    (sizeof(HEX_PREFIX) - 1 + 2 * (size_t)HASH_LEN)

void tap_tools_init(struct tap_tools *tools) {
    memset(tools, 0, sizeof(*tools));
    buf_init(&tools->definitions, TAP_DEFINITIONS_MAX);
}

void tap_tools_done(struct tap_tools *tools) {
    free(tools->items);
    buf_done(&tools->definitions);
    tap_tools_init(tools);
}

void tap_tools_clear(struct tap_tools *tools) {
    tools->n = 0;
    tools->n_definitions = 0;
    tools->cut = false;
    buf_clear(&tools->definitions);
}

void tap_tools_move(struct tap_tools *to, struct tap_tools *from) {
    tap_tools_done(to);
    *to = *from;
    tap_tools_init(from);
}

static int add(struct tap_tools *tools, struct bytes name, const uint8_t digest[HASH_LEN], struct err *err) {
    for (size_t i = 0; i < tools->n; i++) {
        if (bytes_is(name, tools->items[i].name)) {
            const struct bytes both[] = {{tools->items[i].digest, HASH_LEN}, {digest, HASH_LEN}};
            uint8_t sum[HASH_LEN];
            hash_parts(sum, both, 2);
            memcpy(tools->items[i].digest, sum, HASH_LEN);
            return 0;
        }
    }
    if (tools->n == TAP_TOOLS_MAX) {
        tools->cut = true;
        return 0;
    }
    int rc = array_room(&tools->items, tools->n + 1, &tools->room, sizeof(*tools->items), err);
    if (rc != 0) return rc;
    struct tap_tool *tool = &tools->items[tools->n++];
    memset(tool, 0, sizeof(*tool));
    memcpy(tool->name, name.p, name.n);
    memcpy(tool->digest, digest, HASH_LEN);
    return 0;
}

static int add_definition(struct tap_tools *tools, struct bytes raw, struct err *err) {
    struct bytes name = rpc_word(raw, "name"), text;
    struct buf json = {.max = JSON_ROOM};
    uint8_t digest[HASH_LEN];
    if (name.n == 0) return 0;
    int rc = json_from_mp(raw, JSON_LINE, &json, err);
    if (rc == 0) {
        text = bytes_of_buf(&json);
        hash_parts(digest, &text, 1);
        rc = add(tools, name, digest, err);
    }
    if (rc == 0 && tools->definitions.n + raw.n <= TAP_DEFINITIONS_MAX && !tools->cut) {
        buf_put_bytes(&tools->definitions, raw);
        tools->n_definitions++;
    } else {
        tools->cut = true;
    }
    buf_done(&json);
    return rc == 0 ? buf_check(&tools->definitions, "the definitions", err) : rc;
}

int tap_tools_add(struct tap_tools *tools, struct bytes list, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes raw;
    int rc = 0;
    mp_reader_init(&r, list);
    if (list.n == 0 || !mp_take(&r, MP_ARRAY, &head)) return 0;
    for (uint32_t i = 0; rc == 0 && i < head.count; i++) {
        if (mp_skip(&r, 1, &raw, NULL) != 0) break;
        rc = add_definition(tools, raw, err);
    }
    return rc;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct tap_tool *)a)->name, ((const struct tap_tool *)b)->name);
}

int tap_tools_map(const struct tap_tools *tools, struct buf *out, struct err *err) {
    mp_put_map(out, (uint32_t)tools->n);
    for (size_t i = 0; i < tools->n; i++) {
        char hex[HEX_LEN + 1] = HEX_PREFIX;
        text_hex(hex + sizeof(HEX_PREFIX) - 1, tools->items[i].digest, HASH_LEN);
        mp_pair_text(out, tools->items[i].name, hex);
    }
    return buf_check(out, "the digests of the tools", err);
}

int tap_tools_end(struct tap_tools *tools, struct err *err) {
    struct buf map = {.max = JSON_ROOM}, json = {.max = JSON_ROOM};
    if (tools->n > 0) qsort(tools->items, tools->n, sizeof(tools->items[0]), by_name);
    int rc = tap_tools_map(tools, &map, err);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&map), JSON_LINE, &json, err);
    if (rc == 0) {
        struct bytes text = bytes_of_buf(&json);
        hash_parts(tools->digest, &text, 1);
    }
    buf_done(&json);
    buf_done(&map);
    return rc;
}

int tap_tools_load(struct tap_tools *tools, struct bytes map, struct err *err) {
    struct mp_reader r;
    struct mp_item head, name, value;
    uint8_t digest[HASH_LEN];
    int rc = 0;
    mp_reader_init(&r, map);
    tap_tools_clear(tools);
    if (map.n == 0 || !mp_take(&r, MP_MAP, &head)) return tap_tools_end(tools, err);
    for (uint32_t i = 0; rc == 0 && i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &name) || !mp_take(&r, MP_STR, &value)) break;
        bool good =
            name.data.n > 0 && name.data.n <= RPC_WORD_MAX && value.data.n == HEX_LEN &&
            bytes_has_prefix(value.data, HEX_PREFIX) &&
            text_unhex(digest, HASH_LEN, (struct bytes){value.data.p + sizeof(HEX_PREFIX) - 1, 2 * (size_t)HASH_LEN}) == 0;
        if (good) rc = add(tools, name.data, digest, err);
    }
    return rc == 0 ? tap_tools_end(tools, err) : rc;
}

const struct tap_tool *tap_tools_find(const struct tap_tools *tools, struct bytes name) {
    for (size_t i = 0; i < tools->n; i++) {
        if (bytes_is(name, tools->items[i].name)) return &tools->items[i];
    }
    return NULL;
}

/* ---- the pages ---- */

void tap_lists_init(struct tap_lists *lists) {
    memset(lists, 0, sizeof(*lists));
    tap_tools_init(&lists->part);
    tap_tools_init(&lists->seen);
}

void tap_lists_done(struct tap_lists *lists) {
    tap_tools_done(&lists->part);
    tap_tools_done(&lists->seen);
}

/* A page shows its definitions to the client whether or not the list is ever complete, or was asked for by an id that this end
 * pairs as the client does. */
static int see_page(struct tap_lists *lists, struct bytes result, struct err *err) {
    struct tap_tools page;
    tap_tools_init(&page);
    int rc = tap_tools_add(&page, rpc_member(result, "tools"), err);
    for (size_t i = 0; rc == 0 && i < page.n; i++) {
        const struct tap_tool *tool = &page.items[i], *before = tap_tools_find(&lists->seen, bytes_of(tool->name));
        if (before == NULL || memcmp(before->digest, tool->digest, HASH_LEN) != 0) {
            rc = add(&lists->seen, bytes_of(tool->name), tool->digest, err);
        }
    }
    lists->paged = page.n > 0;
    tap_tools_done(&page);
    return rc;
}

static int take_page(struct tap_lists *lists, struct bytes result, bool first, bool *ret, struct err *err) {
    struct bytes more = rpc_member(result, "nextCursor");
    struct mp_item item;
    if (rpc_member(result, "tools").n == 0) return 0; /* it asks for something first: input_required */
    if (first) {
        tap_tools_clear(&lists->part);
        lists->begun = true;
    }
    if (!lists->begun) return 0; /* a page in the middle alone says nothing of the whole */
    int rc = tap_tools_add(&lists->part, rpc_member(result, "tools"), err);
    bool last = more.n == 0 || (mp_scalar(more, &item) == 0 && item.type == MP_NIL);
    if (rc == 0 && last) {
        rc = tap_tools_end(&lists->part, err);
        *ret = rc == 0;
        lists->begun = lists->paged = false;
        tap_tools_clear(&lists->seen);
    }
    return rc;
}

int tap_lists_take(struct tap_lists *lists, enum tap_side side, const struct rpc_message *m, bool *ret, struct err *err) {
    uint8_t id[RPC_ID_LEN];
    *ret = lists->paged = false;
    if (side == TAP_CLIENT && m->form == RPC_REQUEST && bytes_is(m->method, "tools/list")) {
        struct mp_item item;
        struct bytes cursor = rpc_member(m->params, "cursor");
        rpc_message_id(m->id, m->channel, lists->asked[lists->next].id);
        lists->asked[lists->next].there = true;
        lists->asked[lists->next].first = cursor.n == 0 || (mp_scalar(cursor, &item) == 0 && item.type == MP_NIL);
        lists->next = (lists->next + 1) % TAP_LISTS_MAX;
    } else if (side == TAP_SERVER && m->form == RPC_RESULT) {
        int rc = see_page(lists, m->result, err);
        if (rc != 0) return rc;
        rpc_message_id(m->id, m->channel, id);
        for (size_t i = 0; i < TAP_LISTS_MAX; i++) {
            if (lists->asked[i].there && memcmp(lists->asked[i].id, id, RPC_ID_LEN) == 0) {
                lists->asked[i].there = false;
                return take_page(lists, m->result, lists->asked[i].first, ret, err);
            }
        }
    }
    return 0;
}
