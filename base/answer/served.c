/* The table of servers, the forms of answers, and the members that say something of the server. */
#include "base/answer/served.h"

#include <string.h>

#define SERVER(name, owner, serves) {name, owner, serves},
static const struct served_server servers[] = {
#include "base/answer/servers.def"
};
#undef SERVER

#define N_SERVERS (sizeof(servers) / sizeof(servers[0]))

const struct served_server *served_server_find(const char *name) {
    for (size_t i = 0; i < N_SERVERS; i++) {
        if (strcmp(servers[i].name, name) == 0) return &servers[i];
    }
    return NULL;
}

const struct served_server *served_server_of_owner(struct bytes owned_by) {
    size_t i = 0;
    while (i + 1 < N_SERVERS && !bytes_is(owned_by, servers[i].owner)) {
        i++;
    }
    return &servers[i];
}

const struct served_server *served_server_any(void) {
    return &servers[N_SERVERS - 1];
}

bool served_server_is_any(const struct served_server *server) {
    return server == &servers[N_SERVERS - 1];
}

/* ---- classifying -------------------------------------------------------------------------------------------------- */

static bool first_has(struct bytes map, const char *list, const char *const *names) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t n = 0;
    member_list(map, list, &r, &n);
    if (n == 0 || mp_skip(&r, 1, &entry, NULL) != 0 || !member_is(entry, MP_MAP)) return false;
    bool all = true;
    for (; *names != NULL; names++) {
        all = all && member_raw(entry, *names).n > 0;
    }
    return all;
}

static bool is_slots(struct bytes raw) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes entry;
    mp_reader_init(&r, raw);
    return mp_next(&r, &head, NULL) == 0 && head.type == MP_ARRAY && head.count > 0 && mp_skip(&r, 1, &entry, NULL) == 0 &&
           member_is(entry, MP_MAP) && member_number(entry, "id") != MEMBER_NONE &&
           member_number(entry, "n_ctx") != MEMBER_NONE;
}

struct bytes served_error_words(struct bytes map) {
    struct bytes inner = member_raw(map, "error");
    return member_is(inner, MP_MAP) ? member_text(inner, "message") : member_text(map, "error");
}

static bool is_loading(struct bytes map) {
    struct bytes inner = member_raw(map, "error");
    return member_is(inner, MP_MAP) && (bytes_is(member_text(inner, "type"), "unavailable_error") ||
                                        bytes_is(member_text(inner, "message"), "Loading model"));
}

enum served_form served_classify(struct bytes raw) {
    static const char *const v0[] = {"state", "id", NULL}, *const v1[] = {"key", "type", NULL};
    if (!member_is(raw, MP_MAP)) return is_slots(raw) ? SERVED_SLOTS : SERVED_UNKNOWN;
    if (is_loading(raw)) return SERVED_LOADING;
    if (served_error_words(raw).n > 0) return SERVED_ERROR;
    if (member_is(member_raw(raw, "choices"), MP_ARRAY)) return SERVED_COMPLETION;
    if (member_is(member_raw(raw, "data"), MP_ARRAY)) return first_has(raw, "data", v0) ? SERVED_LMS_V0 : SERVED_MODELS;
    if (member_is(member_raw(raw, "models"), MP_ARRAY) && first_has(raw, "models", v1)) return SERVED_LMS_V1;
    if (member_is(member_raw(raw, "default_generation_settings"), MP_MAP)) return SERVED_PROPS;
    if (member_text(raw, "status").n > 0) return SERVED_HEALTH;
    return member_text(raw, "version").n > 0 ? SERVED_VERSION : SERVED_UNKNOWN;
}

const struct served_server *served_server_of_list(enum served_form form, struct bytes map) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t n = 0;
    if (form == SERVED_LMS_V0 || form == SERVED_LMS_V1) return served_server_find("lm_studio");
    member_list(map, "data", &r, &n);
    bool there = n > 0 && mp_skip(&r, 1, &entry, NULL) == 0 && member_is(entry, MP_MAP);
    return served_server_of_owner(there ? member_text(entry, "owned_by") : (struct bytes){NULL, 0});
}

void served_word(char ret[SERVED_WORD], struct bytes text) {
    if (text.n == 0 || text.n >= SERVED_WORD) return;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("._+-:", c) != NULL);
        if (!plain) return;
    }
    memcpy(ret, text.p, text.n);
    ret[text.n] = '\0';
}

void served_read(struct bytes map, struct served_about *ret) {
    struct bytes settings = member_raw(map, "default_generation_settings");
    *ret = (struct served_about){.slots = member_number(map, "total_slots"),
                                 .context = member_is(settings, MP_MAP) ? member_number(settings, "n_ctx") : MEMBER_NONE,
                                 .model_path = member_text(map, "model_path")};
    served_word(ret->version, member_text(map, "version"));
    served_word(ret->build, member_text(map, "build_info"));
    served_word(ret->status, member_text(map, "status"));
}
