/* Answers about the server itself, and which answer is which: they have no type, and their members identify them. */
#include <stdlib.h>
#include <string.h>

#include "ingest/input/prometheus.h"
#include "ingest/openai/openai.h"

#define BAD_MAX 20 /* lines of metrics that are none, after which nothing more is read */

void openai_facts_init(struct openai_facts *f) {
    memset(f, 0, sizeof(*f));
    f->server = served_server_any();
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

/* ---- the server itself -------------------------------------------------------------------------------------------- */

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
    struct served_about about;
    served_read(map, &about);
    f->server = served_server_find("llama.cpp");
    if (about.build[0] != '\0') memcpy(f->build, about.build, sizeof(f->build));
    f->slots = about.slots;
    f->context = about.context;
    f->model_path = about.model_path;
    if (f->model_path.n > OPENAI_PATH_MAX) f->model_path = (struct bytes){NULL, 0};
    f->raw = map;
    set_config(f, map);
}

void openai_read_slots(struct openai_facts *f, struct bytes array) {
    struct mp_reader r;
    struct mp_item head;
    mp_reader_init(&r, array);
    f->server = served_server_find("llama.cpp");
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
    const uint8_t *colon = bytes_find(name, ':');
    if (colon == NULL || !served_server_is_any(f->server)) return;
    f->server = served_server_of_owner((struct bytes){name.p, (size_t)(colon - name.p)});
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
