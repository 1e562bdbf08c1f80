/* Answers about the server itself, and which answer is which: they have no type, and their members identify them. */
#include <stdlib.h>
#include <string.h>

#include "ingest/input/prometheus.h"
#include "ingest/openai/openai.h"

#define BAD_MAX 20 /* lines of metrics that are none, after which nothing more is read */

#define SERVER(name, owner, serves) {name, owner, serves},
static const struct openai_server servers[] = {
#include "ingest/openai/servers.def"
};
#undef SERVER

#define N_SERVERS (sizeof(servers) / sizeof(servers[0]))

const struct openai_server *openai_server_find(const char *name) {
    for (size_t i = 0; i < N_SERVERS; i++) {
        if (strcmp(servers[i].name, name) == 0) return &servers[i];
    }
    return NULL;
}

const struct openai_server *openai_server_of_owner(struct bytes owned_by) {
    size_t i = 0;
    while (i + 1 < N_SERVERS && !bytes_is(owned_by, servers[i].owner)) {
        i++;
    }
    return &servers[i];
}

bool openai_server_is_any(const struct openai_server *server) {
    return server == &servers[N_SERVERS - 1];
}

void openai_facts_init(struct openai_facts *f) {
    memset(f, 0, sizeof(*f));
    f->server = &servers[N_SERVERS - 1];
    f->slots = f->context = MEMBER_NONE;
}

void openai_facts_done(struct openai_facts *f) {
    free(f->models);
    f->models = NULL;
    f->n_models = f->cap_models = 0;
}

int openai_parse(struct bytes text, struct buf *out, struct err *err) {
    return member_parse(text, OPENAI_DOC_MAX, OPENAI_VALUES_MAX, out, err);
}

/* ---- classifying -------------------------------------------------------------------------------------------------- */

static bool is_of(struct bytes raw, enum mp_type type) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, raw);
    return raw.n > 0 && mp_next(&r, &head, NULL) == 0 && head.type == type;
}

static bool first_has(struct bytes map, const char *list, const char *const *names) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t n = 0;
    member_list(map, list, &r, &n);
    if (n == 0 || mp_skip(&r, 1, &entry, NULL) != 0 || !is_of(entry, MP_MAP)) return false;
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
           is_of(entry, MP_MAP) && member_number(entry, "id") != MEMBER_NONE &&
           member_number(entry, "n_ctx") != MEMBER_NONE;
}

struct bytes openai_error_words(struct bytes map) {
    struct bytes inner = member_raw(map, "error");
    return is_of(inner, MP_MAP) ? member_text(inner, "message") : member_text(map, "error");
}

static bool is_loading(struct bytes map) {
    struct bytes inner = member_raw(map, "error");
    return is_of(inner, MP_MAP) && (bytes_is(member_text(inner, "type"), "unavailable_error") ||
                                    bytes_is(member_text(inner, "message"), "Loading model"));
}

enum openai_form openai_classify(struct bytes raw) {
    static const char *const v0[] = {"state", "id", NULL}, *const v1[] = {"key", "type", NULL};
    if (!is_of(raw, MP_MAP)) return is_slots(raw) ? OPENAI_SLOTS : OPENAI_UNKNOWN;
    if (is_loading(raw)) return OPENAI_LOADING;
    if (openai_error_words(raw).n > 0) return OPENAI_ERROR;
    if (is_of(member_raw(raw, "choices"), MP_ARRAY)) return OPENAI_COMPLETION;
    if (is_of(member_raw(raw, "data"), MP_ARRAY)) return first_has(raw, "data", v0) ? OPENAI_LMS_V0 : OPENAI_MODELS;
    if (is_of(member_raw(raw, "models"), MP_ARRAY) && first_has(raw, "models", v1)) return OPENAI_LMS_V1;
    if (is_of(member_raw(raw, "default_generation_settings"), MP_MAP)) return OPENAI_PROPS;
    if (member_text(raw, "status").n > 0) return OPENAI_HEALTH;
    return member_text(raw, "version").n > 0 ? OPENAI_VERSION : OPENAI_UNKNOWN;
}

const struct openai_server *openai_server_of_list(enum openai_form form, struct bytes map) {
    struct mp_reader r;
    struct bytes entry;
    uint32_t n = 0;
    if (form == OPENAI_LMS_V0 || form == OPENAI_LMS_V1) return openai_server_find("lm_studio");
    member_list(map, "data", &r, &n);
    bool there = n > 0 && mp_skip(&r, 1, &entry, NULL) == 0 && is_of(entry, MP_MAP);
    return openai_server_of_owner(there ? member_text(entry, "owned_by") : (struct bytes){NULL, 0});
}

/* ---- the server itself -------------------------------------------------------------------------------------------- */

void openai_word(char ret[OPENAI_WORD], struct bytes text) {
    if (text.n == 0 || text.n >= OPENAI_WORD) return;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != '\0' && strchr("._+-:", c) != NULL);
        if (!plain) return;
    }
    memcpy(ret, text.p, text.n);
    ret[text.n] = '\0';
}

/* What a restart with another command line would change: context, slots, template, modalities. Where the model's file is says its
 * own event, and sampling differs from request to request. */
static void set_config(struct openai_facts *f, struct bytes map) {
    uint8_t numbers[16];
    be64_put(numbers, f->context);
    be64_put(numbers + 8, f->slots);
    const struct bytes parts[] = {
        {numbers, sizeof(numbers)}, member_raw(map, "chat_template"), member_raw(map, "modalities")};
    uint8_t each[3 * HASH_LEN];
    for (size_t i = 0; i < 3; i++) {
        hash_parts(each + i * HASH_LEN, &parts[i], 1);
    }
    const struct bytes whole = {each, sizeof(each)};
    hash_parts(f->config, &whole, 1);
    f->has_config = true;
}

void openai_read_props(struct openai_facts *f, struct bytes map) {
    struct bytes settings = member_raw(map, "default_generation_settings");
    f->server = openai_server_find("llama.cpp");
    openai_word(f->build, member_text(map, "build_info"));
    f->slots = member_number(map, "total_slots");
    f->context = is_of(settings, MP_MAP) ? member_number(settings, "n_ctx") : MEMBER_NONE;
    f->model_path = member_text(map, "model_path");
    if (f->model_path.n > OPENAI_PATH_MAX) f->model_path = (struct bytes){NULL, 0};
    f->raw = map;
    set_config(f, map);
}

void openai_read_slots(struct openai_facts *f, struct bytes array) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, array);
    f->server = openai_server_find("llama.cpp");
    if (mp_next(&r, &head, NULL) == 0 && head.type == MP_ARRAY) f->slots = head.count;
}

/* ---- metrics ------------------------------------------------------------------------------------------------------ */

/* A counter by type, but a maximum by meaning. */
static bool counts(const struct prometheus_sample *s) {
    return s->counter && bytes_find(s->name, ':') != NULL && !bytes_is(s->name, "llamacpp:n_tokens_max") &&
           s->name.n < OPENAI_COUNTER_NAME && s->value >= 0;
}

static void add_counter(struct openai_facts *f, const struct prometheus_sample *s) {
    size_t i = 0;
    while (i < f->n_counters && !bytes_is(s->name, f->counters[i].name)) {
        i++;
    }
    if (i == OPENAI_COUNTERS_MAX) return;
    if (i == f->n_counters) {
        f->counters[f->n_counters++] = (struct openai_counter){.value = 0};
        bytes_copy(f->counters[i].name, s->name);
    }
    f->counters[i].value += s->value;
}

static void learn_server(struct openai_facts *f, struct bytes name) {
    for (size_t i = 0; i + 1 < N_SERVERS && openai_server_is_any(f->server); i++) {
        size_t n = strlen(servers[i].owner);
        if (name.n > n && name.p[n] == ':' && memcmp(name.p, servers[i].owner, n) == 0) f->server = &servers[i];
    }
}

/* What is not a number in one of its samples is not known. */
static void drop_counter(struct openai_facts *f, struct bytes name) {
    for (size_t i = 0; i < f->n_counters; i++) {
        if (bytes_is(name, f->counters[i].name)) f->counters[i] = f->counters[--f->n_counters];
    }
}

int openai_read_metrics(struct openai_facts *f, struct bytes text, struct intake *run, const struct ingest_place *place,
                        size_t *ret_n, struct err *err) {
    struct prometheus p;
    struct prometheus_sample s;
    struct ingest_place here = *place;
    int rc, stop = 0;
    unsigned bad = 0;
    (void)err;
    *ret_n = 0;
    prometheus_init(&p, text);
    for (struct err why = {0}; stop == 0 && (rc = prometheus_next(&p, &s, &why)) != 1; why = (struct err){0}) {
        here.line = p.line;
        if (rc != 0) {
            if (*ret_n == 0 || ++bad > BAD_MAX) break;
            stop = intake_reject(run, &here, "a line of metrics that is none", why.msg);
            continue;
        }
        ++*ret_n;
        learn_server(f, s.name);
        if (s.special) drop_counter(f, s.name);
        if (!s.special && counts(&s)) add_counter(f, &s);
        if (!s.special && bytes_is(s.name, "process_start_time_seconds") && s.value > 0) f->started = s.value;
    }
    return stop;
}
