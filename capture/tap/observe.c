/* A change is what another definition under a known name is, and a name that comes or goes. */
#include "capture/tap/observe.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/secret/secret.h"

#define SHOWN 3 /* names in an alarm */

void observe_init(struct observe *o) {
    memset(o, 0, sizeof(*o));
    tap_tools_init(&o->known);
    tap_tools_init(&o->warned);
}

void observe_done(struct observe *o) {
    tap_tools_done(&o->known);
    tap_tools_done(&o->warned);
}

void observe_known(struct observe *o, struct tap_tools *tools, const char *key) {
    tap_tools_move(&o->known, tools);
    o->is_known = true;
    (void)snprintf(o->key, sizeof(o->key), "%s", key);
}

static void put_names(struct tap_draft *d, const struct tap_tools *tools) {
    mp_map_begin(&d->fields, "tools");
    mp_put_array(&d->fields.values, (uint32_t)tools->n);
    for (size_t i = 0; i < tools->n; i++) {
        mp_put_text(&d->fields.values, tools->items[i].name);
    }
    mp_map_end(&d->fields);
}

static int put_observed(const struct observe *o, const struct tap_names *names, const struct tap_tools *tools,
                        struct tap_draft *d, struct err *err) {
    d->grade = "reported";
    tap_draft_subject(d, "server", names->server);
    mp_map_text(&d->fields, "server", bytes_of(o->name[0] != '\0' ? o->name : names->server));
    mp_map_text(&d->fields, "version", bytes_of(o->version));
    mp_map_text(&d->fields, "protocol", bytes_of(o->protocol));
    mp_map_text(&d->fields, "transport", bytes_of(names->transport != NULL ? names->transport : "stdio"));
    mp_map_hash(&d->fields, "digest", tools->digest);
    put_names(d, tools);
    mp_map_begin(&d->fields, "tool_digests");
    int rc = tap_tools_map(tools, &d->fields.values, err);
    mp_map_end(&d->fields);
    if (!tools->cut) {
        mp_map_begin(&d->fields, "definitions");
        mp_put_array(&d->fields.values, tools->n_definitions);
        buf_put_bytes(&d->fields.values, bytes_of_buf(&tools->definitions));
        mp_map_end(&d->fields);
    }
    if (names->command != NULL && names->command[0] != NULL) {
        mp_map_text(&d->fields, "command", bytes_of(names->command[0]));
    }
    (void)snprintf(d->cause_key, sizeof(d->cause_key), "%s", o->key);
    return rc;
}

/* ---- changes ---- */

enum change { ADDED, REMOVED, CHANGED, CHANGES };
static const char *const change_names[CHANGES] = {"added", "removed", "changed"};

static bool is_changed(enum change change, const struct tap_tools *before, const struct tap_tools *now, const char *name) {
    const struct tap_tool *a = tap_tools_find(before, bytes_of(name)), *b = tap_tools_find(now, bytes_of(name));
    if (change == ADDED) return a == NULL;
    if (change == REMOVED) return b == NULL;
    return a != NULL && b != NULL && memcmp(a->digest, b->digest, HASH_LEN) != 0;
}

/* Puts the names, and says the first of them. */
static size_t put_change(enum change change, const struct tap_tools *before, const struct tap_tools *now,
                         struct tap_draft *d, struct buf *words) {
    const struct tap_tools *of = change == REMOVED ? before : now;
    struct buf list = {.max = (size_t)1 << 20};
    size_t n = 0;
    for (size_t i = 0; i < of->n; i++) {
        if (!is_changed(change, before, now, of->items[i].name)) continue;
        if (n < SHOWN) {
            buf_printf(words, "%s'%s'", n > 0 ? ", " : "", SECRET_SHOWN(bytes_of(of->items[i].name)));
        }
        mp_put_text(&list, of->items[i].name);
        n++;
    }
    if (n > 0) {
        buf_printf(words, "%s %s", n > SHOWN ? " and more" : "", change_names[change]);
        mp_map_begin(&d->fields, change_names[change]);
        mp_put_array(&d->fields.values, (uint32_t)n);
        buf_put_bytes(&d->fields.values, bytes_of_buf(&list));
        mp_map_end(&d->fields);
    }
    buf_done(&list);
    return n;
}

static int give_changed(struct observe *o, const struct tap_names *names, const struct tap_tools *now, struct tap_draft *d,
                        const struct tap_sink *sink, uint64_t at, struct err *err) {
    struct buf words = {.max = 4096};
    char actor[sizeof(d->actor)], key[TAP_KEY_LEN], run[sizeof(d->run)];
    memcpy(actor, d->actor, sizeof(actor));
    memcpy(run, d->run, sizeof(run));
    memcpy(key, d->key, sizeof(key));
    tap_draft_begin(d, "agent.tools_changed", "measured", at);
    memcpy(d->actor, actor, sizeof(actor));
    memcpy(d->run, run, sizeof(run));
    (void)snprintf(d->key, sizeof(d->key), "%.55s:change", key);
    memcpy(d->cause_key, key, sizeof(key));
    tap_draft_subject(d, "server", names->server);
    mp_map_text(&d->fields, "server", bytes_of(names->server));
    mp_map_hash(&d->fields, "digest", now->digest);
    mp_map_hash(&d->fields, "digest_before", o->known.digest);
    mp_map_bool(&d->fields, "announced", o->announced);
    buf_printf(&words, "server '%s' offers other tools than before: ", names->server);
    for (size_t i = 0, said = 0; i < CHANGES; i++) {
        size_t at_end = words.n;
        if (said > 0) buf_put_str(&words, "; ");
        size_t n = put_change((enum change)i, &o->known, now, d, &words);
        if (n == 0) words.n = at_end;
        said += n;
    }
    int rc = tap_draft_give(d, sink, err);
    if (sink->alarm != NULL && buf_put_u8(&words, '\0') == 0) sink->alarm(sink->ctx, (const char *)words.p);
    buf_done(&words);
    return rc;
}

int observe_list(struct observe *o, const struct tap_names *names, struct tap_tools *tools, struct tap_draft *d,
                 const struct tap_sink *sink, struct err *err) {
    bool same = o->is_known && memcmp(o->known.digest, tools->digest, HASH_LEN) == 0;
    char key[TAP_KEY_LEN];
    tap_tools_clear(&o->warned);
    if (same) {
        o->announced = false;
        return 0;
    }
    memcpy(key, d->key, sizeof(key));
    int rc = put_observed(o, names, tools, d, err);
    if (rc == 0) rc = tap_draft_give(d, sink, err);
    uint64_t at = mp_get_uint(bytes_of_buf(&d->body), "at", 0);
    if (rc == 0 && o->is_known) rc = give_changed(o, names, tools, d, sink, at, err);
    if (rc == 0) observe_known(o, tools, key);
    o->announced = false;
    return rc;
}

/* ---- pages ---- */

/* A name is said once until a list is complete. */
static bool is_told(const struct observe *o, const struct tap_tool *tool) {
    const struct tap_tool *before = tap_tools_find(&o->known, bytes_of(tool->name)),
                          *told = tap_tools_find(&o->warned, bytes_of(tool->name));
    return before == NULL || memcmp(before->digest, tool->digest, HASH_LEN) == 0 ||
           (told != NULL && memcmp(told->digest, before->digest, HASH_LEN) != 0);
}

int observe_page(struct observe *o, const struct tap_names *names, const struct tap_tools *seen, struct tap_draft *d,
                 const struct tap_sink *sink, bool *ret, struct err *err) {
    struct buf words = {.max = 4096}, map = {.max = (size_t)4 << 20};
    *ret = false;
    for (size_t i = 0; o->is_known && i < seen->n && !*ret; i++) {
        *ret = !is_told(o, &seen->items[i]);
    }
    if (!*ret) return 0;
    tap_draft_subject(d, "server", names->server);
    mp_map_text(&d->fields, "server", bytes_of(names->server));
    mp_map_hash(&d->fields, "digest_before", o->known.digest);
    mp_map_bool(&d->fields, "announced", o->announced);
    (void)snprintf(d->cause_key, sizeof(d->cause_key), "%s", o->key);
    buf_printf(&words, "server '%s' offers other tools than before, on a page of a list: ", names->server);
    (void)put_change(CHANGED, &o->known, seen, d, &words);
    int rc = tap_draft_give(d, sink, err);
    if (sink->alarm != NULL && buf_put_u8(&words, '\0') == 0) sink->alarm(sink->ctx, (const char *)words.p);
    if (rc == 0) rc = tap_tools_map(seen, &map, err);
    if (rc == 0) rc = tap_tools_load(&o->warned, bytes_of_buf(&map), err);
    buf_done(&words);
    buf_done(&map);
    return rc;
}
